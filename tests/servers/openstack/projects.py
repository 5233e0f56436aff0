"""The projects of OpenStack that make the region, and how they are found."""

from __future__ import annotations

from typing import NamedTuple

__all__ = ["DOMAIN", "HOSTS", "PROJECTS", "REGION", "SERVICES_PROJECT", "SERVICES_USER", "Project"]

REGION = "RegionOne"

HOSTS = ("compute-1", "compute-2")
"""The names of compute services."""

DOMAIN = "example.org"
"""What the names of their hypervisors end in besides."""

SERVICES_USER = "services"
"""Whom the services trust, and who administers the region for tests. Tests never log in as this user."""

SERVICES_PROJECT = "service"


class Project(NamedTuple):
    """One project: a process that listens at a public and at an internal port."""

    name: str
    """keystone, glance …"""

    type: str
    """What it is called in the catalogue."""

    path: str
    """Where its API begins, as the catalogue says it."""


PROJECTS = (
    Project("keystone", "identity", "/v3"),
    Project("placement", "placement", ""),
    Project("glance", "image", ""),
    Project("neutron", "network", ""),
    Project("cinder", "block-storage", "/v3/%(project_id)s"),
    Project("nova", "compute", "/v2.1"),
)
