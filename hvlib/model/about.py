"""About: the server's own name, version and identity."""

from __future__ import annotations

import msgspec

__all__ = ["About"]


class About(msgspec.Struct, frozen=True):
    """The server's own name, version and identity.

    | product, version, api_version: as the server spells them
    | uuid: the server's own identity, the same in every session
    """

    product: str
    version: str
    api_version: str
    uuid: str
