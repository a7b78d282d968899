"""Every error of Mainspring, one tree. Each says what happened and the mend; its docstring *is* the mend.

MainspringError
├── ConfigurationError          how it was started or set up
│   ├── InvalidSetting
│   ├── AppNotFound
│   ├── AppLoadError            importing the app raised; carries the user's own traceback
│   ├── DatabaseUnavailable
│   ├── DatabaseTooOld
│   ├── DatabaseInUse
│   ├── SchemaTooNew
│   ├── SchemaOutdated
│   ├── MigrationChanged
│   └── PortInUse
├── DefinitionError             how a job, trigger or call was written
│   ├── DuplicateJob  InvalidJobId  InvalidTrigger  InvalidFilter  InvalidRetry  InvalidSchema  InvalidQueue
│   ├── UnknownConnector                                (also AttributeError)
│   └── InvalidDuration  InvalidInstant                 (also ValueError)
├── DataError                   a value that cannot be stored or read
│   ├── Unserialisable  TooLarge  InvalidText
│   └── MalformedJson  PayloadInvalid  DecryptionFailed
├── ApiError                    what the server answers
│   ├── BadRequest  ProtocolMismatch  Unauthorized  Forbidden (NotAsked)  NotFound  Conflict
│   └── EventRejected  RateLimited (TooManyStarts)  ServerUnavailable
├── RunError                    inside a run, or about one
│   ├── TaskFailed  RunFailed  NonRetryable  RetryAfter  NotInRun  WrongLoop  LimitExceeded
│   ├── ProcessEnded                                    of a task with isolation="process"
│   ├── ApprovalRejected                                of io.wait_for_approval
│   ├── InDoubt                                         of a task with effect="once"
│   └── WaitTimeout  TaskTimeout                        (also TimeoutError)
└── EngineError                 between a worker and the engine
    └── LeaseLost  UnknownWorker  TransactionConflict

ControlFlow                     BaseException: `except Exception` in user code never swallows it
└── RunSuspended  RunCancelled  LeaseRevoked
"""

from collections.abc import Mapping, Sequence
from datetime import datetime, timedelta
from typing import Any, ClassVar


class _Explained(BaseException):
    """What both roots share: a message for this one case, the mend from the class's docstring, and data.

    `str(error)` is "{message}. {mend}"; the mend is left out where the message has it already. Keyword data
    become attributes, so `NotFound("...", run_id=...)` has `.run_id`.
    """

    #: Stable word for programs; never reused for another meaning.
    code: ClassVar[str]
    #: HTTP status the server answers with.
    status: int = 500
    #: False where `str(error)` is the message alone: the user's own words, or kept as a failure's text.
    teaches: ClassVar[bool] = True

    message: str
    mend: str

    def __init__(self, message: str = "", *, mend: str | None = None, **data: Any) -> None:
        # args hold the message alone, so that copying and pickling rebuild the error from it and __dict__.
        super().__init__(message)
        self.message = message
        self.mend = mend_of(type(self)) if mend is None else mend
        for name, value in data.items():
            setattr(self, name, value)

    def __str__(self) -> str:
        if self.message and (not self.teaches or not self.mend or self.mend in self.message):
            return self.message
        if not self.message:
            return self.mend
        return f"{self.message.rstrip('.')}. {self.mend}"


class MainspringError(_Explained, Exception):
    """Look the error's code up in docs/reference/errors.md."""

    code = "error"


def mend_of(error: type[_Explained]) -> str:
    """The docstring's first paragraph on one line; of the nearest ancestor here when it has none."""
    for cls in error.__mro__:
        # A subclass in user code has a docstring of its own purpose: never shown as a mend.
        if cls.__module__ == __name__ and cls.__doc__:
            return " ".join(cls.__doc__.split("\n\n")[0].split())
    return ""


def error_types() -> dict[str, type[MainspringError]]:
    """Every error class here by its code: how a client turns a problem document back into an error."""
    return {
        cls.code: cls
        for cls in globals().values()
        if isinstance(cls, type) and issubclass(cls, MainspringError)
    }


