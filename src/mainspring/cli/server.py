"""`server`: the API and the engine without a worker, on PostgreSQL as many copies as you like."""

import asyncio
import signal
from typing import Annotated

import typer

from mainspring import loops
from mainspring.cli import options, output
from mainspring.errors import InvalidSetting
from mainspring.settings import Settings, load_settings


def server(
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65_535, help="0 takes a free one.", show_default="2020")
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    data_dir: options.DataDir = None,
    database_url: options.DatabaseUrl = None,
) -> None:
    """Run the server alone; workers connect to it.

    The database must be up to date (`mainspring db upgrade`) and the key given (MAINSPRING_API_KEY). Several
    servers may share one PostgreSQL. SIGTERM or ctrl-C stops.
    """
    settings = load_settings({"port": port, "host": host, "data_dir": data_dir, "database_url": database_url})
    for warning in settings.warnings:
        output.say(warning)
    _require_key(settings)
    loops.run(_serve(settings))


def _require_key(settings: Settings) -> None:
    """Nothing is made up here: two copies would each make a key of their own."""
    if settings.api_key is None and not (settings.data_dir / "key").exists():
        raise InvalidSetting(
            "the server has no API key",
            mend="Set MAINSPRING_API_KEY (or MAINSPRING_API_KEY_FILE) to the key that workers and senders use.",
            setting="api_key",
        )


async def _serve(settings: Settings) -> None:
    from mainspring.serve import Platform  # start-up cost: `--help` needs no server

    platform = Platform.open(settings, is_dev=False)
    loop = asyncio.get_running_loop()
    stop = asyncio.Event()
    for sign in (signal.SIGINT, signal.SIGTERM):
        loop.add_signal_handler(sign, stop.set)
    try:
        await platform.start()
        serving = asyncio.create_task(
            platform.serve(on_ready=lambda url: _tell(url, platform.database.label))
        )
        stopping = asyncio.create_task(stop.wait())
        await asyncio.wait({serving, stopping}, return_when=asyncio.FIRST_COMPLETED)
        if not serving.done():
            output.say("Stopping: requests under way are answered.")
            platform.stop_serving()
        stopping.cancel()
        await serving
    finally:
        await platform.stop()


def _tell(url: str, database: str) -> None:
    output.say(f"Serving {url} on {database}. ctrl-C stops.")
