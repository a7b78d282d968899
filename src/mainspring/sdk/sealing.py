"""Encryption before anything leaves the process: payloads, outputs, chunks of streams and stored values."""

import base64
import binascii
import hashlib
import os
from collections.abc import Mapping, Sequence
from typing import Any, Protocol

from mainspring.errors import DecryptionFailed, DefinitionError
from mainspring.model.sealed import FIELD, MARK, SEALED_TEXT, is_sealed
from mainspring.sdk.json_text import decode, encode

_KEY_SIZES = (16, 24, 32)
_NONCE = 12
#: Where the bodies of requests hold what is to be encrypted, directly and in lists.
_FIELDS = ("payload", "value", "output")
_LISTS = ("events", "runs")


class Codec(Protocol):
    """What `Client(codec=...)` takes. Both are called often, from any thread."""

    def encrypt(self, text: str) -> str:
        """A text that says nothing to who has no key."""
        ...

    def decrypt(self, token: str) -> str:
        """The text that `encrypt` was given. Raises `DecryptionFailed`."""
        ...


class AESGCMCodec:
    """AES-GCM with keys of 16, 24 or 32 bytes, as bytes or as base64 text. `pip install "mainspring[codec]"`.

    Of several keys the first encrypts and all decrypt: put a new one in front everywhere, and take the old one
    away when nothing is left that it encrypted.
    """

    def __init__(self, key: bytes | str | Sequence[bytes | str]) -> None:
        keys = [key] if isinstance(key, bytes | str) else list(key)
        if not keys:
            raise DefinitionError("AESGCMCodec got no key", mend="Give one, or several: the first encrypts.")
        aead = _aead()
        #: By the id that stands in what they encrypted.
        self._ciphers: dict[str, Any] = {}
        for one in keys:
            raw = _raw(one)
            self._ciphers[hashlib.blake2b(raw, digest_size=4).hexdigest()] = aead(raw)
        self._first = next(iter(self._ciphers))

    def __repr__(self) -> str:
        return f"<AESGCMCodec with keys {', '.join(self._ciphers)}>"

    def encrypt(self, text: str) -> str:
        nonce = os.urandom(_NONCE)
        sealed = nonce + self._ciphers[self._first].encrypt(nonce, text.encode(), None)
        return f"{self._first}.{base64.b64encode(sealed).decode()}"

    def decrypt(self, token: str) -> str:
        key_id, _, content = token.partition(".")
        cipher = self._ciphers.get(key_id)
        if cipher is None:
            mine = ", ".join(self._ciphers)
            raise DecryptionFailed(
                f"a value was encrypted with the key {key_id[:16]!r}, and this codec has {mine}"
            )
        try:
            sealed = base64.b64decode(content, validate=True)
            opened: bytes = cipher.decrypt(sealed[:_NONCE], sealed[_NONCE:], None)
            return opened.decode()
        except Exception:  # what it raises says nothing, and belongs to an optional package
            raise DecryptionFailed(
                f"a value that names the key {key_id} was changed after it was encrypted"
            ) from None


class Sealing:
    """A codec put to use on JSON."""

    def __init__(self, codec: Codec) -> None:
        self._codec = codec

    def seal(self, text: str) -> str:
        """JSON text in, JSON text out."""
        return f'{SEALED_TEXT}{self._codec.encrypt(text)}"}}'

    def seal_body(self, body: str) -> str:
        """A request's body with what is to be encrypted in it encrypted."""
        value = decode(body)
        if isinstance(value, dict):
            self._seal_fields(value)
            for name in _LISTS:
                for one in value.get(name) or ():
                    self._seal_fields(one)
        return encode(value, what="the request")

    def _seal_fields(self, fields: dict[str, Any]) -> None:
        for name in _FIELDS:
            if name in fields and not is_sealed(fields[name]):
                text = encode(fields[name], what=f"the {name}")
                fields[name] = {FIELD: MARK + self._codec.encrypt(text)}

    def open(self, value: Any) -> Any:
        """A decoded value with everything encrypted in it opened. Raises `DecryptionFailed`."""
        if is_sealed(value):
            return decode(self._codec.decrypt(value[FIELD].removeprefix(MARK)))
        if isinstance(value, Mapping):
            return {name: self.open(one) for name, one in value.items()}
        if isinstance(value, list):
            return [self.open(one) for one in value]
        return value

    def open_text(self, text: str) -> str:
        """The same for JSON text."""
        if SEALED_TEXT not in text:
            return text
        return encode(self.open(decode(text)), what="an encrypted value")


def _aead() -> Any:
    try:
        # An optional package, and not a cheap one to import.
        from cryptography.hazmat.primitives.ciphers.aead import AESGCM
    except ImportError:
        raise DefinitionError(
            "AESGCMCodec needs the package cryptography", mend='Install it: pip install "mainspring[codec]".'
        ) from None
    return AESGCM


def _raw(key: bytes | str) -> bytes:
    raw = key
    if isinstance(raw, str):
        try:
            raw = base64.b64decode(raw, validate=True)
        except (binascii.Error, ValueError):
            raw = b""
    if not isinstance(raw, bytes) or len(raw) not in _KEY_SIZES:
        raise DefinitionError(  # never with the key itself
            "a key of AESGCMCodec is not 16, 24 or 32 bytes long",
            mend="Make one: base64.b64encode(os.urandom(32)).decode(), and keep it secret.",
        )
    return raw
