"""Collections: the objects of one type that a service has, and how they are requested."""

from __future__ import annotations

import msgspec

from hvlib_openstack.version import Version
from hvlib_openstack.wire.service import Parameters

__all__ = ["Collection"]


class Collection(msgspec.Struct, frozen=True):
    """One collection.

    | service, path: the type of the collection's service, and the collection's path there
    | whole: the structure of all properties of its objects that hvlib reads
    | id: the property that refs name an object by
    | item: the path before an object's identifier, and the object's key in the reply ("": the reply is the object);
      None: the service has no request for one object
    | parameters: the parameters of every listing of the collection
    | sparse: the native properties that some objects lack; None: any, since owners choose their names
    | version: the microversion of requests, for nova at most its newest; None: nova's newest, or none for others
    """

    service: str
    path: str
    whole: type[msgspec.Struct]
    id: str = "id"
    item: tuple[str, str] | None = None
    parameters: Parameters = ()
    sparse: frozenset[str] | None = frozenset()
    version: Version | None = None
