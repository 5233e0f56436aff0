"""The requests of the OpenStack replay and what each does."""

from __future__ import annotations

import json
import re
import threading
from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import replace
from typing import Any

from servers import http_service
from servers.openstack_replay.action import Actions
from servers.openstack_replay.clock import Clock
from servers.openstack_replay.collection import (
    COMPUTE,
    IMAGE,
    NETWORK,
    SERVER_PAGES,
    UNPAGED,
    VOLUME,
    Collection,
    Paging,
    Row,
)
from servers.openstack_replay.compute import aggregate, flavor, hypervisor, server, sized_hypervisor
from servers.openstack_replay.identity import Credentials, Identity
from servers.openstack_replay.message import Refused, Reply, Request, json_reply, refusal
from servers.openstack_replay.network import network, port, subnet
from servers.openstack_replay.region import FLAVORS, IMAGES, NETWORKS, Record, Region, encode, stamp
from servers.openstack_replay.storage import image, volume
from servers.openstack_replay.versions import document, negotiate

__all__ = ["Service"]

SERVERS = "/compute/v2.1/servers/detail"
CREATION = "/compute/v2.1/servers"
SERVER = "/compute/v2.1/servers/{id}"
HYPERVISORS = "/compute/v2.1/os-hypervisors/detail"
STATISTICS = "/compute/v2.1/os-hypervisors/statistics"
VOLUMES = "/volume/v3/{project_id}/volumes/detail"
BRIEF = {CREATION: SERVERS, "/volume/v3/{project_id}/volumes": VOLUMES}
"""Paths that list the same rows with few fields."""

ITEMS = {
    SERVER: (SERVERS, "server"),
    "/volume/v3/{project_id}/volumes/{id}": (VOLUMES, "volume"),
    "/image/v2/images/{id}": ("/image/v2/images", ""),
    "/network/v2.0/networks/{id}": ("/network/v2.0/networks", "network"),
}
"""Paths of single rows: the collection, and the key of the row in the reply; "": the reply is the row itself."""

NAMED = ("id", "name", "links")
TOKENS = "/identity/v3/auth/tokens"
TEMPLATES = (
    (re.compile(r"^/compute/v2\.1/servers/(?!detail(/|$))[^/]+(?=/|$)"), SERVER),
    (re.compile(r"^/volume/v3/[0-9a-f]{32}(?=/|$)"), "/volume/v3/{project_id}"),
    (re.compile(r"(?<=/volumes/)(?!detail$)[^/]+$|(?<=/v2/images/)[^/]+$|(?<=/v2\.0/networks/)[^/]+$"), "{id}"),
)
RUNNING = {"status": "ACTIVE", "OS-EXT-STS:vm_state": "active", "OS-EXT-STS:power_state": 1}
GONE = {"status": "DELETED", "OS-EXT-STS:vm_state": "deleted", "OS-EXT-STS:power_state": 0, "addresses": {}}


