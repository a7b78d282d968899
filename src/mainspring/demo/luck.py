"""What a real shop's jobs meet: work that takes time, chance, troubles that come and go.

Chance is made of what it is about, so the same order meets the same luck however often its run is replayed, and a
world played again with the same seed is the same world.
"""

import asyncio
import hashlib

#: Troubles there are now, by name. The story of the demo's data begins and ends them; a served app has none.
troubles: set[str] = set()


def luck(*about: object) -> float:
    """A number in [0, 1) that is always the same for the same things."""
    digest = hashlib.blake2b("\n".join(map(str, about)).encode(), digest_size=7).digest()
    return int.from_bytes(digest) / 2**56


def between(low: float, high: float, *about: object) -> float:
    """A number from `low` to `high`, more often near `low`, as durations are."""
    return float(low + (high - low) * luck(*about) ** 2.2)


async def work(low: float, high: float, *about: object) -> None:
    """Take so many seconds."""
    await asyncio.sleep(between(low, high, *about))
