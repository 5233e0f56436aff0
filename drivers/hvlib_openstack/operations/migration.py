"""Migrations: moving a server to another host, live or not."""

from __future__ import annotations

from hvlib.driver import Started
from hvlib.model.actions import Migrate
from hvlib.model.errors import NotFound, Unsupported
from hvlib.model.ref import Ref
from hvlib_openstack.joins import Hypervisor, sized
from hvlib_openstack.operations.live_migration import LIVE_MIGRATION
from hvlib_openstack.operations.operation import act_on_server
from hvlib_openstack.operations.outcome import status_of
from hvlib_openstack.wire.client import Client

__all__ = ["migrate_server"]


def migrate_server(client: Client, server: str, migrate: Migrate) -> Started:
    """The action os-migrateLive; migrate of a server that is off or is not to be moved live, and confirmResize.

    For a host, nova wants the name of its compute service: one more look.
    """
    if migrate.pool is not None:
        raise Unsupported("nova moves no volumes from one type to another", hint="retype the volume: native")
    host = None if migrate.host is None else _service_host(client, migrate.host)
    if migrate.live and status_of(client, server) != "SHUTOFF":
        body = {"os-migrateLive": {"host": host, "block_migration": "auto"}}
        return act_on_server(client, server, LIVE_MIGRATION, body)
    return act_on_server(client, server, "migrate", {"migrate": {"host": host} if host else None})


def _service_host(client: Client, host: Ref) -> str:
    """The name of a hypervisor's compute service, which need not be the hypervisor's own. Raises `NotFound`.

    One round trip.
    """
    named = [("hypervisor_hostname_pattern", host.id)]  # which nova searches for
    reply = client.compute.get("/os-hypervisors/detail", named, sized(client))
    found = reply.read(dict[str, list[Hypervisor]])["hypervisors"]
    service = next((each.service.host for each in found if each.hypervisor_hostname == host.id), None)
    if service is None:
        raise NotFound(f"there is no hypervisor {host.id!r}")
    return service
