"""Exit codes: what each error means to a shell script, and how it is told to a person."""

import sys
from typing import Any, NoReturn

from mainspring import errors
from mainspring.cli.output import clean

OK = 0
FAILED = 1
USAGE = 2
NOT_FOUND = 3
AUTH = 4
CONFLICT = 5
UNAVAILABLE = 6
TIMED_OUT = 124
INTERRUPTED = 130


class CalledWrongly(errors.MainspringError):
    """Run it with `--help` to see how it is called."""

    code = "called_wrongly"


#: First match wins, so the narrow stand before the wide.
_CODES: tuple[tuple[type[BaseException], int], ...] = (
    (CalledWrongly, USAGE),
    (errors.AppNotFound, NOT_FOUND),
    (errors.AppLoadError, FAILED),
    (errors.DatabaseInUse, CONFLICT),
    (errors.PortInUse, CONFLICT),
    (errors.SchemaTooNew, CONFLICT),
    (errors.SchemaOutdated, CONFLICT),
    (errors.MigrationChanged, CONFLICT),
    (errors.DatabaseUnavailable, UNAVAILABLE),
    (errors.DatabaseTooOld, UNAVAILABLE),
    (errors.ConfigurationError, USAGE),
    (errors.Unauthorized, AUTH),
    (errors.Forbidden, AUTH),
    (errors.NotFound, NOT_FOUND),
    (errors.Conflict, CONFLICT),
    (errors.RateLimited, UNAVAILABLE),
    (errors.ServerUnavailable, UNAVAILABLE),
    (errors.BadRequest, USAGE),
    (errors.DefinitionError, USAGE),
    (errors.DataError, USAGE),
    (TimeoutError, TIMED_OUT),
    (KeyboardInterrupt, INTERRUPTED),
)

#: How a followed run ends, as an exit code; every other final status is a failure.
_RUN_CODES = {"SUCCESS": OK, "TIMED_OUT": TIMED_OUT}


def code_of(error: BaseException) -> int:
    """The exit code for an error that ends a command."""
    return next((code for kind, code in _CODES if isinstance(error, kind)), FAILED)


def code_of_runs(statuses: list[str]) -> int:
    """The exit code that mirrors how runs ended: any failure beats a time-out, which beats success."""
    codes = {_RUN_CODES.get(status, FAILED) for status in statuses}
    return FAILED if FAILED in codes else max(codes, default=OK)


def usage(message: str, mend: str) -> NoReturn:
    """End the command: it was called wrongly."""
    raise CalledWrongly(message, mend=mend)


def tell(error: BaseException) -> None:
    """Say on stderr what happened and the mend, with the places it concerns below."""
    text = str(error) or type(error).__name__
    if isinstance(error, errors.AppLoadError) and error.traceback:
        print(clean(error.traceback.rstrip()), file=sys.stderr)
    mark = "\x1b[1;31merror:\x1b[0m" if _colours() else "error:"
    print(f"{mark} {clean(text)}", file=sys.stderr)
    for where, problem in _problems(error):
        if problem not in text:
            print(f"  {clean(where + problem)}", file=sys.stderr)


def _problems(error: BaseException) -> list[tuple[str, str]]:
    """What is wrong with a payload, problem by problem; before each the job that says so."""
    if isinstance(error, errors.EventRejected):
        return [
            (f"{rejection['job_id']}: ", _place(problem))
            for rejection in error.rejections
            for problem in rejection["errors"]
        ]
    return [("", _place(problem)) for problem in getattr(error, "errors", None) or ()]


def _place(problem: Any) -> str:
    path, message = problem["path"], problem["message"]
    return f"{path}: {message}" if path else str(message)


def _colours() -> bool:
    from mainspring.cli import paint  # start-up cost: only an error needs it

    return paint.talk().color_system is not None
