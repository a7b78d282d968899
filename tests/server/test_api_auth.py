"""Keys: a 401 says what is wrong and repeats nothing; known ones are remembered for five seconds at most."""

import re
from pathlib import Path

import pytest

from mainspring.clock import SECOND
from mainspring.engine.accounts import KeyHolder, ensure_environment
from mainspring.errors import Unauthorized
from mainspring.server.auth import REMEMBERED_KEYS, Keys
from mainspring.server.dev_key import new_key
from stage import Stage, staged

SECRET = "tr_dev_S3cretS3cretS3cretS3cretS3cretS3cret00"

BAD_HEADERS = [
    (None, "no API key"),
    ("", "no API key"),
    (f"Basic {SECRET}", "wrong scheme"),
    (SECRET, "wrong scheme"),
    ("Bearer", "no key after"),
    ("Bearer   ", "no key after"),
    (f"Bearer {SECRET} more", "malformed"),
    ("Bearer S3cret", "malformed"),
    ("Bearer tr_DEV_S3cret", "malformed"),
    ("Bearer tr_dev_S3cret-", "malformed"),
    (f"Bearer {SECRET}", "not known"),
    (f"bearer {SECRET}", "not known"),
]


@pytest.mark.parametrize(("header", "said"), BAD_HEADERS)
async def test_a_401_says_what_is_wrong_without_repeating_it(
    stage: Stage, header: str | None, said: str
) -> None:
    del stage.http.headers["authorization"]
    headers = {} if header is None else {"Authorization": header}
    for method, path in (
        ("GET", "/api/v1/runs"),
        ("POST", "/api/v1/events"),
        ("PUT", "/api/v1/store/k"),
        ("POST", "/api/v1/jobs/a/trigger"),
        ("POST", "/worker/v1/claim"),
    ):
        response = await stage.request(method, path, b"not even looked at", headers=headers)
        assert response.status_code == 401
        assert response.headers["www-authenticate"].startswith("Bearer")
        problem = response.json()
        assert problem["code"] == "unauthorized"
        assert said in problem["detail"]
        assert "MAINSPRING_API_KEY" in problem["detail"]
        assert "S3cret" not in response.text + str(response.headers)


def test_a_made_key_has_the_form_and_cannot_be_guessed() -> None:
    keys = {new_key() for _ in range(100)}
    assert len(keys) == 100
    assert all(re.fullmatch(r"tr_dev_[a-zA-Z0-9]{43}", key) for key in keys)


async def test_one_environment_sees_nothing_of_another(tmp_path: Path) -> None:
    async with staged(tmp_path) as stage:
        event = await stage.send("mine", id="m-1")
        await stage.ask("PUT", "/api/v1/store/k", {"value": 1})
        other = new_key()
        ensure_environment(
            stage.platform.database, stage.clock.now(), stage.platform.engine.ids, other, name="other"
        )
        headers = {"Authorization": f"Bearer {other}"}
        for path in ("events", "runs", "jobs", "store", "workers"):
            assert (await stage.ask("GET", f"/api/v1/{path}", headers=headers))["data"] == []
        for path in (f"events/{event['event_id']}", "events/m-1", "store/k"):
            await stage.refused(404, "GET", f"/api/v1/{path}", headers=headers)
        assert (await stage.ask("DELETE", "/api/v1/store/k", headers=headers)) == {"deleted": False}
        assert (await stage.ask("GET", "/api/v1/store/k"))["value"] == 1


# ── remembered ───────────────────────────────────────────────────────────────────────────────────────
class Lookups:
    """An engine whose keys a test gives and takes."""

    def __init__(self) -> None:
        self.known: KeyHolder | None = KeyHolder("key_1", "proj_1", "default", "env_1", "dev")
        self.count = 0

    async def read(self, *_: object) -> KeyHolder | None:
        self.count += 1
        return self.known


async def test_a_key_is_looked_up_once_in_five_seconds(stage: Stage) -> None:
    lookups = Lookups()
    keys = Keys(lookups, stage.clock)  # type: ignore[arg-type]
    for _ in range(3):
        await keys.holder(f"Bearer {SECRET}")
    assert lookups.count == 1
    lookups.known = None  # revoked
    stage.clock.advance(5 * SECOND)
    with pytest.raises(Unauthorized):
        await keys.holder(f"Bearer {SECRET}")


async def test_an_unknown_key_is_looked_up_each_time(stage: Stage) -> None:
    lookups = Lookups()
    lookups.known, known = None, lookups.known
    keys = Keys(lookups, stage.clock)  # type: ignore[arg-type]
    with pytest.raises(Unauthorized):
        await keys.holder(f"Bearer {SECRET}")
    lookups.known = known  # made just now
    assert (await keys.holder(f"Bearer {SECRET}")).environment_id == "env_1"


async def test_what_is_remembered_is_bounded(stage: Stage) -> None:
    keys = Keys(Lookups(), stage.clock)  # type: ignore[arg-type]
    for number in range(REMEMBERED_KEYS + 10):
        await keys.holder(f"Bearer tr_dev_{number}")
    assert len(keys._known) == REMEMBERED_KEYS
