"""neutron: networks."""

from __future__ import annotations

import configparser
from typing import Any

from servers.openstack.settings import Settings

__all__ = ["application", "migrate"]


def migrate(_: Settings) -> None:
    """Create the current tables directly: neutron's migrations don't run on SQLite."""
    import sqlalchemy
    from neutron.db.migration.models import head

    configuration = configparser.ConfigParser(strict=False)
    configuration.read("neutron.conf")
    head.get_metadata().create_all(sqlalchemy.create_engine(configuration["database"]["connection"]))


def application(_: Settings) -> Any:
    from neutron.wsgi import api

    return api.application