# ── configuration ────────────────────────────────────────────────────────────────────────────────────
class ConfigurationError(MainspringError):
    """Run `mainspring doctor` to check the set-up."""

    code = "configuration_error"


class InvalidSetting(ConfigurationError):
    """Run `mainspring config` to see every setting, its value and where it comes from."""

    code = "invalid_setting"
    setting: str = ""
    source: str = ""


class AppNotFound(ConfigurationError):
    """Name the app like `app:client` (MODULE:NAME) or `app.py`, and start in the folder that holds it."""

    code = "app_not_found"


class AppLoadError(ConfigurationError):
    """Mend the app where its traceback points, then start again."""

    code = "app_load_error"
    #: The user's frames, as text, ready to print.
    traceback: str = ""


class DatabaseUnavailable(ConfigurationError):
    """Check the URL (`--database-url` or `DATABASE_URL`), that the database runs, and the disk behind it."""

    code = "database_unavailable"
    status = 503
    #: True where it is certain that the transaction left nothing behind, so that it may be tried anew.
    nothing_committed: bool = False


class DatabaseTooOld(ConfigurationError):
    """Upgrade the database software: Mainspring needs SQLite 3.37 or PostgreSQL 14, or newer."""

    code = "database_too_old"


class DatabaseInUse(ConfigurationError):
    """Stop the other process, or give this one its own `--data-dir`; several servers need PostgreSQL."""

    code = "database_in_use"


class SchemaTooNew(ConfigurationError):
    """Upgrade Mainspring: a newer version has already migrated this database."""

    code = "schema_too_new"
    status = 503


class SchemaOutdated(ConfigurationError):
    """Run `mainspring db upgrade`."""

    code = "schema_outdated"
    status = 503


class MigrationChanged(ConfigurationError):
    """Reinstall Mainspring, or restore the file as it was released: applied migrations never change."""

    code = "migration_changed"


class PortInUse(ConfigurationError):
    """Stop the process that listens there, or choose another port with `--port`."""

    code = "port_in_use"
    port: int = 0


# ── definitions ──────────────────────────────────────────────────────────────────────────────────────
class DefinitionError(MainspringError):
    """Correct the definition where the traceback points."""

    code = "definition_error"
    status = 422


class DuplicateJob(DefinitionError):
    """Give one of the two jobs another id."""

    code = "duplicate_job"


class InvalidJobId(DefinitionError):
    """Use a-z, 0-9, dots, dashes and underscores, at most 128, beginning with a letter or digit."""

    code = "invalid_job_id"


class InvalidTrigger(DefinitionError):
    """Use event_trigger(name), or invoke_trigger() for a job that is only called."""

    code = "invalid_trigger"


class InvalidQueue(DefinitionError):
    """Limits are whole numbers from 1, a rate is like "100/minute"; declare each queue in one way."""

    code = "invalid_queue"


class UnknownConnector(DefinitionError, AttributeError):
    """Use a verb of io, or give the job its connectors: @client.job(..., connectors={"slack": Slack(...)})."""

    code = "unknown_connector"


class InvalidFilter(DefinitionError):
    """Mirror the payload and end in lists, like {"amount": [{"$gte": 100}], "currency": ["usd", "eur"]}."""

    code = "invalid_filter"
    path: str = ""


class InvalidRetry(DefinitionError):
    """Give a number of attempts, or Retry(max_attempts=3, min_delay="1s", max_delay="1 minute", factor=2)."""

    code = "invalid_retry"


class InvalidSchema(DefinitionError):
    """Annotate the payload with a pydantic model, dataclass or TypedDict, or give a JSON Schema as a dict."""

    code = "invalid_schema"


class InvalidDuration(DefinitionError, ValueError):
    """Write it like "3 seconds", "1h30m", "2 days, 4 hours" or "PT90S", or give seconds or a timedelta."""

    code = "invalid_duration"


class InvalidInstant(DefinitionError, ValueError):
    """Give a time with its zone, like datetime.now(UTC) or "2026-01-31T09:00:00Z"."""

    code = "invalid_instant"


# ── data ─────────────────────────────────────────────────────────────────────────────────────────────
class DataError(MainspringError):
    """Only JSON is stored: give values that JSON can hold."""

    code = "data_error"
    status = 422


