"""The Flask example, for real: pages in one process, jobs in another, no async code in either."""

from collections.abc import Callable

from processes import Dev
from sites import Site


def test_a_signup_is_welcomed_twice(dev: Callable[[], Dev]) -> None:
    platform = dev()
    app = __file__.replace("test_sync_flask.py", "app.py")
    site = Site.start(
        platform.folder,
        ["-m", "flask", "--app", app, "run"],
        MAINSPRING_API_URL=platform.url,
        MAINSPRING_API_KEY=platform.key,
    )
    try:
        status, answer = site.request("POST", "/signups", {"email": "ada@example.com"})
        assert status == 200, answer
        path = f"/runs/{answer['run']}"
        site.until(path, "status", "WAITING")
        assert site.request("POST", "/signups/ada@example.com/confirm")[0] == 200
        done = site.until(path, "status", "SUCCESS")
        assert done["output"] == ["Welcome -> ada@example.com", "Thank you -> ada@example.com"]
    finally:
        site.close()
