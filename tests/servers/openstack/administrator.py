"""An administrator's requests, at the internal addresses, where requests are not counted."""

from __future__ import annotations

import http.client
import json
import time
from typing import Any
from urllib.parse import urlsplit

from servers.openstack.projects import SERVICES_USER
from servers.openstack.settings import Settings

__all__ = ["Administrator", "Refused"]

REQUEST_TIMEOUT = 60.0
TASK_TIMEOUT = 120.0
POLL_INTERVAL = 0.05
JSON_PATCH = "application/openstack-images-v2.1-json-patch"
MICROVERSIONS = "compute 2.79,volume 3.60"


class Refused(Exception):
    """A service refused a request: the status and the text of its reply."""

    def __init__(self, status: int, message: str) -> None:
        super().__init__(f"{status}: {message}")
        self.status = status


class Administrator:
    """An administrator, logged in to a project. Uses no SDK, so that it shares no errors with the tested code."""

    def __init__(self, settings: Settings, project: str) -> None:
        self._settings = settings
        self._project = project
        self._token = ""

    def call(self, service: str, method: str, path: str, body: Any = None, versions: str = MICROVERSIONS) -> Any:
        """Send a request to ``nova``, ``keystone``, … and return the reply's JSON, or None. Raises `Refused`."""
        if not self._token:
            self._log_in()
        try:
            return self._send(service, method, path, body, versions)[0]
        except Refused as refused:
            if refused.status != http.client.UNAUTHORIZED:
                raise
        self._log_in()
        return self._send(service, method, path, body, versions)[0]

    def server(self, id: str) -> dict[str, Any]:
        """Return nova's record of a server. Raises `Refused` if there is none."""
        record: dict[str, Any] = self.call("nova", "GET", f"/v2.1/servers/{id}")["server"]
        return record

    def servers(self) -> list[dict[str, Any]]:
        """Return nova's records of the project's servers, 1,000 at most."""
        records: list[dict[str, Any]] = self.call("nova", "GET", "/v2.1/servers/detail")["servers"]
        return records

    def create_server(self, name: str, **fields: Any) -> str:
        """Make a server, wait until it runs, and return its identifier."""
        made = self.call("nova", "POST", "/v2.1/servers", {"server": {"name": name, **fields}})
        return str(self.wait_for_server(made["server"]["id"], "ACTIVE")["id"])

    def rename_server(self, id: str, name: str) -> None:
        """Give a server another name."""
        self.call("nova", "PUT", f"/v2.1/servers/{id}", {"server": {"name": name}})

    def act(self, id: str, action: str, status: str, **arguments: Any) -> None:
        """Do an action, such as ``os-stop``. Return when the server's status is ``status`` and no task is under way."""
        self.call("nova", "POST", f"/v2.1/servers/{id}/action", {action: arguments or None})
        self.wait_for_server(id, status)

    def delete_server(self, id: str) -> None:
        """Delete a server, and wait until it is gone."""
        self.call("nova", "DELETE", f"/v2.1/servers/{id}")
        deadline = time.monotonic() + TASK_TIMEOUT
        while self._exists(id):
            _pause(deadline, f"the server {id} is still there")

    def create_volume(self, name: str, **fields: Any) -> str:
        """Make a volume of 1 GiB, wait until it can be used, and return its identifier."""
        made = self.call("cinder", "POST", "/v3/volumes", {"volume": {"name": name, "size": 1, **fields}})
        id = str(made["volume"]["id"])
        self._wait_for_volume(id, "available")
        return id

    def attach_volume(self, server: str, volume: str) -> None:
        """Attach a volume to a server, and wait until the volume is in use."""
        body = {"volumeAttachment": {"volumeId": volume}}
        self.call("nova", "POST", f"/v2.1/servers/{server}/os-volume_attachments", body)
        self._wait_for_volume(volume, "in-use")

    def protect_image(self, id: str, protected: bool) -> None:
        """Protect an image from deletion, or end the protection."""
        change = [{"op": "replace", "path": "/protected", "value": protected}]
        self.call("glance", "PATCH", f"/v2/images/{id}", change)

    def wait_for_image(self, name: str) -> None:
        """Wait until there is exactly one image with this name, and it is active (its bytes are uploaded)."""
        deadline = time.monotonic() + TASK_TIMEOUT
        while [image["status"] for image in self.call("glance", "GET", f"/v2/images?name={name}")["images"]] != [
            "active"
        ]:
            _pause(deadline, f"the image {name} is not active")

    def wait_for_server(self, id: str, status: str) -> dict[str, Any]:
        """Wait until the server's status is ``status`` and no task is under way. Return its record."""
        deadline = time.monotonic() + TASK_TIMEOUT
        while True:
            server = self.server(id)
            if server["status"] == status and server["OS-EXT-STS:task_state"] is None:
                return server
            if server["status"] == "ERROR":
                raise Refused(500, f"the server {server['name']} failed: {server['fault']['message']}")
            _pause(deadline, f"the server {server['name']} is {server['status']}, not {status}")

    def _wait_for_volume(self, id: str, status: str) -> None:
        deadline = time.monotonic() + TASK_TIMEOUT
        while (current := self.call("cinder", "GET", f"/v3/volumes/{id}")["volume"]["status"]) != status:
            if current == "error":
                raise Refused(500, f"the volume {id} failed")
            _pause(deadline, f"the volume {id} is {current}, not {status}")

    def _exists(self, id: str) -> bool:
        try:
            self.server(id)
        except Refused as refused:
            if refused.status != http.client.NOT_FOUND:
                raise
            return False
        return True

    def _log_in(self) -> None:
        domain = {"name": "Default"}
        user = {"name": SERVICES_USER, "password": self._settings.password, "domain": domain}
        identity = {"methods": ["password"], "password": {"user": user}}
        scope = {"project": {"name": self._project, "domain": domain}}
        body = {"auth": {"identity": identity, "scope": scope}}
        _, headers = self._send("keystone", "POST", "/v3/auth/tokens", body)
        self._token = headers["X-Subject-Token"]

    def _send(
        self, service: str, method: str, path: str, body: Any, versions: str = MICROVERSIONS
    ) -> tuple[Any, http.client.HTTPMessage]:
        headers = {"X-Auth-Token": self._token, "OpenStack-API-Version": versions}
        if isinstance(body, bytes):
            data: bytes | None = body
            headers["Content-Type"] = "application/octet-stream"
        else:
            data = None if body is None else json.dumps(body).encode()
            headers["Content-Type"] = JSON_PATCH if (service, method) == ("glance", "PATCH") else "application/json"
        connection = http.client.HTTPConnection(
            urlsplit(self._settings.internal[service]).netloc, timeout=REQUEST_TIMEOUT
        )
        try:
            connection.request(method, path, data, headers)
            response = connection.getresponse()
            text = response.read()
        finally:
            connection.close()
        if response.status >= 400:
            raise Refused(response.status, f"{method} {path}: {text.decode(errors='replace')}")
        return json.loads(text) if text else None, response.headers


def _pause(deadline: float, problem: str) -> None:
    if time.monotonic() > deadline:
        raise TimeoutError(f"{problem}, after {TASK_TIMEOUT:.0f} seconds")
    time.sleep(POLL_INTERVAL)
