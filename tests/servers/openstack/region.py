"""The services of one region, which keep their data in one folder."""

from __future__ import annotations

import socket
from collections.abc import Mapping, Sequence
from pathlib import Path

from servers.openstack import configuration
from servers.openstack.environment import VENV, program, variables
from servers.openstack.projects import PROJECTS
from servers.openstack.settings import PAGE, Settings
from servers.process import StartingProcess

__all__ = ["Region", "migrate"]

RUN = "servers.openstack.services.run"
BACKLOG = 1024
Ports = dict[str, tuple[int, int]]
"""The public and the internal port of each project."""


class Region:
    """The services of a folder that holds their databases.

    We open the services' sockets and let them inherit these. So no other process can take a port, and a request to a
    service that is not ready yet waits. All services can start at once.
    """

    def __init__(self, folder: Path, password: str, page: int = PAGE) -> None:
        self.ports: Ports = {project.name: (0, 0) for project in PROJECTS}  # any, until the first start has chosen
        self.folder = folder
        self._password = password
        self.page = page
        self._processes: dict[str, StartingProcess] = {}

    @property
    def settings(self) -> Settings:
        """The settings that all services share, with their addresses."""
        public, internal = (
            {name: f"http://127.0.0.1:{ports[kind]}" for name, ports in self.ports.items()} for kind in (0, 1)
        )
        return Settings(public, internal, self._password, self.page)

    @property
    def pids(self) -> dict[str, int]:
        """The id of each project's process."""
        return {name: process.pid for name, process in self._processes.items()}

    def start(self) -> None:
        """Start all services, and wait until they answer."""
        self._start(list(self.ports))

    def start_anew(self, name: str) -> None:
        """Restart the service of one project, and wait until it answers."""
        self._processes.pop(name).stop()
        self._start([name])

    def stop(self) -> None:
        """End all services at once."""
        while self._processes:
            self._processes.popitem()[1].stop()

    def _start(self, names: Sequence[str]) -> None:
        sockets: dict[str, list[socket.socket]] = {}
        try:
            for name in names:
                sockets[name] = [_listen(port) for port in self.ports[name]]
            self.ports |= {name: (_port(pair[0]), _port(pair[1])) for name, pair in sockets.items()}
            configuration.write(self.folder, VENV, self.settings)
            for name, pair in sockets.items():
                arguments = ["serve", name, *(str(sock.fileno()) for sock in pair)]
                self._processes[name] = _start(self.folder, name, arguments, pair)
        finally:
            for pair in sockets.values():
                for sock in pair:
                    sock.close()
        for name in names:
            self._processes[name].wait_ready()


def migrate(folder: Path, password: str) -> None:
    """Create the databases of all services in an empty folder."""
    nowhere = {project.name: "http://127.0.0.1" for project in PROJECTS}
    configuration.write(folder, VENV, Settings(nowhere, nowhere, password))
    started: list[StartingProcess] = []
    try:
        for project in PROJECTS:
            started.append(_start(folder, project.name, ["migrate", project.name], []))
        for process in started:
            process.wait_ready()
    finally:
        for process in started:
            process.stop()


def _start(folder: Path, name: str, arguments: list[str], sockets: list[socket.socket]) -> StartingProcess:
    return StartingProcess(
        f"{name} of OpenStack",
        program(RUN, *arguments),
        log=folder / f"{name}.log",
        environment={**variables(), **_configurations(folder)},
        folder=folder,
        sockets=sockets,
    )


def _configurations(folder: Path) -> Mapping[str, str]:
    """Return the variables with the services' configuration files. Cinder gets its file as an argument."""
    folders = {f"OS_{name}_CONFIG_DIR": str(folder) for name in ("KEYSTONE", "PLACEMENT", "GLANCE", "NEUTRON", "NOVA")}
    nova = f"{VENV}/etc/nova/api-paste.ini;nova.conf"  # nova builds its API from the first file
    return {**folders, "OS_NOVA_CONFIG_FILES": nova, "OS_NEUTRON_CONFIG_FILES": "neutron.conf"}


def _listen(port: int) -> socket.socket:
    return socket.create_server(("127.0.0.1", port), backlog=BACKLOG)


def _port(listening: socket.socket) -> int:
    return int(listening.getsockname()[1])
