"""Paging: any collection of any OpenStack service, page by page.

The services differ in how they name the next page: nova, cinder and neutron put links beside the items, glance and
keystone have a link of their own, and some collections have none. Only the parameters of a link are used, never its
address: behind a proxy, services call themselves by other names.

    from hvlib_openstack.paging import SdkClient, pages

    with hvlib.connect("openstack://prod") as provider:
        for page in pages(SdkClient(provider.native.compute), "/os-keypairs", "keypairs"):
            print(page.reply.request_id, len(page.items))
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any, Generic, Protocol, TypeVar, cast, overload
from urllib.parse import parse_qsl, urlsplit

import msgspec
from keystoneauth1.adapter import Adapter
from keystoneauth1.exceptions import CatalogException, ClientException, Unauthorized
from openstack.exceptions import SDKException, ServiceDisabledException

from hvlib.model.errors import AuthenticationFailed, ProtocolError, Unsupported
from hvlib_openstack.errors import refusal
from hvlib_openstack.version import Version
from hvlib_openstack.wire.connections import transport_errors
from hvlib_openstack.wire.reply import Reply
from hvlib_openstack.wire.service import Parameters

__all__ = ["MARKER", "CollectionClient", "CollectionPage", "SdkClient", "page_at", "pages"]

T = TypeVar("T")

MARKER = "marker"
"""The parameter that says after which item a page begins."""


class CollectionClient(Protocol):
    """Sends GET requests to one service."""

    def get(self, path: str, parameters: Parameters = (), version: Version | None = None) -> Reply:
        """GET: one round trip. Raises hvlib's errors."""


class SdkClient:
    """A service through openstacksdk: ``provider.native.compute``, or any adapter of keystoneauth."""

    def __init__(self, adapter: Adapter) -> None:
        self._adapter = adapter

    def get(self, path: str, parameters: Parameters = (), version: Version | None = None) -> Reply:
        """`CollectionClient.get`."""
        microversion = None if version is None else str(version)
        service = self._adapter.service_type or "the service"
        try:
            with transport_errors(service):
                response = self._adapter.get(path, params=list(parameters), raise_exc=False, microversion=microversion)
        except Unauthorized as error:
            raise AuthenticationFailed(f"the login is refused: {error}") from error
        except (CatalogException, ServiceDisabledException) as error:
            raise Unsupported(f"there is no {service}: {error}") from error
        except (ClientException, SDKException) as error:
            raise ProtocolError(f"the request to {service} failed: {error}") from error
        if response.status_code >= 400:
            raise refusal(response)
        return Reply(response.status_code, response.headers, response.content)


class CollectionPage(msgspec.Struct, Generic[T], frozen=True):
    """One page: its items, its reply, and the parameters to add for the next page; None: there is no next page."""

    items: Sequence[T]
    reply: Reply
    next: Parameters | None


class Link(msgspec.Struct):
    rel: str
    href: str


class Links(msgspec.Struct):
    next: str | None = None


@overload
def pages(
    client: CollectionClient,
    path: str,
    key: str,
    *,
    parameters: Parameters = (),
    version: Version | None = None,
    marker: str | None = None,
) -> Iterator[CollectionPage[dict[str, Any]]]: ...


@overload
def pages(
    client: CollectionClient,
    path: str,
    key: str,
    *,
    parameters: Parameters = (),
    type: type[T],
    version: Version | None = None,
    marker: str | None = None,
) -> Iterator[CollectionPage[T]]: ...


def pages(
    client: CollectionClient,
    path: str,
    key: str,
    *,
    parameters: Parameters = (),
    type: type[Any] = dict,
    version: Version | None = None,
    marker: str | None = None,
) -> Iterator[CollectionPage[Any]]:
    """All pages of a collection. Each takes one round trip, made when the caller reaches the page.

    | path, key: the collection's path, and its key in the reply
    | parameters: the collection's filters, and ``limit``, the number of items per page
    | type: the type that an item is decoded into: a msgspec structure, or a dict
    | marker: for a collection without links: the items' field to use as marker. An empty page is the last one

    Raises `ProtocolError` if the pages have no end, and the service's refusal as an error of hvlib.
    """
    added: Parameters | None = ()
    seen: set[tuple[tuple[str, str], ...]] = set()
    while added is not None:
        page = page_at(client, path, key, [*parameters, *added], type, version)
        yield page
        added = page.next if marker is None else _after(page.items, marker)
        if added is not None and tuple(added) in seen:
            raise ProtocolError(f"the pages of {path} have no end: one leads back to another")
        seen.add(tuple(added or ()))


def page_at(
    client: CollectionClient, path: str, key: str, parameters: Parameters, type: type[T], version: Version | None = None
) -> CollectionPage[T]:
    """One page: one round trip."""
    reply = client.get(path, parameters, version)
    envelope = reply.read(_envelope(key, cast(Any, type)))
    href = envelope.next or _next(envelope)
    return CollectionPage(envelope.items, reply, None if href is None else _position(path, href))


def _next(envelope: Any) -> str | None:
    """The link to the next page that stands beside the items."""
    if isinstance(envelope.links, Links):
        links, href = [*envelope.plural, *envelope.singular], envelope.links.next
    else:
        links, href = [*envelope.plural, *envelope.singular, *envelope.links], None
    return href or next((link.href for link in links if link.rel == "next"), None)


def _after(items: Sequence[Any], marker: str) -> Parameters | None:
    if not items:
        return None
    last = items[-1]
    return [(MARKER, str(last[marker] if isinstance(last, dict) else getattr(last, marker)))]


def _position(path: str, href: str) -> Parameters:
    """The parameters of a link that name a position in the collection. The link's own address is not used."""
    position = [(name, value) for name, value in parse_qsl(urlsplit(href).query) if name in (MARKER, "page", "offset")]
    if not position:
        raise ProtocolError(f"the link to the next page of {path} does not say where the page begins: {href}")
    return position


@lru_cache(maxsize=256)
def _envelope(key: str, item: Any) -> Any:
    """The type of a reply. Cinder's links for ``volume_types`` are in ``volume_type_links``."""
    return msgspec.defstruct(
        "Envelope",
        [
            ("items", list[item], msgspec.field(name=key)),
            ("plural", list[Link], msgspec.field(name=f"{key}_links", default_factory=list)),
            ("singular", list[Link], msgspec.field(name=f"{key[:-1]}_links", default_factory=list)),
            ("links", list[Link] | Links, msgspec.field(default_factory=list)),
            ("next", str | None, None),
        ],
    )
