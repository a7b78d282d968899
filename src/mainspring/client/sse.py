"""Server-sent events: lines of text into messages."""

from collections.abc import AsyncIterator

from pydantic_core import from_json

from mainspring.model.streams import Streamed


async def messages(lines: AsyncIterator[str]) -> AsyncIterator[Streamed]:
    """The messages of a stream, as they come; comments (pings) and unfinished ones are left out. An id without
    data is a message of kind "place": where to go on."""
    kind, id_, data = "message", None, list[str]()
    async for line in lines:
        if not line:
            if data:
                yield Streamed(kind, from_json("\n".join(data)), id_)
            elif id_ is not None:
                yield Streamed("place", None, id_)
            kind, id_, data = "message", None, []
            continue
        name, _, value = line.partition(":")
        value = value.removeprefix(" ")
        if name == "event":
            kind = value
        elif name == "id":
            id_ = value
        elif name == "data":
            data.append(value)
