"""OpenStack: a region of real services, on one machine."""

from __future__ import annotations

import json
import shutil
import sqlite3
import tempfile
import time
from argparse import ArgumentParser
from collections import Counter
from collections.abc import Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, ClassVar
from uuid import uuid4

from servers.openstack import cache, environment
from servers.openstack.administrator import Administrator
from servers.openstack.copying import Identity, Original, copy, now, originals
from servers.openstack.estate import Estate
from servers.openstack.projects import PROJECTS, REGION
from servers.openstack.region import Region
from servers.openstack.settings import PAGE
from servers.server import Server

__all__ = ["OpenStack"]


TASK_TIMEOUT = 60.0
POLL_INTERVAL = 0.01
LOST_CELL = "10000000-0000-4000-8000-000000000000"
DRAIN_SECONDS = 0.3
"""How long requests that are under way may still take, in seconds."""


class OpenStack(Server):
    """keystone, placement, glance, neutron, cinder, and nova with two hosts in an aggregate.

    The project ``admin`` has ``servers`` servers: the first two have the same name, and every fourth is off. The
    project ``member`` has two more. A page of nova's has at most ``page`` servers. Each project has a user with the
    project's name and the role of that name. The methods below `close` are an administrator's, whose requests are not
    counted.
    """

    name: ClassVar[str] = "openstack"
    about: ClassVar[str] = "an OpenStack region with the real services"

    def __init__(self, servers: int = 20, page: int = PAGE) -> None:
        self.servers = servers
        self._page = page
        self._temporary = tempfile.TemporaryDirectory(prefix="hvlib-openstack-")
        self._folder = Path(self._temporary.name, "region")
        self._region: Region | None = None
        self._estate: Estate | None = None
        self._original: Original | None = None
        self._copies = 0

    @classmethod
    def add_options(cls, parser: ArgumentParser) -> None:
        parser.add_argument("--servers", type=int, default=20, help="servers, beside the member's two (%(default)s)")

    @classmethod
    def build(cls) -> None:
        with environment.locked():
            cache.prepare(cache.MADE_BY_NOVA)

    @property
    def url(self) -> str:
        return "openstack://admin"

    @property
    def clouds(self) -> Path:
        """The path of clouds.yaml, which has the clouds ``admin`` and ``member``."""
        return Path(self._temporary.name, "clouds.yaml")

    @property
    def environment(self) -> dict[str, str]:
        admin = self._cloud("admin")["auth"]
        variables = {f"OS_{name.upper()}": value for name, value in admin.items()}
        return {
            **super().environment,
            **variables,
            "OS_REGION_NAME": REGION,
            "OS_IDENTITY_API_VERSION": "3",
            "OS_CLIENT_CONFIG_FILE": str(self.clouds),
        }

    @property
    def addresses(self) -> dict[str, str]:
        """The public address of each service, by ``nova``, ``keystone`` …."""
        return self._running.settings.public

    @property
    def pids(self) -> dict[str, int]:
        """The process id of each service."""
        return self._running.pids

    @property
    def estate(self) -> Estate:
        """The identifiers and passwords."""
        assert self._estate
        return self._estate

    def start(self) -> None:
        shutil.rmtree(self._folder, ignore_errors=True)
        self._original = None
        self._estate, password = cache.copy(self._folder, self.servers)
        if not self._region:
            self._region = Region(self._folder, password, self._page)
        self._region.start()
        clouds = {"clouds": {user: self._cloud(user) for user in self.estate.passwords}}
        self.clouds.touch(mode=0o600)
        self.clouds.write_text(json.dumps(clouds, indent=1))  # JSON is YAML too

    def stop(self) -> None:
        if self._region:
            self._region.stop()

    def close(self) -> None:
        super().close()
        self._temporary.cleanup()

    def administrator(self, project: str = "admin") -> Administrator:
        """Return an administrator with all permissions, logged in to a project."""
        return Administrator(self._running.settings, project)

    def create_server(self, name: str, **fields: Any) -> str:
        """Make a server in the project ``admin``, wait until it runs, and return its identifier."""
        return self.administrator().create_server(name, **{**self.estate.server, **fields})

    def copy_server(self, name: str) -> str:
        """Copy a server of the project ``admin`` that is off, in a few milliseconds. Return the copy's identifier."""
        if self._original is None:
            states = {server["id"]: server["status"] for server in self.administrator().servers()}
            servers = originals(self._folder, self.estate.projects["admin"])
            self._original = next(server for server in servers if states[server.identity.uuid] == "SHUTOFF")
        self._copies += 1
        identity = Identity.numbered(str(uuid4()), name, self.servers + self._copies)
        copy(self._folder, [self._original], [identity])
        return identity.uuid

    def wait_until_idle(self, id: str) -> None:
        """Wait until no task is under way on a server."""
        deadline = time.monotonic() + TASK_TIMEOUT
        while self.vm_state(id) is None and time.monotonic() < deadline:
            time.sleep(POLL_INTERVAL)

    def wait_for_server(self, id: str, vm_state: str) -> None:
        """Wait until nova's database has this state for a server and no task is under way. The API would take 0.1 s."""
        deadline = time.monotonic() + TASK_TIMEOUT
        while (current := self.vm_state(id)) != vm_state:
            if current == "error" or time.monotonic() > deadline:
                raise TimeoutError(f"the server {id} is {current or 'busy'}, not {vm_state}")
            time.sleep(POLL_INTERVAL)

    def vm_state(self, id: str) -> str | None:
        """Return a server's state in nova's database: ``active``, ``stopped``, ``deleted`` …; None during a task."""
        query = """
            SELECT CASE WHEN deleted OR (task_state IS NULL AND vm_state != 'deleted') THEN vm_state END
            FROM instances WHERE uuid = ?
        """
        with closing(sqlite3.connect(self._folder / "nova.sqlite")) as nova:
            (state,) = nova.execute(query, [id]).fetchone()
        return None if state is None else str(state)

    def rename_server(self, id: str, name: str) -> None:
        """Rename a server in nova's database. The API takes 0.1 s, and only names in the basic multilingual plane."""
        query = "UPDATE instances SET display_name = ?, updated_at = ? WHERE uuid = ?"
        with closing(sqlite3.connect(self._folder / "nova.sqlite", timeout=TASK_TIMEOUT)) as nova, nova:
            nova.execute(query, [name, now(), id])

    def guests(self) -> list[tuple[str, str]]:
        """Return the log of guests: servers' identifiers with ``boot``, or a requested ``shutdown`` or ``reboot``."""
        log = self._folder / "guests"
        lines = log.read_text().splitlines() if log.exists() else []
        return [(id, event) for id, _, event in (line.partition(" ") for line in lines)]

    def set_page(self, page: int) -> None:
        """Set the maximum of servers in a page of nova's. This restarts nova."""
        self._running.page = page
        self._running.start_anew("nova")

    def lose_cell(self, *ids: str) -> None:
        """Put servers into a separate cell, and break its database.

        Nova is restarted before the database is broken: it reads the list of cells only when it starts, and does not
        start if a cell's database is broken.
        """
        for old_file in self._folder.glob("lost.sqlite*"):
            old_file.unlink()
        shutil.copy(self._folder / "nova.sqlite", self._folder / "lost.sqlite")
        add = """
            INSERT OR IGNORE INTO cell_mappings (uuid, name, transport_url, database_connection, disabled)
            SELECT ?, 'lost', transport_url, 'sqlite:///lost.sqlite', 0 FROM cell_mappings WHERE name = 'cell1'
        """
        with closing(sqlite3.connect(self._folder / "nova_api.sqlite")) as api, api:
            api.execute(add, [LOST_CELL])
        self._put_into_cell("lost", ids)
        self._running.start_anew("nova")
        (self._folder / "lost.sqlite").write_text("This is no database any more." * 1000)

    def find_cell(self, *ids: str) -> None:
        """Put the servers back into the first cell. Nova can then start without the lost cell."""
        self._put_into_cell("cell1", ids)
        with closing(sqlite3.connect(self._folder / "nova_api.sqlite", timeout=TASK_TIMEOUT)) as api, api:
            api.execute("DELETE FROM cell_mappings WHERE uuid = ?", [LOST_CELL])

    def _put_into_cell(self, name: str, ids: Sequence[str]) -> None:
        """Assign servers to a cell. Servers in the lost cell are hidden in the first cell's database."""
        move = """
            UPDATE instance_mappings SET cell_id = (SELECT id FROM cell_mappings WHERE name = ?) WHERE instance_uuid = ?
        """
        with closing(sqlite3.connect(self._folder / "nova_api.sqlite", timeout=TASK_TIMEOUT)) as api, api:
            api.executemany(move, [(name, id) for id in ids])
        hide = "UPDATE instances SET hidden = ? WHERE uuid = ?"
        with closing(sqlite3.connect(self._folder / "nova.sqlite", timeout=TASK_TIMEOUT)) as nova, nova:
            nova.executemany(hide, [(name != "cell1", id) for id in ids])

    def restart(self) -> None:
        """End all services and start them again with the same data."""
        self._running.stop()
        self._running.start()

    def expire_tokens(self) -> None:
        """Make every token of the users ``admin`` and ``member`` invalid, for all services at once.

        The services answer no requests meanwhile: if one accepts a token that the next one refuses, nova answers 400.
        """
        administrator = self.administrator()
        held = self._folder / "held"
        held.touch()
        try:
            time.sleep(DRAIN_SECONDS)
            for name, password in self.estate.passwords.items():
                (user,) = administrator.call("keystone", "GET", f"/v3/users?name={name}")["users"]
                administrator.call("keystone", "PATCH", f"/v3/users/{user['id']}", {"user": {"password": password}})
            (self._folder / "tokens-expired").write_text(str(time.time()))
            _let_revocations_pass()
        finally:
            held.unlink()

    def requests(self) -> dict[str, int]:
        """Return how many requests clients made since the start, by ``nova GET /v2.1/servers`` and so on."""
        return Counter(self._logged("requests"))

    def changes(self) -> list[str]:
        """Return the requests other than GET that clients made and that were carried out, by project.

        Each has its project, method, path and a digest of its body.
        """
        return self._logged("changes")

    def _logged(self, folder: str) -> list[str]:
        return [
            f"{project.name} {request}"
            for project in PROJECTS
            for request in (self._folder / folder / project.name).read_text().splitlines()
        ]

    @property
    def _running(self) -> Region:
        assert self._region
        return self._region

    def _cloud(self, user: str) -> dict[str, Any]:
        auth = {
            "auth_url": f"{self.addresses['keystone']}/v3",
            "username": user,
            "password": self.estate.passwords[user],
            "project_name": user,
            "user_domain_name": "Default",
            "project_domain_name": "Default",
        }
        return {"auth": auth, "region_name": REGION, "identity_api_version": "3"}


def _let_revocations_pass() -> None:
    """Wait for the next second: a revocation is also valid for tokens that are issued later in its second."""
    time.sleep(1 - time.time() % 1)
