"""AES-GCM as a codec: what comes out says nothing, and comes back only with the right key."""

import base64
import os
from typing import Any

import pytest

from mainspring import AESGCMCodec, Client, DefinitionError
from mainspring.errors import DecryptionFailed
from mainspring.model.sealed import is_sealed
from mainspring.sdk.sealing import Sealing
from sdk.stand_ins import RecordingDoor, run_object

OLD, NEW = os.urandom(32), os.urandom(16)


def test_it_comes_back_and_never_looks_the_same_twice() -> None:
    sealing = Sealing(AESGCMCodec(OLD))
    one, two = sealing.seal('{"a":"ü"}'), sealing.seal('{"a":"ü"}')
    assert one != two
    assert sealing.open_text(f'[{one},{{"deep":{two}}}]') == '[{"a":"ü"},{"deep":{"a":"ü"}}]'


def test_keys_are_rotated() -> None:
    by_old, by_both = Sealing(AESGCMCodec(OLD)), Sealing(AESGCMCodec([NEW, OLD]))
    assert by_both.open_text(by_old.seal("1")) == "1"
    assert Sealing(AESGCMCodec(NEW)).open_text(by_both.seal("1")) == "1"
    with pytest.raises(DecryptionFailed, match="was encrypted with the key"):
        by_old.open_text(by_both.seal("1"))


def test_what_was_tampered_with_is_refused() -> None:
    codec = AESGCMCodec(OLD)
    key_id, _, content = codec.encrypt("1").partition(".")
    raw = bytearray(base64.b64decode(content))
    raw[-1] ^= 1
    for bad in (base64.b64encode(bytes(raw)).decode(), "AAAA", "", "not base64!"):
        with pytest.raises(DecryptionFailed, match="was changed"):
            codec.decrypt(f"{key_id}.{bad}")


@pytest.mark.parametrize("key", [b"short", "c2hvcnQ=", "no base64 ü", [], [b"x" * 33], 7])
def test_a_key_that_is_none_is_refused_without_showing_it(key: Any) -> None:
    with pytest.raises((DefinitionError, TypeError)) as caught:
        AESGCMCodec(key)
    assert "short" not in str(caught.value)


def test_a_key_may_be_text_and_does_not_show() -> None:
    text = base64.b64encode(OLD).decode()
    assert AESGCMCodec(OLD).decrypt(AESGCMCodec(text).encrypt("x")) == "x"
    assert text not in repr(AESGCMCodec(text))


async def test_requests_leave_sealed_and_answers_are_opened() -> None:
    codec = AESGCMCodec(OLD)
    sealed_output = Sealing(codec).open  # only to name what the server would send
    assert sealed_output({"x": 1}) == {"x": 1}
    output = {"$encrypted": f"mainspring:{codec.encrypt('[1]')}"}
    client, door = Client("shop", codec=codec), RecordingDoor({}, run_object(status="SUCCESS", output=output))
    client.use_door(door)
    await client.store.set("k", "secret")
    (body,) = door.bodies
    assert list(body) == ["value"]
    assert is_sealed(body["value"])
    run = await client.runs.retrieve("run_1")
    assert run.output == [1]
