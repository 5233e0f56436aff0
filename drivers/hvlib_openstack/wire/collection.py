"""Collections: the objects of one type that a service has, and how it is asked for them."""

from __future__ import annotations

import msgspec

from hvlib_openstack.version import Version
from hvlib_openstack.wire.service import Parameters

__all__ = ["Collection"]


class Collection(msgspec.Struct, frozen=True):
    """One collection.

    | service, path: where it is
    | whole: the structure of all properties of its objects that hvlib reads
    | id: the property that refs name an object by
    | item: where one object is, below its identifier, and what the reply calls it; "": the reply is the object
    | parameters: what the collection is asked with, always
    | sparse: the native properties that some objects lack; None: any, as their owners name them
    | version: the microversion that is asked for, or of nova an older one that it knows; None: the newest
    """

    service: str
    path: str
    whole: type[msgspec.Struct]
    id: str = "id"
    item: tuple[str, str] | None = None
    parameters: Parameters = ()
    sparse: frozenset[str] | None = frozenset()
    version: Version | None = None
