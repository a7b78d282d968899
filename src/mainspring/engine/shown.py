"""How the engine writes facts into JSON that users read: an event, a failure, a finished run."""

from dataclasses import replace

from mainspring.clock import Instant, to_iso
from mainspring.codec import clean_text, encode
from mainspring.model.events import Event
from mainspring.model.failures import Failure
from mainspring.model.waits import WaitSpec

#: Of the name of an error and of a place in a value this many bytes are kept.
MAX_TYPE = 256
MAX_PATH = 2_048


def event_json(event: Event) -> str:
    """The event as the API shows it. `id` is the sender's when one was given, `event_id` always ours.

    Payload and context are spliced in as the text they are kept as.
    """
    head = encode(
        {
            "id": event.correlation_id or event.id,
            "event_id": event.id,
            "name": event.name,
            "timestamp": to_iso(event.received_at),
            "source": event.source,
            "is_test": event.is_test,
        },
        what="event",
    )
    return f'{head[:-1]},"payload":{event.payload},"context":{event.context or "null"}}}'


def readable(failure: Failure, limit: int) -> Failure:
    """The failure as it may be kept, whoever reported it: no text longer than `limit` bytes, none that no
    database takes."""
    return replace(
        failure,
        type=clean_text(failure.type, MAX_TYPE),
        message=clean_text(failure.message, limit),
        traceback=None if failure.traceback is None else clean_text(failure.traceback, limit),
        path=None if failure.path is None else clean_text(failure.path, MAX_PATH),
    )


def failure_json(failure: Failure) -> str:
    """The stored form of a failure."""
    return encode(
        {
            "type": failure.type,
            "message": failure.message,
            "code": failure.code,
            "traceback": failure.traceback,
            "task_key": failure.task_key,
            "path": failure.path,
        },
        what="failure",
    )


def run_result_json(run_id: str, status: str, output: str | None, failure: str | None) -> str:
    """What someone who waits for a run receives."""
    head = encode({"run_id": run_id, "status": status}, what="result")
    return f'{head[:-1]},"output":{output or "null"},"error":{failure or "null"}}}'


def chunk_head(stream: str) -> str:
    """How the data of every chunk of a stream begins: what finds them."""
    return f'{{"stream":{encode(stream, what="a stream")},'


def chunk_data(stream: str, chunk: str) -> str:
    """What the history keeps of a chunk (JSON text) of a stream."""
    return f'{chunk_head(stream)}"chunk":{chunk}}}'


def waits_for(spec: WaitSpec, due_at: Instant | None) -> dict[str, str]:
    """What a wait waits for, as it stands in the history for good: the wait itself is gone once resolved."""
    said = {
        "kind": spec.kind,
        "event_name": spec.event_name,
        "id": spec.correlation_id,
        "token": spec.token_id,
        "approval": spec.approval_id,
        "run": spec.target_run_id,
        "runs": str(len(spec.target_run_ids)) if spec.kind == "runs" else None,
        "until": None if due_at is None else to_iso(due_at),
    }
    return {name: text for name, text in said.items() if text is not None}
