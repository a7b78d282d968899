"""`worker APP`: a process that holds your code and executes runs for a server."""

from typing import Annotated, Any

import typer

from mainspring.cli import connection, exits, output
from mainspring.settings import load_settings

App = Annotated[
    str | None,
    typer.Argument(
        metavar="[APP]", help="app.py, app:client or pkg.module.", show_default="app.py or main.py"
    ),
]


def worker(
    app: App = None,
    name: Annotated[
        str | None, typer.Option("--name", help="A label for it.", show_default="host name")
    ] = None,
    concurrency: Annotated[int | None, typer.Option("--concurrency", min=1, help="Runs at once.")] = None,
    workers: Annotated[
        int | None,
        typer.Option(
            "--workers",
            min=1,
            help="Processes, started again when they die; one per core for work that computes.",
        ),
    ] = None,
    queues: Annotated[
        str | None,
        typer.Option("--queues", help="Take from these queues only, with commas: gpu,mail."),
    ] = None,
    pinned_only: Annotated[
        bool,
        typer.Option("--pinned-only", help="Take only runs bound to this app's versions of its jobs."),
    ] = False,
    parent_pipe: Annotated[bool, typer.Option("--parent-pipe", hidden=True)] = False,
    no_echo: Annotated[bool, typer.Option("--no-echo", hidden=True)] = False,
    report_fd: Annotated[int | None, typer.Option("--report-fd", hidden=True)] = None,
) -> None:
    """Run a worker for APP, or several; SIGTERM or ctrl-C drains them."""
    if workers is not None:
        return _run_several(workers, app_or_found(app), name, concurrency, (queues, pinned_only))
    from mainspring.client.backend import HttpBackend  # start-up cost: `--help` needs neither
    from mainspring.worker.process import ProcessOptions, run_worker_process

    server = connection.address()
    key = connection.key_of(server)
    process = ProcessOptions(
        name=name or "",
        slots=concurrency,
        exit_with_parent=parent_pipe,
        echoes=not no_echo,
        pinned_only=pinned_only,
        queues=_names(queues),
        report_fd=report_fd,
        on_report=_tell if report_fd is None else None,
    )
    settings = load_settings({"api_url": server.url, "api_key": key})
    code = run_worker_process(
        app_or_found(app), settings, connect=lambda url, _: HttpBackend(url, key), options=process
    )
    raise typer.Exit(code)


def _run_several(
    count: int, app: str, name: str | None, concurrency: int | None, takes: tuple[str | None, bool]
) -> None:
    from mainspring.cli.child import Launch  # start-up cost, as above
    from mainspring.cli.fleet import run_fleet

    server = connection.address()
    environment = {"MAINSPRING_API_URL": server.url, "MAINSPRING_API_KEY": connection.key_of(server)}
    options: tuple[str, ...] = ("--name", name) if name else ()
    if concurrency is not None:
        options += ("--concurrency", str(concurrency))
    queues, pinned_only = takes
    if queues is not None:
        options += ("--queues", ",".join(_names(queues)))
    if pinned_only:
        options += ("--pinned-only",)
    run_fleet(Launch(app, environment, options), count, load_settings().drain_timeout)


def _names(queues: str | None) -> tuple[str, ...]:
    if queues is None:
        return ()
    names = tuple(name.strip() for name in queues.split(",") if name.strip())
    if not names:
        exits.usage("--queues names none", "Name them with commas: --queues gpu,mail.")
    return names


def _tell(report: dict[str, Any]) -> None:
    """What becomes of a worker that no `dev` speaks for."""
    if report["kind"] == "ready":
        for job_id in report["jobs"]:
            output.data(f"Registered job: {job_id}")
        output.say("Ready. ctrl-C drains and stops.")
    elif report["kind"] == "draining":
        output.say(f"Draining {report['running']} runs to their next checkpoint. ctrl-C again stops at once.")
    elif report["kind"] == "retiring":
        output.say(
            f"Drained by an operator: {report['running']} runs go on to their end, then this worker leaves."
        )


def app_or_found(app: str | None) -> str:
    """`app` as given, or the one that stands where apps usually do; AppNotFound when there is none."""
    from mainspring.worker.loader import find_app  # start-up cost, as above

    return find_app() if app is None else app
