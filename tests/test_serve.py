"""The platform: assembled, started and stopped in order; its key made once; everything over a real socket."""

import asyncio
import stat
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any

import pytest

from mainspring.client.backend import HttpBackend
from mainspring.client.http import HttpDoor, open_door
from mainspring.errors import (
    DatabaseInUse,
    InvalidSetting,
    NotFound,
    PortInUse,
    SchemaOutdated,
    ServerUnavailable,
    Unauthorized,
)
from mainspring.model.protocol import (
    ClaimRequest,
    CommitRequest,
    Farewell,
    Heartbeat,
    Registration,
    RunReport,
    RunSucceeded,
)
from mainspring.serve import Platform
from stage import job, settings_in

REGISTRATION = Registration("wrk_1", "w", "tests", "1", "h", 1, 1, (job("greet", "hello"),))


@asynccontextmanager
async def started(folder: Path, **flags: object) -> AsyncIterator[Platform]:
    platform = Platform.open(settings_in(folder, **flags))
    try:
        await platform.start()
        yield platform
    finally:
        await platform.stop()


@asynccontextmanager
async def listening(folder: Path) -> AsyncIterator[tuple[Platform, HttpDoor]]:
    """A platform on a real socket, and a door to it."""
    async with started(folder, port=0) as platform:
        url: asyncio.Future[str] = asyncio.get_running_loop().create_future()
        serving = asyncio.ensure_future(platform.serve(on_ready=url.set_result))
        door = open_door(await url, platform.api_key)
        try:
            yield platform, door
        finally:
            await door.aclose()
            platform.stop_serving()
            await serving


# ── over a real socket ───────────────────────────────────────────────────────────────────────────────
async def test_a_worker_and_a_caller_meet_over_a_real_socket(tmp_path: Path) -> None:
    async with listening(tmp_path) as (platform, door):
        backend = HttpBackend(platform.url, platform.api_key)
        registered = await backend.register(REGISTRATION)
        assert (registered.project, registered.environment) == ("default", "dev")
        claim = asyncio.ensure_future(backend.claim(ClaimRequest("wrk_1", 1, 1)))
        event = await door.call("POST", "/api/v1/events", body='{"name": "hello", "payload": {"n": 1}}')
        (run,) = (await claim).runs
        assert [run.run_id] == [started["id"] for started in event["runs"]]
        beat = Heartbeat("wrk_1", ((run.run_id, run.lease),), 1, 1)
        assert not (await asyncio.to_thread(backend.heartbeat, beat)).unknown_worker
        waiting = asyncio.ensure_future(door.call("GET", f"/api/v1/runs/{run.run_id}", params={"wait": 30}))
        report = RunReport(run.run_id, run.lease, (RunSucceeded('{"done": true}'),))
        await backend.commit(CommitRequest("wrk_1", 1, (report,)))
        assert (await waiting)["output"] == {"done": True}
        await backend.farewell(Farewell("wrk_1"))
        await backend.aclose()
        with pytest.raises(NotFound):
            await door.call("GET", "/api/v1/runs/run_nope")


async def test_a_worker_that_hangs_up_is_handed_nothing(tmp_path: Path) -> None:
    async with listening(tmp_path) as (platform, door):
        backend = HttpBackend(platform.url, platform.api_key)
        await backend.register(REGISTRATION)
        reached, over = asyncio.Event(), asyncio.Event()
        claim = platform.engine.claim

        async def watched(*arguments: object) -> object:
            reached.set()
            try:
                return await claim(*arguments)  # type: ignore[arg-type]
            finally:
                over.set()

        platform.engine.claim = watched  # type: ignore[method-assign,assignment]
        held = asyncio.ensure_future(backend.claim(ClaimRequest("wrk_1", 1, 1)))
        await reached.wait()
        held.cancel()
        await over.wait()
        await door.call("PUT", "/api/v1/store/k", body='{"value": 1}')  # a batch that made it count
        await door.call("POST", "/api/v1/jobs/greet/trigger")
        again = await backend.claim(ClaimRequest("wrk_1", 2, 1))
        assert len(again.runs) == 1
        await backend.aclose()


