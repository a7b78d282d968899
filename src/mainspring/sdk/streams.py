"""`io.stream`: what a run says while it is still at work, piece by piece, live to whoever listens, and kept."""

import re
from collections.abc import AsyncIterable, AsyncIterator, Iterable, Iterator
from typing import Any, Generic, TypeVar

from mainspring.errors import DefinitionError
from mainspring.sdk.bridge import crossing_or_none
from mainspring.sdk.context import require_scope
from mainspring.sdk.json_text import encode

T = TypeVar("T")

_NAME = re.compile(r"[^\x00-\x1f\x7f]{1,128}")


class Streams:
    """`io.stream`."""

    def __call__(self, name: str, source: AsyncIterable[T] | Iterable[T]) -> "Streaming[T]":
        """Passes on what `source` brings, each piece added to the stream first: `async for x in io.stream(...)`.

        In a plain `def`, `for x in io.stream(...)` over an ordinary iterable.
        """
        if not isinstance(source, AsyncIterable | Iterable) or isinstance(source, str | bytes):
            raise DefinitionError(
                f"io.stream({name!r:.80}) got {source!r:.80}, which brings nothing piece by piece",
                mend="Give an (async) iterator, or use io.stream.append(name, chunk).",
            )
        return Streaming(_checked(name), source)

    async def append(self, name: str, chunk: Any) -> None:
        """Adds a chunk, anything that JSON can hold, to the stream `name` of this run.

        Returns at once, or when earlier chunks were kept if they come faster than that. In the body of the run
        each chunk is kept once, however often it is replayed; a task that is tried again streams again.
        """
        scope = require_scope("io.stream")
        text = encode(chunk, what=f"a chunk of io.stream({name!r:.80})")
        await scope.runtime.append_chunk(_checked(name), text)


class Streaming(Generic[T]):
    """A source on its way through a stream."""

    def __init__(self, name: str, source: AsyncIterable[T] | Iterable[T]) -> None:
        self._name = name
        self._source = source

    async def __aiter__(self) -> AsyncIterator[T]:
        streams = Streams()
        if isinstance(self._source, AsyncIterable):
            async for chunk in self._source:
                await streams.append(self._name, chunk)
                yield chunk
        else:
            for chunk in self._source:
                await streams.append(self._name, chunk)
                yield chunk

    def __iter__(self) -> Iterator[T]:
        crossing = crossing_or_none()
        if crossing is None or isinstance(self._source, AsyncIterable):
            raise DefinitionError(
                f"io.stream('{self._name}') cannot be gone through here with a plain `for`",
                mend="Use `async for`; a plain `for` is for iterables in a plain `def`.",
            )
        streams = Streams()
        for chunk in self._source:
            crossing.call(streams.append(self._name, chunk))
            yield chunk


def _checked(name: str) -> str:
    if not isinstance(name, str) or not _NAME.fullmatch(name):
        raise DefinitionError(
            f"{name!r:.80} is no name for a stream", mend="Name it with 1 to 128 characters on one line."
        )
    return name
