"""Migrations: moving a server to another host, live or not."""

from __future__ import annotations

from hvlib.driver import Steps
from hvlib.model.actions import Migrate
from hvlib.model.errors import NotFound
from hvlib.model.ref import Ref
from hvlib_openstack.joins import Hypervisor, sized
from hvlib_openstack.operations.confirmation import move_and_confirm
from hvlib_openstack.operations.live_migration_outcome import LIVE_MIGRATION
from hvlib_openstack.operations.operation import act_on_server
from hvlib_openstack.operations.server_outcome import status_of
from hvlib_openstack.wire.client import Client

__all__ = ["migrate_server"]


def migrate_server(client: Client, server: str, migrate: Migrate, steps: Steps) -> None:
    """The action os-migrateLive; if the server is off or not to be moved live, migrate and confirmResize.

    For a chosen host nova needs the name of its compute service: one more read.
    """
    named = migrate.host
    host = None if named is None else steps.read(lambda: _service_host(client, named))
    if migrate.live and steps.read(lambda: status_of(client, server)) != "SHUTOFF":
        body = {"os-migrateLive": {"host": host, "block_migration": "auto"}}
        steps.run(lambda: act_on_server(client, server, LIVE_MIGRATION, body))
    else:
        move_and_confirm(client, server, "migrate", {"migrate": {"host": host} if host else None}, steps)


def _service_host(client: Client, host: Ref) -> str:
    """The name of a hypervisor's compute service, which need not be the hypervisor's own. Raises `NotFound`.

    One round trip.
    """
    named = [("hypervisor_hostname_pattern", host.id)]  # Nova searches for it.
    reply = client.compute.get("/os-hypervisors/detail", named, sized(client))
    hypervisors = reply.read(dict[str, list[Hypervisor]])["hypervisors"]
    service = next((found.service.host for found in hypervisors if found.hypervisor_hostname == host.id), None)
    if service is None:
        raise NotFound(f"there is no hypervisor {host.id!r}")
    return service
