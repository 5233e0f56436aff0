"""Service: requests to one of the region's services, each one HTTP exchange."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from typing import Any
from urllib.parse import urlencode, urlsplit

import msgspec
from keystoneauth1.exceptions import ClientException
from keystoneauth1.session import Session

from hvlib.driver import Secret, SessionLost
from hvlib_openstack.errors import refusal
from hvlib_openstack.version import Version
from hvlib_openstack.wire.connections import transport_errors
from hvlib_openstack.wire.reply import Reply

__all__ = ["Parameters", "Service", "base_of"]

Parameters = Sequence[tuple[str, str]]
"""A query: names may repeat."""

VERSIONED = re.compile(r"^(?P<base>.*/v\d+(?:\.\d+)?)(?:/|$)")


class Service:
    """One service: its address, and the token for its requests. It never repeats a request and never logs in."""

    def __init__(self, sdk: Session, type: str, base: str, token: Secret) -> None:
        self.type = type
        self.base = base
        self._sdk = sdk
        self._token = token
        self._server = urlsplit(base).netloc

    def get(self, path: str, parameters: Parameters = (), version: Version | None = None) -> Reply:
        """GET. One round trip, as each of the methods below."""
        return self.request("GET", f"{path}?{urlencode(parameters)}" if parameters else path, version=version)

    def post(self, path: str, body: Any, version: Version | None = None) -> Reply:
        """POST of JSON."""
        return self.request("POST", path, body=body, version=version)

    def put(self, path: str, body: Any, version: Version | None = None) -> Reply:
        """PUT of JSON."""
        return self.request("PUT", path, body=body, version=version)

    def delete(self, path: str, version: Version | None = None) -> Reply:
        """DELETE."""
        return self.request("DELETE", path, version=version)

    def revoke(self) -> None:
        """DELETE /auth/tokens of the identity service: make the token worthless."""
        headers = {"X-Auth-Token": self._token.reveal(), "X-Subject-Token": self._token.reveal()}
        with transport_errors(self._server):
            self._sdk.delete(f"{self.base}/auth/tokens", headers=headers, authenticated=False, raise_exc=False)

    def request(
        self, method: str, path: str, *, body: Any = None, version: Version | None = None, content_type: str = ""
    ) -> Reply:
        """Send one request. A refusal raises the error that its status and message mean."""
        headers = {"X-Auth-Token": self._token.reveal(), "Accept": "application/json"}
        if version is not None:
            headers["OpenStack-API-Version"] = f"{MICROVERSIONED.get(self.type, self.type)} {version}"
        if body is not None:
            headers["Content-Type"] = content_type or "application/json"
        data = None if body is None else msgspec.json.encode(body)
        with transport_errors(self._server):
            response = self._send(method, path, headers, data)
        if response.status_code >= 300:
            raise refusal(response)
        return Reply(response.status_code, response.headers, response.content)

    def _send(self, method: str, path: str, headers: Mapping[str, str], data: bytes | None) -> Any:
        try:
            return self._sdk.request(
                self.base + path,
                method,
                headers=dict(headers),
                data=data,
                authenticated=False,
                allow_reauth=False,
                raise_exc=False,
                redirect=False,  # The token must go to no other address.
                connect_retries=0,
                status_code_retries=0,
                log=False,
            )
        except ClientException as error:
            if getattr(error, "http_status", 0) == 401:
                raise SessionLost(str(error)) from error
            raise


MICROVERSIONED = {"block-storage": "volume"}
"""Names of services in the microversion header, if they are not the services' types."""


def base_of(url: str, version: str) -> str:
    """The address that a service's paths begin with: ``url`` up to its version, or with ``version`` if it has none."""
    match = VERSIONED.match(url)
    return match["base"] if match else f"{url.rstrip('/')}/{version}"
