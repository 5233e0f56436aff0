"""The driver's entry point."""

from __future__ import annotations

import os
from collections.abc import Mapping
from typing import TYPE_CHECKING, ClassVar
from urllib.parse import SplitResult, unquote, urlsplit

import msgspec

from hvlib.driver import Context, Driver, Endpoint, Secret, Session
from hvlib.driver.sdk import installed
from hvlib.model.errors import ConfigError

if TYPE_CHECKING:
    from hvlib_vsphere.session import VSphereSession

__all__ = ["VSphereDriver"]

FALSE = frozenset({"", "0", "f", "false"})


class VSphereDriver(Driver):
    """``vsphere://USER@HOST[:PORT][/PATH]``: a vCenter or an ESXi host, whose API is at ``/sdk`` or at this path.

    Without a host, GOVC_URL and related variables apply.
    ``vsphere+http://`` sends everything, passwords too, without TLS: for tests.
    """

    description: ClassVar[str] = "VMware vSphere: vCenter and ESXi"
    transports: ClassVar[frozenset[str]] = frozenset({"http"})

    def open(self, endpoint: Endpoint, context: Context) -> Session:
        """A session that is not logged in yet. Raises `ConfigError` if no host is given."""
        return self.session(endpoint if endpoint.host else from_environment(endpoint, os.environ), context)

    def session(self, endpoint: Endpoint, context: Context) -> VSphereSession:
        """A session with exactly this endpoint. Raises `DriverNotFound` if a package is not installed."""
        with installed("vsphere://", "hvlib-sdk[vsphere]"):
            from hvlib_vsphere.session import VSphereSession
        return VSphereSession(endpoint, context)


def from_environment(endpoint: Endpoint, environment: Mapping[str, str]) -> Endpoint:
    """The endpoint, completed by GOVC_URL, GOVC_USERNAME, GOVC_PASSWORD, GOVC_INSECURE and GOVC_TLS_CA_CERTS.

    The endpoint's own values override these variables; ``verify`` and ``cacert`` override GOVC_INSECURE. Raises
    `ConfigError` if GOVC_URL is not set or has no host.
    """
    url = _server_url(environment.get("GOVC_URL", ""))
    username = environment.get("GOVC_USERNAME") or unquote(url.username or "")
    password = environment.get("GOVC_PASSWORD") or unquote(url.password or "")
    insecure = environment.get("GOVC_INSECURE", "").lower() not in FALSE
    is_explicit = endpoint.verify is not None or endpoint.cacert is not None
    return msgspec.structs.replace(
        endpoint,
        scheme="vsphere+http" if url.scheme == "http" else endpoint.scheme,
        host=unquote(url.hostname or ""),
        port=url.port,
        path=endpoint.path or unquote(url.path),
        username=endpoint.username or username or None,
        password=endpoint.password or (Secret(password) if password else None),
        verify=False if insecure and not is_explicit else endpoint.verify,
        cacert=endpoint.cacert or environment.get("GOVC_TLS_CA_CERTS") or None,
    )


def _server_url(url: str) -> SplitResult:
    """GOVC_URL, parsed. Its host and port are valid."""
    if not url:
        raise ConfigError("vsphere:// names no host, and GOVC_URL is not set", hint="vsphere://USER@HOST")
    try:
        parts = urlsplit(url if "://" in url else f"https://{url}")
        _ = parts.port
    except ValueError as error:
        raise ConfigError("GOVC_URL is not a valid address", hint="GOVC_URL=https://HOST") from error
    if not parts.hostname:
        raise ConfigError("GOVC_URL names no host", hint="GOVC_URL=https://HOST")
    return parts
