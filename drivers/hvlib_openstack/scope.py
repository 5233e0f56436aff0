"""Scopes: the parameters that ask for the objects of the login's project or of all projects, and a count of servers."""

from __future__ import annotations

import msgspec
from msgspec import field

from hvlib.model.errors import InvalidQuery, NotFound, PermissionDenied, Unsupported
from hvlib_openstack.joins import sized
from hvlib_openstack.wire.client import Client
from hvlib_openstack.wire.service import Parameters

__all__ = ["count_servers", "readable_scope", "server_scope", "volume_scope"]

EVERY_PROJECT = [("all_tenants", "1")]


class Statistics(msgspec.Struct):
    running_vms: int


class Absolute(msgspec.Struct):
    servers: int = field(name="totalInstancesUsed")


class Limits(msgspec.Struct):
    absolute: Absolute


def server_scope(client: Client) -> Parameters:
    """Ask nova for the project's servers, or for all projects' servers if the session lists all projects."""
    return EVERY_PROJECT if client.all_projects else []


def volume_scope(client: Client) -> Parameters:
    """Ask cinder for the project's volumes, or for all projects' volumes if the session lists all projects.

    Raises `PermissionDenied` if all are wanted and the user is not an administrator: cinder would silently list only
    the project's volumes.
    """
    if not client.all_projects:
        return []
    if not client.login.administrator:
        raise PermissionDenied("only an administrator sees the volumes of all projects")
    return EVERY_PROJECT


def readable_scope(client: Client, listed: Parameters) -> Parameters:
    """Ask nova or cinder for every object that the user can read by its identifier, also if a listing leaves it out."""
    return EVERY_PROJECT if client.login.administrator else listed


def count_servers(client: Client) -> int | None:
    """Ask nova for the number of servers in `readable_scope`; None: this region does not show it to this user.

    An administrator gets the number of servers on all hosts; servers without a host are not counted.
    """
    try:
        return _of_all_hosts(client) if client.login.administrator else _of_the_project(client)
    except (InvalidQuery, NotFound, PermissionDenied, Unsupported):
        return None


def _of_all_hosts(client: Client) -> int:
    reply = client.compute.get("/os-hypervisors/statistics", version=sized(client))
    return reply.read(dict[str, Statistics])["hypervisor_statistics"].running_vms


def _of_the_project(client: Client) -> int:
    reply = client.compute.get("/limits", version=client.login.compute)
    return reply.read(dict[str, Limits])["limits"].absolute.servers
