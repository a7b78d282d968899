"""Who calls: the Bearer key of a request, looked up by its hash and remembered for a few seconds."""

import re
from collections import OrderedDict

from mainspring.clock import SECOND, Clock
from mainspring.engine import inspect
from mainspring.engine.accounts import KeyHolder, hash_key
from mainspring.engine.engine import Engine
from mainspring.errors import Unauthorized

KEY_FORM = re.compile(r"tr_[a-z]+_[a-zA-Z0-9]+")

#: How long a revoked key may still work.
REMEMBERED_FOR = 5 * SECOND
#: Keys remembered at most: a bound on memory, far above what one server sees in five seconds.
REMEMBERED_KEYS = 1_024


class Keys:
    """Answers whose key it is. Only known keys are remembered: a key made just now works at once."""

    def __init__(self, engine: Engine, clock: Clock) -> None:
        self._engine = engine
        self._clock = clock
        #: By hash: the holder, and until when (monotonic) that is believed.
        self._known: OrderedDict[str, tuple[KeyHolder, int]] = OrderedDict()

    async def holder(self, authorization: str | None) -> KeyHolder:
        """The holder of the key in an `Authorization` header; `Unauthorized` says what is wrong with it."""
        key_hash = hash_key(key_in(authorization))
        known = self._known.get(key_hash)
        if known is not None and self._clock.monotonic() < known[1]:
            return known[0]
        asked_at = self._clock.monotonic()
        holder = await self._engine.read(inspect.authenticate, key_hash, self._clock.now())
        if holder is None:
            self._known.pop(key_hash, None)
            raise Unauthorized("the API key is not known here: it may be of another server, or revoked")
        # Counted from before the lookup: what was read may be that old.
        self._known[key_hash] = (holder, asked_at + REMEMBERED_FOR)
        self._known.move_to_end(key_hash)
        while len(self._known) > REMEMBERED_KEYS:
            self._known.popitem(last=False)
        return holder


def key_in(authorization: str | None) -> str:
    """The key in the header. No message repeats any of it: the key may stand where the scheme should."""
    if not authorization or not authorization.strip():
        raise Unauthorized("the request has no API key: send the header `Authorization: Bearer tr_...`")
    scheme, _, key = authorization.strip().partition(" ")
    key = key.strip()
    if scheme.lower() != "bearer":
        raise Unauthorized(
            "the Authorization header has the wrong scheme: it must be `Bearer`, a space, the key"
        )
    if not key:
        raise Unauthorized("the Authorization header has no key after `Bearer`")
    if not KEY_FORM.fullmatch(key):
        raise Unauthorized("the API key is malformed: keys look like tr_dev_ followed by letters and digits")
    return key
