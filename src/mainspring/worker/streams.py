"""`io.stream` in a run: chunks ride along with the next commit, in order; too many at once wait for theirs."""

from mainspring.errors import TooLarge
from mainspring.model.protocol import StreamAppended
from mainspring.sdk.context import current_task
from mainspring.worker.passage import Passage
from mainspring.worker.strands import Ours, settle

#: What may wait in the outbox of a run before its code waits with it.
MOST_WAITING = 500


class StreamCalls:
    """The streams of one passage. Chunks of the body are counted from its beginning, so that a replay, which
    counts the same, adds none twice: those of this lease are known here, earlier ones to the server."""

    def __init__(self, passage: Passage) -> None:
        self._passage = passage
        self._counts: dict[str, int] = {}

    async def append(self, stream: str, chunk: str) -> None:
        passage = self._passage
        passage.here()
        limit = passage.held.workplace.registered.max_payload_bytes
        if (size := len(chunk.encode())) > limit:
            raise TooLarge(
                f"a chunk of the stream '{stream}' has {size:,} bytes of JSON; the limit is {limit:,} "
                "(max_payload_bytes)",
                size=size,
                limit=limit,
                setting="max_payload_bytes",
            )
        scope = current_task.get()
        if scope is not None:
            item = StreamAppended(stream, chunk, 0, scope.key, scope.attempt)
        else:
            number = self._counts[stream] = self._counts.get(stream, 0) + 1
            if number <= passage.held.streamed.get(stream, 0):
                return  # reported when the code was here first
            passage.held.streamed[stream] = number
            item = StreamAppended(stream, chunk, number)
        if len(passage.channel.entries) < MOST_WAITING:
            passage.channel.put(item, lazy=True)
            return
        kept = Ours(loop=passage.loop)
        passage.channel.put(item, lambda report, answer: settle(kept))
        await kept
