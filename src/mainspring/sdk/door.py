"""The seam to the API outside runs: whoever opens a door speaks HTTP, or calls the engine in process."""

from collections.abc import AsyncGenerator, Callable, Mapping
from typing import Any, Protocol, runtime_checkable

from mainspring.model.runs import RunDraft
from mainspring.model.streams import Streamed

#: Every path a door is asked for begins with this.
API = "/api/v1"


class Door(Protocol):
    """One request to the API and its decoded answer. May be used from several event loops."""

    async def call(
        self,
        method: str,
        path: str,
        *,
        params: Mapping[str, Any] | None = None,
        body: str | None = None,
        idempotency_key: str | None = None,
        timeout: float | None = None,
    ) -> Any:
        """Ask `method` ("GET", "POST", ...) of `path` ("/api/v1/runs/run_...") and decode the JSON answer.

        `params` become the query string, None left out, lists repeated. `body` is JSON text. `idempotency_key` makes
        a write safe to send again, and the door does so when the answer was lost; None: it makes one where
        it needs one. `timeout` is in seconds and counts for one try; None takes the door's own. An answer
        without a body is None.

        Raises the `MainspringError` the server answered with; `ServerUnavailable` when no answer came.
        """
        ...

    def stream(
        self, path: str, *, params: Mapping[str, Any] | None = None, after: str | None = None
    ) -> AsyncGenerator[Streamed, None]:
        """The messages of a live stream, each once and in order, from the id `after` on; opened again when lost.

        Ends after the message of kind "end". Raises the `MainspringError` the server answered with, and
        `ServerUnavailable` when it stays away for about a minute. Closing it closes the connection.
        """
        ...

    async def aclose(self) -> None:
        """Close what belongs to the running event loop."""
        ...


@runtime_checkable
class NearDoor(Door, Protocol):
    """A door into a platform in this process: what every run asks for is a plain call there, and no request."""

    async def start_run(self, draft: RunDraft) -> Mapping[str, Any]:
        """The run, as the API shows it. For drafts without options, of which nothing needs to be checked but what
        the engine looks at. Raises what `call` does."""
        ...

    async def wait_run(self, run_id: str, seconds: float) -> Mapping[str, Any]:
        """The run, as the API shows it, when it has ended or so many seconds are over. Raises what `call` does."""
        ...


#: (api_url, api_key) -> a door.
OpenDoor = Callable[[str, str], Door]
