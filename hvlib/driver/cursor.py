"""Cursors: the text of a place in a server's changes, which can be kept, and which damage does not make another."""

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
    """The text of a place: its JSON and a checksum."""
    body = msgspec.json.encode(place)
    return WatchCursor(base64.urlsafe_b64encode(zlib.crc32(body).to_bytes(4, "big") + body).decode())


def decode_cursor(text: str, place: type[C]) -> C:
    """The place that `encode_cursor` wrote. Raises `CursorLost` for text that is no cursor of this type."""
    try:
        data = base64.b64decode(text.encode("ascii"), altchars=b"-_", validate=True)
        if zlib.crc32(data[4:]).to_bytes(4, "big") == data[:4]:
            return msgspec.json.decode(data[4:], type=place)
    except (ValueError, msgspec.DecodeError):
        pass
    raise CursorLost("this is no cursor of such a watch", hint=HINT)
