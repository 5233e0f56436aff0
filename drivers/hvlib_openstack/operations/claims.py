"""Claims: they let one of several processes take a step that must be taken once, where no service keeps a record of it.

A claim is an image without data, whose identifier follows from what is claimed: glance makes one image of an identifier
alone, and never another one, not even after its deletion.
"""

from __future__ import annotations

from contextlib import suppress
from datetime import datetime
from uuid import NAMESPACE_URL, uuid5

import msgspec

from hvlib.model.errors import Conflict, HvlibError, NotFound
from hvlib_openstack.wire.client import Client

__all__ = ["Claims"]


class Claim(msgspec.Struct):
    created_at: datetime


class Claims:
    """The claims of a session. Each is named for the image that the step is about."""

    def __init__(self, client: Client) -> None:
        self._client = client
        self._returned: set[str] = set()

    def take(self, image: str) -> bool:
        """POST /images: whether the step is to be taken now, here."""
        with suppress(KeyError):
            self._returned.remove(image)
            return True
        body = {"id": _id(image), "name": f"claim on {image}", "visibility": "private", "os_hidden": True}
        try:
            self._client.service("image").post("/images", body)
        except Conflict:
            return False
        return True

    def give_back(self, image: str) -> None:
        """Let the next caller here take the step: it was claimed, and then not taken."""
        self._returned.add(image)

    def age(self, image: str) -> float:
        """Seconds since the step was claimed; 0 where the claim is over. One round trip."""
        try:
            reply = self._client.service("image").get(f"/images/{_id(image)}")
        except NotFound:
            return 0.0
        return (reply.date - reply.read(Claim).created_at).total_seconds()

    def end(self, image: str) -> None:
        """DELETE /images/ID: nothing is to be seen of the claim any more, and no process can take it."""
        with suppress(HvlibError):
            self._client.service("image").delete(f"/images/{_id(image)}")


def _id(image: str) -> str:
    return str(uuid5(NAMESPACE_URL, f"hvlib:clone:{image}"))