class Service(http_service.Service):
    """All services of the region, and the administrator's door."""

    def __init__(self, servers: int, origin: str, credentials: Credentials) -> None:
        self.clock = Clock()
        self.identity = Identity(credentials, self.clock)
        self._region = Region(servers, origin)
        self._made = servers
        self._requests: Counter[str] = Counter()
        self._lock = threading.Lock()
        self._collections = _collections(self._region)
        self._actions = Actions(self._collections[SERVERS], self.clock)
        self._sized_hypervisors = _collection(
            self._region, "hypervisors", COMPUTE, sized_hypervisor, range(self._region.hosts)
        )
        self._calls: dict[str, Callable[..., Any]] = {
            "create_server": self._create_server,
            "delete_server": self._delete_server,
            "forget_deleted": self._collections[SERVERS].forget,
            "tag_server": self._tag_server,
            "withdraw": self.identity.withdraw,
            "expire_tokens": self.identity.expire,
            "rename_server": self._rename_server,
            "requests": lambda: dict(self._requests),
            "set_skew": lambda seconds: setattr(self.clock, "skew", seconds),
            "set_token_life": lambda seconds: setattr(self.identity, "token_life", seconds),
            "tokens": lambda: {"issued": self.identity.issued, "valid": self.identity.valid},
        }

    @property
    def calls(self) -> Mapping[str, Callable[..., Any]]:
        """The administrator's calls, which are not counted."""
        return self._calls

    def answer(self, request: Request) -> Reply:
        """Return the reply to a client's request."""
        self._actions.settle()
        template = _template(request.path)
        with self._lock:
            self._requests[f"{request.method} {template}"] += 1
        try:
            return self._reply(request, template)
        except Refused as refused:
            return refusal(request.service, refused)

    def _reply(self, request: Request, template: str) -> Reply:
        path = template.removesuffix("/{project_id}")
        versions = document(path, request.origin) if request.method == "GET" else None
        if versions:
            return versions
        if (request.method, template) == ("POST", TOKENS):
            return self.identity.issue(request)
        self.identity.check(request)
        if (request.method, template) == ("DELETE", TOKENS):
            self.identity.revoke(request.headers.get("X-Subject-Token", ""))
            return Reply(204)
        version, headers = negotiate(request)
        if request.method == "GET" and template in ITEMS:
            return self._row(request, template, headers)
        if request.method == "GET" and template == STATISTICS:
            statistics = {"running_vms": self._collections[SERVERS].count}
            return json_reply(200, {"hypervisor_statistics": statistics}, headers)
        if template.startswith(f"{SERVER}/") or (request.method, template) in (("POST", CREATION), ("DELETE", SERVER)):
            reply = self._server_reply(request)
            return replace(reply, headers={**reply.headers, **headers})
        collection = self._collections.get(BRIEF.get(template, template))
        if request.method != "GET" or collection is None:
            raise Refused(404, "The resource could not be found.")
        if template == HYPERVISORS and version < (2, 88):
            collection = self._sized_hypervisors
        page = collection.page(request, NAMED if template in BRIEF else ())
        return replace(page, headers={**page.headers, **headers})

    def _row(self, request: Request, template: str, headers: Mapping[str, str]) -> Reply:
        rows, key = ITEMS[template]
        data = self._collections[rows].find(request.path.rpartition("/")[2]).data
        body = f'{{"{key}": '.encode() + data + b"}" if key else data
        return Reply(200, body, {"Content-Type": "application/json", **headers})

    def _server_reply(self, request: Request) -> Reply:
        *_, server, last = request.path.split("/")
        match request.method, last:
            case "POST", "action":
                return self._actions.act(server, request)
            case "GET", "os-instance-actions":
                return self._actions.listing(server)
            case "POST", "servers":
                created = self._create_server(json.loads(request.body)["server"]["name"])
                self._actions.note(created, "create", request)
                return json_reply(202, {"server": {"id": created}})
            case "DELETE", id:
                self._delete_server(id)
                self._actions.note(id, "delete", request)
                return Reply(204)
        raise Refused(404, "The resource could not be found.")

    def _create_server(self, name: str) -> str:
        with self._lock:
            number, self._made = self._made, self._made + 1
        record, now = server(self._region, number), self.clock.now().replace(microsecond=0)
        record.pop("fault", None)
        record |= {"name": name, "created": stamp(now), "updated": stamp(now), **RUNNING}
        self._collections[SERVERS].put(Row(record["id"], encode(record), now))
        return str(record["id"])

    def _delete_server(self, id: str) -> None:
        self._change_server(id, deleted=True, **GONE)

    def _rename_server(self, id: str, name: str) -> None:
        self._change_server(id, name=name)

    def _tag_server(self, id: str, tags: Sequence[str]) -> None:
        row = self._collections[SERVERS].find(id)
        self._collections[SERVERS].put(replace(row, data=encode(json.loads(row.data) | {"tags": tags})))

    def _change_server(self, id: str, *, deleted: bool = False, **fields: Any) -> None:
        now = self.clock.now().replace(microsecond=0)
        record = json.loads(self._collections[SERVERS].find(id).data) | fields | {"updated": stamp(now)}
        self._collections[SERVERS].put(Row(id, encode(record), now, deleted))


def _collections(region: Region) -> dict[str, Collection]:
    """Return the collections by the template of their path. Rows are newest first; in networking, by identifier."""
    newest = range(region.servers - 1, -1, -1)
    volumes = range((region.servers + 3) // 4 - 1, -1, -1)
    return {
        SERVERS: _collection(region, "servers", SERVER_PAGES, server, newest),
        "/compute/v2.1/flavors/detail": _collection(region, "flavors", COMPUTE, flavor, range(FLAVORS)),
        HYPERVISORS: _collection(region, "hypervisors", COMPUTE, hypervisor, range(region.hosts)),
        "/compute/v2.1/os-aggregates": _collection(region, "aggregates", UNPAGED, aggregate, range(4)),
        "/image/v2/images": _collection(region, "images", IMAGE, image, range(IMAGES - 1, -1, -1)),
        "/network/v2.0/networks": _collection(region, "networks", NETWORK, network, range(NETWORKS)),
        "/network/v2.0/subnets": _collection(region, "subnets", NETWORK, subnet, range(NETWORKS)),
        "/network/v2.0/ports": _collection(region, "ports", NETWORK, port, range(region.servers)),
        VOLUMES: _collection(region, "volumes", VOLUME, volume, volumes),
    }


def _collection(
    region: Region, key: str, paging: Paging, make: Callable[[Region, int], Record], numbers: Iterable[int]
) -> Collection:
    records = (make(region, number) for number in numbers)
    return Collection(key, paging, [Row(str(record["id"]), encode(record)) for record in records])


def _template(path: str) -> str:
    path = path.rstrip("/") or "/"
    for pattern, template in TEMPLATES:
        path = pattern.sub(template, path)
    return path
