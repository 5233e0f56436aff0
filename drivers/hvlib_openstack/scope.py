"""Scopes: the parameters that ask for the objects of the login's project, or for those of all projects."""

from __future__ import annotations

from hvlib.model.errors import PermissionDenied
from hvlib_openstack.wire.client import Client
from hvlib_openstack.wire.service import Parameters

__all__ = ["server_scope", "volume_scope"]

EVERY_PROJECT = [("all_tenants", "1")]


def server_scope(client: Client) -> Parameters:
    """Ask nova for the project's servers, or for all projects' servers if the session is for these."""
    return EVERY_PROJECT if client.all_projects else []


def volume_scope(client: Client) -> Parameters:
    """Ask cinder for the project's volumes, or for all projects' volumes if the session is for these.

    Raises `PermissionDenied` if all are wanted and the user is no administrator: cinder would list the project's own
    without a word.
    """
    if not client.all_projects:
        return []
    if not client.login.administrator:
        raise PermissionDenied("only an administrator sees the volumes of all projects")
    return EVERY_PROJECT
