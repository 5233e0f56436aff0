"""The OpenStack projects of the region, and their entries in the catalogue."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DOMAIN", "HOSTS", "PROJECTS", "REGION", "SERVICES_PROJECT", "SERVICES_USER", "Project"]

REGION = "RegionOne"

HOSTS = ("compute-1", "compute-2")
"""The host names of the compute services."""

DOMAIN = "example.org"
"""The domain that is appended to these names in the names of their hypervisors."""

SERVICES_USER = "services"
"""The user that the services trust, and that administers the region. Tests never log in as this user."""

SERVICES_PROJECT = "service"


class Project(NamedTuple):
    """One project: a process that listens at a public and at an internal port."""

    name: str
    """The project's name: keystone, glance …"""

    type: str
    """The service type in the catalogue."""

    path: str
    """The path of the API in the catalogue."""


PROJECTS = (
    Project("keystone", "identity", "/v3"),
    Project("placement", "placement", ""),
    Project("glance", "image", ""),
    Project("neutron", "network", ""),
    Project("cinder", "block-storage", "/v3/%(project_id)s"),
    Project("nova", "compute", "/v2.1"),
)
