"""Cursors: a position in a server's changes as text that a user can keep. A checksum detects damaged text."""

from __future__ import annotations

import base64
import zlib
from typing import TypeVar

import msgspec

from hvlib.model.errors import CursorLost
from hvlib.model.event import WatchCursor

__all__ = ["decode_cursor", "encode_cursor"]

C = TypeVar("C", bound=msgspec.Struct)

HINT = "use known= with your last records"


def encode_cursor(place: msgspec.Struct) -> WatchCursor:
    """The text of a position: its JSON and a checksum, in base64."""
    body = msgspec.json.encode(place)
    return WatchCursor(base64.urlsafe_b64encode(zlib.crc32(body).to_bytes(4, "big") + body).decode())


def decode_cursor(text: str, place: type[C]) -> C:
    """The position that `encode_cursor` wrote. Raises `CursorLost` for text that is not a cursor of this type."""
    try:
        data = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
        if zlib.crc32(data[4:]).to_bytes(4, "big") == data[:4]:
            return msgspec.json.decode(data[4:], type=place)
    except (ValueError, msgspec.DecodeError):
        pass
    raise CursorLost("the text is damaged, or is not a cursor of this kind of watch", hint=HINT)
