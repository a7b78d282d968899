"""The links of approvals: signed for one environment, approval, person and end, so that they need no table."""

import hashlib
import hmac
from base64 import urlsafe_b64decode, urlsafe_b64encode

from mainspring.model.approvals import Approval

#: Where a link leads, on any server.
LINK_PATH = "/approvals/{id}/{person}/{signature}"
#: In a link, in the place of a person: anybody.
_ANYBODY = "-"


def link_of(key: bytes, approval: Approval, person: str) -> str:
    """The path of the page of `approval` for `person`; "": anybody's."""
    who = _text(person.encode()) or _ANYBODY
    return LINK_PATH.format(id=approval.id, person=who, signature=_text(_sign(key, approval, person)))


def read_person(text: str) -> str | None:
    """Whose link it is, as it says; "": anybody's; None when it says nothing that could be read."""
    if text == _ANYBODY or not text:
        return "" if text else None
    try:
        person = urlsafe_b64decode(text.encode("ascii") + b"=" * (-len(text) % 4)).decode()
    except ValueError:
        return None
    # Of many ways to write one name only ours counts.
    return person if _text(person.encode()) == text else None


def is_signed(key: bytes, approval: Approval, person: str, signature: str) -> bool:
    """Whether the signature is ours, in a time that tells nothing of how much of it is right."""
    return hmac.compare_digest(
        _text(_sign(key, approval, person)).encode(), signature.encode(errors="replace")
    )


def _sign(key: bytes, approval: Approval, person: str) -> bytes:
    # No part but the last may hold a newline: what is signed can be read in one way only.
    parts = ("approval", approval.environment_id, approval.id, str(approval.expires_at), person)
    return hmac.new(key, "\n".join(parts).encode(), hashlib.sha256).digest()


def _text(raw: bytes) -> str:
    return urlsafe_b64encode(raw).decode().rstrip("=")
