"""`dev [APP]`: the whole platform on this machine, with your app reloading as you save it."""

from typing import Annotated

import typer

from mainspring.cli import exits, options
from mainspring.cli.worker import App, app_or_found
from mainspring.settings import load_settings

#: The app of `--demo`.
_DEMO = "mainspring.demo.app:client"


def dev(
    app: App = None,
    port: Annotated[
        int | None, typer.Option("--port", min=0, max=65_535, help="0 takes a free one.", show_default="2020")
    ] = None,
    host: Annotated[
        str | None, typer.Option("--host", help="Address to listen on.", show_default="127.0.0.1")
    ] = None,
    data_dir: options.DataDir = None,
    database_url: options.DatabaseUrl = None,
    postgres: Annotated[
        bool, typer.Option("--postgres", help="On a PostgreSQL of its own, kept in the data dir.")
    ] = False,
    demo: Annotated[
        bool, typer.Option("--demo", help="The shop of `mainspring demo-data` in place of an app of yours.")
    ] = False,
) -> None:
    """Run server and worker together, reloading APP on save."""
    from mainspring.cli.dev_session import run_dev  # start-up cost: it brings the whole platform along

    flags = {"port": port, "host": host, "data_dir": data_dir, "database_url": database_url}
    if demo and app is not None:
        exits.usage(f"--demo and {app} are two apps", "Give one of them.")
    found = _DEMO if demo else app_or_found(app)
    if not postgres:
        return run_dev(found, flags)
    if database_url is not None:
        exits.usage("--postgres and --database-url are two databases", "Give one of them.")
    from mainspring.cli.dev_postgres import running_postgres  # start-up cost, as above

    with running_postgres(load_settings(flags).data_dir) as url:
        run_dev(found, {**flags, "database_url": url})