class Unserialisable(DataError):
    """Return plain data, dataclasses or pydantic models; turn anything else into text or a dict first."""

    code = "unserialisable"
    #: Where in the value, like `items[2].when`; "" is the value itself.
    path: str = ""


class TooLarge(DataError):
    """Keep large data elsewhere and pass a reference to it, or raise the setting that the message names."""

    code = "too_large"
    status = 413
    #: Bytes.
    size: int = 0
    limit: int = 0
    setting: str = ""


class InvalidText(DataError):
    """Remove NUL characters and lone surrogates from texts; keep binary data as base64."""

    code = "invalid_text"
    path: str = ""


class MalformedJson(DataError):
    """Send one JSON document in UTF-8."""

    code = "malformed_json"
    status = 400
    #: Both from 1; 0 where there is no place to point at.
    line: int = 0
    column: int = 0
    #: Offset in characters, from 0.
    position: int = 0


class PayloadInvalid(DataError):
    """Send a payload that fits the job's schema."""

    code = "payload_invalid"
    #: [{"path": ..., "message": ...}, ...]
    errors: Sequence[Mapping[str, str]] = ()


class DecryptionFailed(DataError):
    """Give the client a codec that has the key: Client(..., codec=AESGCMCodec([new, old]))."""

    code = "decryption_failed"


# ── API ──────────────────────────────────────────────────────────────────────────────────────────────
class ApiError(MainspringError):
    """Read the server's log for this request; its id is in the `X-Request-Id` header."""

    code = "api_error"


class BadRequest(ApiError):
    """Correct the fields that the message names."""

    code = "bad_request"
    status = 400
    #: [{"path": ..., "message": ...}, ...]
    errors: Sequence[Mapping[str, str]] = ()


class ProtocolMismatch(ApiError):
    """Bring the worker and the server to the same version of Mainspring."""

    code = "protocol_mismatch"
    status = 400


class Unauthorized(ApiError):
    """Set MAINSPRING_API_KEY (or api_key=) to a key of this server; `mainspring dev` prints its key."""

    code = "unauthorized"
    status = 401


class Forbidden(ApiError):
    """Use a key whose scopes allow this."""

    code = "forbidden"
    status = 403


class NotAsked(Forbidden):
    """Let somebody answer who is asked, and did not ask for the approval themselves."""

    code = "not_asked"


class NotFound(ApiError):
    """Check the id, and that the key belongs to the environment that holds it."""

    code = "not_found"
    status = 404


class Conflict(ApiError):
    """Look at its present state and decide again."""

    code = "conflict"
    status = 409


class EventRejected(ApiError):
    """Correct the payload and send the event again; the refused one is kept and listed with its reasons."""

    code = "event_rejected"
    status = 422
    #: [{"job_id": ..., "errors": [{"path": ..., "message": ...}]}, ...]
    rejections: Sequence[Mapping[str, Any]] = ()
    event_id: str | None = None


class RateLimited(ApiError):
    """Wait as long as the answer's Retry-After says, then send it again."""

    code = "rate_limited"
    status = 429
    #: Seconds.
    retry_after: float | None = None


class TooManyStarts(RateLimited):
    """Start it later (`retry_after` says when), or raise the job's rate_limit."""

    code = "too_many_starts"


class ServerUnavailable(ApiError):
    """Start the server (`mainspring dev app:client`), or point MAINSPRING_API_URL at the one that runs."""

    code = "server_unavailable"
    status = 503


# ── runs ─────────────────────────────────────────────────────────────────────────────────────────────
class RunError(MainspringError):
    """Look at the run: `mainspring runs get RUN` and `mainspring logs RUN`."""

    code = "run_error"


class TaskFailed(RunError):
    """Catch it at the task's call to go on without the task, or give the task more attempts with retry=."""

    code = "task_failed"
    teaches = False
    task_key: str = ""
    attempts: int = 0
    #: The last attempt's error; a stored `Failure` when it happened before a replay.
    cause: Any = None


