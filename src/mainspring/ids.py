"""Ids: `run_` and 26 Crockford characters, sortable by time, strictly increasing within one source.

55 bits of microseconds and 75 random bits: texts sort like the instants they were made at, and nobody can
guess the next one. The source is given its clock and randomness, so that a simulation repeats its ids.
"""

import hashlib
import os
import threading
from collections.abc import Callable, Iterable
from typing import Literal, Protocol

from mainspring.clock import Instant, SystemClock

Prefix = Literal["evt", "run", "wrk", "env", "proj", "key", "bat", "bulk", "tok", "apr", "err"]

_ALPHABET = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
#: Two characters at a time: half the work of one at a time.
_PAIRS = tuple(a + b for a in _ALPHABET for b in _ALPHABET)
_RANDOM_BITS = 75
_TIME_BITS = 55
#: Ids of the same microsecond follow one another by a random stride of this many bits: still not guessable,
#: and it would take 2**35 of them in one microsecond to run into the next.
_STRIDE_BITS = 40


#: Bytes asked of the system at a time.
_PORTION = 4096


class Randomness(Protocol):
    """Where random bits come from: `random.Random` fits, too."""

    def getrandbits(self, k: int, /) -> int: ...


class _SystemRandomness:
    """The system's randomness, in portions: a call for each id costs more than all the rest of making it."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._portion, self._used = b"", 0

    def getrandbits(self, k: int, /) -> int:
        size = (k + 7) // 8
        with self._lock:
            if self._used + size > len(self._portion):
                self._portion, self._used = os.urandom(_PORTION), 0
            start, self._used = self._used, self._used + size
            bits = int.from_bytes(self._portion[start : self._used])
        return bits >> (8 * size - k)

    def forget(self) -> None:
        """A forked process must not use what its parent will use as well."""
        self._portion, self._used = b"", 0


_randomness = _SystemRandomness()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_randomness.forget)


class IdSource:
    """Makes ids. `now` gives instants, `random` the random bits, the system's when left out; thread-safe."""

    def __init__(self, now: Callable[[], Instant], random: Randomness | None = None) -> None:
        self._now = now
        self._random = random or _randomness
        self._last = 0
        self._lock = threading.Lock()

    def new(self, prefix: Prefix) -> str:
        """A fresh id, greater than all earlier ones from here even if the clock stands still or goes back."""
        with self._lock:
            at = max(0, self._now()) % (1 << _TIME_BITS)
            number = at << _RANDOM_BITS | self._random.getrandbits(_RANDOM_BITS)
            if number <= self._last:
                number = self._last + 1 + self._random.getrandbits(_STRIDE_BITS)
            self._last = number
        return f"{prefix}_{_encode(number)}"


def _encode(number: int) -> str:
    return "".join([_PAIRS[number >> shift & 1023] for shift in range(120, -1, -10)])


def id_of(prefix: Prefix, parts: Iterable[str]) -> str:
    """The id of what is made of these parts: the same for the same parts in the same order."""
    digest = hashlib.blake2b("\n".join(parts).encode(), digest_size=17).digest()
    return f"{prefix}_{_encode(int.from_bytes(digest) & ((1 << 130) - 1))}"


_system = IdSource(SystemClock().now)


def new_id(prefix: Prefix) -> str:
    """A fresh id from the machine's clock and randomness."""
    return _system.new(prefix)
