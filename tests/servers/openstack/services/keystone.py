"""keystone: users, their logins, and the catalogue of services."""

from __future__ import annotations

import os
from base64 import urlsafe_b64encode
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_DNS, uuid5

import keystone.server
from keystone.cmd.bootstrap import PROVIDERS, Bootstrapper
from keystone.common.sql import upgrades

from servers.openstack.projects import PROJECTS, REGION, SERVICES_PROJECT, SERVICES_USER
from servers.openstack.settings import Settings

__all__ = ["application", "migrate"]


def migrate(settings: Settings) -> None:
    for keys in ("keys/tokens", "keys/credentials"):
        _make_keys(Path(keys))
    keystone.server.configure(config_files=["keystone.conf"])
    upgrades.offline_sync_database_to_version()
    made = Bootstrapper()
    made.project_name = SERVICES_PROJECT
    made.admin_username = SERVICES_USER
    made.admin_password = settings.password
    made.admin_role_name = "admin"
    made.region_id = REGION
    made.bootstrap()
    # The services send their own token with a user's token. This role makes it accepted.
    PROVIDERS.assignment_api.add_role_to_user_and_project(made.admin_user_id, made.project_id, made.service_role_id)
    for project in PROJECTS:
        PROVIDERS.catalog_api.create_service(
            _id(project.name), {"id": _id(project.name), "name": project.name, "type": project.type}
        )


def application(settings: Settings) -> Any:
    from keystone.wsgi import api

    _write_catalogue({"public": settings.public, "internal": settings.internal, "admin": settings.internal})
    return api.application


def _id(service: str) -> str:
    """Return a service's id, in the format of keystone's ids."""
    return uuid5(NAMESPACE_DNS, service).hex


def _make_keys(folder: Path) -> None:
    """Make two keys: the current one and the next one."""
    folder.mkdir(parents=True, mode=0o700)
    for name in ("0", "1"):
        path = folder / name
        path.touch(mode=0o600)
        path.write_bytes(urlsafe_b64encode(os.urandom(32)))


def _write_catalogue(interfaces: dict[str, dict[str, str]]) -> None:
    """Write the services' addresses into the catalogue: a copied region has other ports."""
    catalog = PROVIDERS.catalog_api
    known = {endpoint["id"] for endpoint in catalog.list_endpoints()}
    for interface, addresses in interfaces.items():
        for project in PROJECTS:
            endpoint = {
                "id": f"{project.name}-{interface}",
                "service_id": _id(project.name),
                "interface": interface,
                "region_id": REGION,
                "url": addresses[project.name] + project.path,
            }
            write = catalog.update_endpoint if endpoint["id"] in known else catalog.create_endpoint
            write(endpoint["id"], endpoint)