async def test_stopping_does_not_wait_for_what_is_held_open(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    async with listening(tmp_path) as (platform, door):
        reached, wait_run = asyncio.Event(), platform.engine.wait_run

        async def watched(*arguments: Any) -> Any:
            reached.set()
            return await wait_run(*arguments)

        monkeypatch.setattr(platform.engine, "wait_run", watched)
        backend = HttpBackend(platform.url, platform.api_key)
        await backend.register(REGISTRATION)
        held = asyncio.ensure_future(backend.claim(ClaimRequest("wrk_1", 1, 1, wait=3_600_000_000)))
        run = await door.call("POST", "/api/v1/jobs/greet/trigger", body='{"delay": "1h"}')
        waiting = asyncio.ensure_future(
            door.call("GET", f"/api/v1/runs/{run['id']}", params={"wait": 60}, timeout=3_600)
        )
        await reached.wait()
        platform.stop_serving()
        assert (await held).runs == ()
        assert (await waiting)["status"] == "PENDING"
        await backend.aclose()


async def test_nothing_listens_any_more_once_it_stopped(tmp_path: Path) -> None:
    async with listening(tmp_path) as (platform, _):
        url, key = platform.url, platform.api_key
    backend = HttpBackend(url, key)
    with pytest.raises(ServerUnavailable, match="nothing answers"):
        await backend.register(REGISTRATION)
    with pytest.raises(ServerUnavailable, match="nothing answers"):
        backend.heartbeat(Heartbeat("wrk_1", (), 0, 0))
    await backend.aclose()


async def test_the_url_is_left_for_commands_while_it_listens(tmp_path: Path) -> None:
    async with listening(tmp_path) as (platform, _):
        left = Path(platform.settings.data_dir) / "url"
        assert left.read_text().strip() == platform.url
        with pytest.raises(PortInUse):
            await platform.serve(port=int(platform.url.rpartition(":")[2]))
        assert left.exists()
    assert not left.exists()


# ── in process ───────────────────────────────────────────────────────────────────────────────────────
async def test_a_local_worker_needs_no_http(tmp_path: Path) -> None:
    async with started(tmp_path) as platform:
        backend = platform.local_backend()
        await backend.register(REGISTRATION)
        assert (await backend.claim(ClaimRequest("wrk_1", 1, 1, wait=0))).runs == ()
        assert not (await asyncio.to_thread(backend.heartbeat, Heartbeat("wrk_1", (), 1, 1))).unknown_worker
        assert (await backend.commit(CommitRequest("wrk_1", 1, ()))).reports == ()
        await backend.farewell(Farewell("wrk_1"))
        await backend.aclose()


async def test_it_may_be_stopped_twice_and_started_anew(tmp_path: Path) -> None:
    keys = []
    for _ in range(2):
        async with started(tmp_path) as platform:
            keys.append((platform.api_key, platform.environment_id))
            await platform.stop()
    assert keys[0] == keys[1]


def files_in(folder: Path) -> dict[str, bytes]:
    return {file.name: file.read_bytes() for file in folder.rglob("*") if file.is_file()}


# ── the key ──────────────────────────────────────────────────────────────────────────────────────────
async def test_the_key_is_made_once_and_only_its_owner_may_read_it(tmp_path: Path) -> None:
    async with started(tmp_path) as platform:
        kept = Path(platform.settings.data_dir) / "key"
        assert kept.read_text().strip() == platform.api_key
        assert stat.S_IMODE(kept.stat().st_mode) == 0o600
        assert stat.S_IMODE(kept.parent.stat().st_mode) == 0o700
        assert "*" in (kept.parent / ".gitignore").read_text().splitlines()


async def test_a_key_of_the_environment_is_used_and_not_kept(tmp_path: Path) -> None:
    async with started(tmp_path, api_key="tr_dev_mine") as platform:
        assert platform.api_key == "tr_dev_mine"
        folder = Path(platform.settings.data_dir)
    kept = files_in(folder)
    assert "key" not in kept
    assert "mainspring.db" in kept
    assert not any(b"tr_dev_mine" in content for content in kept.values())


def test_a_malformed_key_is_refused_without_being_shown(tmp_path: Path) -> None:
    with pytest.raises(InvalidSetting, match="malformed") as refused:
        Platform.open(settings_in(tmp_path, api_key="s3cret"))
    assert "s3cret" not in str(refused.value)


async def test_a_broken_key_file_is_named(tmp_path: Path) -> None:
    platform = Platform.open(settings_in(tmp_path))
    (Path(platform.settings.data_dir) / "key").write_text("s3cret\n")
    with pytest.raises(InvalidSetting, match="key") as refused:
        await platform.start()
    assert "s3cret" not in str(refused.value)
    await platform.stop()


async def test_a_client_with_another_key_is_told(tmp_path: Path) -> None:
    async with listening(tmp_path) as (platform, _):
        door = open_door(platform.url, "tr_dev_other")
        with pytest.raises(Unauthorized, match="not known here"):
            await door.call("GET", "/api/v1/runs")
        await door.aclose()


# ── refused ──────────────────────────────────────────────────────────────────────────────────────────
async def test_one_database_has_one_platform(tmp_path: Path) -> None:
    async with started(tmp_path):
        with pytest.raises(DatabaseInUse):
            Platform.open(settings_in(tmp_path))


@pytest.mark.parametrize("url", ["mysql://u:s3cret@h/d", "sqlite:shop.db", "nonsense"])
def test_a_wrong_database_url_is_refused_without_its_password(tmp_path: Path, url: str) -> None:
    with pytest.raises(InvalidSetting) as refused:
        Platform.open(settings_in(tmp_path, database_url=url))
    assert "s3cret" not in str(refused.value)


def test_a_data_directory_that_cannot_be_is_named(tmp_path: Path) -> None:
    (tmp_path / "data").write_text("a file")
    with pytest.raises(InvalidSetting, match="data") as refused:
        Platform.open(settings_in(tmp_path))
    assert refused.value.setting == "data_dir"


def test_outside_development_nothing_is_migrated_by_the_way(tmp_path: Path) -> None:
    with pytest.raises(SchemaOutdated, match="db upgrade"):
        Platform.open(settings_in(tmp_path), is_dev=False)
    Platform.open(settings_in(tmp_path)).database.close()
    Platform.open(settings_in(tmp_path), is_dev=False).database.close()
