"""The vendor's SDK: openstacksdk's Connection, in this driver's login."""

from __future__ import annotations

from typing import Any

from openstack.config.cloud_region import CloudRegion

__all__ = ["connection"]


def connection(region: CloudRegion) -> Any:
    """An ``openstack.connection.Connection`` that shares the region's session, and with it the login."""
    from openstack.connection import Connection

    return Connection(config=region)
