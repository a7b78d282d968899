"""Mainspring: Python functions that must not be lost. The public names."""

from mainspring.errors import (
    ApprovalRejected,
    Conflict,
    DecryptionFailed,
    DefinitionError,
    DuplicateJob,
    EventRejected,
    Forbidden,
    InDoubt,
    InvalidDuration,
    InvalidFilter,
    InvalidInstant,
    InvalidJobId,
    InvalidQueue,
    InvalidRetry,
    InvalidSchema,
    InvalidTrigger,
    LeaseRevoked,
    LimitExceeded,
    MainspringError,
    NonRetryable,
    NotAsked,
    NotFound,
    NotInRun,
    PayloadInvalid,
    RateLimited,
    RetryAfter,
    RunCancelled,
    RunFailed,
    RunSuspended,
    ServerUnavailable,
    TaskFailed,
    TaskTimeout,
    TooLarge,
    Unauthorized,
    Unserialisable,
    WaitTimeout,
    WrongLoop,
)
from mainspring.sdk.ambient import ctx, io
from mainspring.sdk.approvals import Approval, ApprovalAnswer, ApprovalLink, ApprovalPerson
from mainspring.sdk.breakers import CircuitBreaker
from mainspring.sdk.children import RunResult
from mainspring.sdk.client import Client
from mainspring.sdk.context import Context
from mainspring.sdk.debounce import Batch, Debounce
from mainspring.sdk.doubt import Done, NotDone
from mainspring.sdk.dynamic import DynamicSchedule
from mainspring.sdk.error_groups import ErrorGroup
from mainspring.sdk.events import Event, EventMessage
from mainspring.sdk.handle import Run
from mainspring.sdk.hooks import CallNext
from mainspring.sdk.io import IO
from mainspring.sdk.job import Job
from mainspring.sdk.people import ApprovalNotice
from mainspring.sdk.queues import Concurrency, Queue
from mainspring.sdk.rate_limit import RateLimit
from mainspring.sdk.retry import Retry
from mainspring.sdk.sealing import AESGCMCodec
from mainspring.sdk.singleton import Singleton
from mainspring.sdk.sync_io import SyncIO
from mainspring.sdk.task import task
from mainspring.sdk.together import First
from mainspring.sdk.tokens import Token
from mainspring.sdk.triggers import (
    ScheduledTick,
    cron_trigger,
    event_trigger,
    interval_trigger,
    invoke_trigger,
)
from mainspring.version import __version__

__all__ = [
    "IO",
    "AESGCMCodec",
    "Approval",
    "ApprovalAnswer",
    "ApprovalLink",
    "ApprovalNotice",
    "ApprovalPerson",
    "ApprovalRejected",
    "Batch",
    "CallNext",
    "CircuitBreaker",
    "Client",
    "Concurrency",
    "Conflict",
    "Context",
    "Debounce",
    "DecryptionFailed",
    "DefinitionError",
    "Done",
    "DuplicateJob",
    "DynamicSchedule",
    "ErrorGroup",
    "Event",
    "EventMessage",
    "EventRejected",
    "First",
    "Forbidden",
    "InDoubt",
    "InvalidDuration",
    "InvalidFilter",
    "InvalidInstant",
    "InvalidJobId",
    "InvalidQueue",
    "InvalidRetry",
    "InvalidSchema",
    "InvalidTrigger",
    "Job",
    "LeaseRevoked",
    "LimitExceeded",
    "MainspringError",
    "NonRetryable",
    "NotAsked",
    "NotDone",
    "NotFound",
    "NotInRun",
    "PayloadInvalid",
    "Queue",
    "RateLimit",
    "RateLimited",
    "Retry",
    "RetryAfter",
    "Run",
    "RunCancelled",
    "RunFailed",
    "RunResult",
    "RunSuspended",
    "ScheduledTick",
    "ServerUnavailable",
    "Singleton",
    "SyncIO",
    "TaskFailed",
    "TaskTimeout",
    "Token",
    "TooLarge",
    "Unauthorized",
    "Unserialisable",
    "WaitTimeout",
    "WrongLoop",
    "__version__",
    "cron_trigger",
    "ctx",
    "event_trigger",
    "interval_trigger",
    "invoke_trigger",
    "io",
    "task",
]