class RunFailed(RunError):
    """Read the run's error and logs, mend the cause, then `mainspring runs replay RUN`."""

    code = "run_failed"
    teaches = False
    run_id: str = ""
    #: The run's: FAILED, CANCELLED, TIMED_OUT or EXPIRED. No server answers with this error, so the
    #: word people expect wins over the HTTP status of the other classes.
    status: str = "FAILED"  # type: ignore[assignment]
    #: The run's stored `Failure`, None when it ended without one (cancelled, expired).
    failure: Any = None


class WaitTimeout(RunError, TimeoutError):
    """Catch it (it is a TimeoutError) to go on without the event, or wait longer with timeout=."""

    code = "wait_timeout"
    wait_key: str = ""


class ApprovalRejected(RunError):
    """Catch it to revise and ask again with the same correlation, or let it end the run."""

    code = "approval_rejected"
    teaches = False
    #: What whoever decided it said, and who that was.
    comment: str | None = None
    by: str | None = None
    #: The `Approval`.
    approval: Any = None


class TaskTimeout(RunError, TimeoutError):
    """Give the task more time with timeout=, or let it do less per attempt."""

    code = "task_timeout"
    task_key: str = ""


class ProcessEnded(RunError):
    """Look at its output and its memory: it was ended from outside, or ended itself."""

    code = "process_ended"
    #: Negative: the number of what killed it.
    exit_code: int | None = None


class InDoubt(RunError):
    """Raise it in a task with effect="once" that may have been done or not: it is asked about, not repeated."""

    code = "in_doubt"
    teaches = False


class NonRetryable(RunError):
    """Raise it in a task or job to end it at once, whatever its retry says."""

    code = "non_retryable"
    teaches = False


class RetryAfter(RunError):
    """Raise RetryAfter("30s", "why") or RetryAfter(datetime, "why") to set the time of the next attempt."""

    code = "retry_after"
    teaches = False
    #: A duration as `parse_duration` takes it, or the instant of the next attempt.
    delay: timedelta | int | float | str | datetime

    def __init__(
        self, delay: timedelta | int | float | str | datetime, message: str = "", *, mend: str | None = None
    ) -> None:
        super().__init__(message or f"try again after {delay}", mend=mend)
        self.args = (delay, message)
        self.delay = delay


class NotInRun(RunError):
    """Call it inside a job; elsewhere use the client, like `client.send_event(...)` or `job.trigger(...)`."""

    code = "not_in_run"


class WrongLoop(RunError):
    """Await it in `async def` code on the loop it belongs to; plain `def` code calls it without `await`."""

    code = "wrong_loop"


class LimitExceeded(RunError):
    """Split the work into several jobs, or raise the setting that the message names."""

    code = "limit_exceeded"
    status = 422
    limit: int = 0
    setting: str = ""


# ── engine ───────────────────────────────────────────────────────────────────────────────────────────
class EngineError(MainspringError):
    """Look at the server's log."""

    code = "engine_error"


class LeaseLost(EngineError):
    """Nothing to mend: the run goes on under another lease; if it happens often, raise lease_timeout."""

    code = "lease_lost"
    status = 409


class UnknownWorker(EngineError):
    """Nothing to mend: the worker registers again by itself."""

    code = "unknown_worker"
    status = 409


class TransactionConflict(EngineError):
    """Nothing to mend: another server was faster, and the batch is applied again."""

    code = "transaction_conflict"
    status = 503


# ── control flow ─────────────────────────────────────────────────────────────────────────────────────
class ControlFlow(_Explained, BaseException):
    """Let it pass: catch `Exception`, never `BaseException` or a bare `except:` without `raise`."""

    code = "control_flow"


class RunSuspended(ControlFlow):
    """Let it pass: the run is set aside while it waits and goes on later; catch only `Exception`."""

    code = "run_suspended"


class RunCancelled(ControlFlow):
    """Let it pass: someone cancelled the run; clean up in `finally` or `except RunCancelled: ...; raise`."""

    code = "run_cancelled"


class LeaseRevoked(ControlFlow):
    """Let it pass: another worker has this run now, and nothing more that happens here would be kept."""

    code = "lease_revoked"
