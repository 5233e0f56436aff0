"""Replies of the services: headers, body and the request's identifier."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import UTC, datetime
from email.utils import parsedate_to_datetime
from functools import lru_cache
from typing import Any, TypeVar, cast

import msgspec

from hvlib.model.errors import ProtocolError

__all__ = ["Reply"]

T = TypeVar("T")


class Reply(msgspec.Struct, frozen=True):
    """One reply of a service that is not a refusal.

    | headers: by name, in any case
    | body: the bytes of the reply
    """

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def request_id(self) -> str | None:
        """The service's identifier of the request, as in its logs and its instance actions."""
        return self.headers.get("x-openstack-request-id") or self.headers.get("x-compute-request-id")

    @property
    def date(self) -> datetime:
        """When the service replied, by its own clock, to the second. Raises `ProtocolError` if there is no date."""
        try:
            moment = parsedate_to_datetime(self.headers["Date"])
        except (KeyError, ValueError) as error:
            raise ProtocolError("the reply has no valid Date header") from error
        return moment if moment.tzinfo else moment.replace(tzinfo=UTC)

    def read(self, type: type[T]) -> T:
        """Decode the JSON body into a structure. Raises `ProtocolError` if it is cut off, not JSON, or does not fit."""
        try:
            decoder: msgspec.json.Decoder[T] = _decoder(cast(Any, type))
            return decoder.decode(self.body)
        except (msgspec.DecodeError, UnicodeDecodeError) as error:
            raise ProtocolError(
                f"the server's answer can't be read: {error}",
                native=self.body[:200],
                request_id=self.request_id,
                hint="is this the service's own address? A proxy may answer in its place",
            ) from error

    def json(self) -> Any:
        """The body as plain values."""
        return self.read(object)


@lru_cache(maxsize=512)
def _decoder(type: Any) -> msgspec.json.Decoder[Any]:
    return msgspec.json.Decoder(type)
