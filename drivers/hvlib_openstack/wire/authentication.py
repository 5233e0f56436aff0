"""Authentication: a login at keystone, then a look into its catalogue and a request for nova's versions."""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from typing import Any
from uuid import NAMESPACE_URL, UUID, uuid5

import msgspec
from keystoneauth1.access import AccessInfo
from keystoneauth1.exceptions import (
    CatalogException,
    ClientException,
    HttpError,
    InvalidResponse,
    MissingRequiredOptions,
    Unauthorized,
)

from hvlib.driver import About, Context, Endpoint, Secret, SessionLost
from hvlib.driver.login_slot import LOGOUT_TIMEOUT, Authenticator
from hvlib.model.errors import AuthenticationFailed, ConfigError, HvlibError, ProtocolError, Unsupported
from hvlib_openstack.errors import refusal
from hvlib_openstack.login import Login
from hvlib_openstack.version import Version
from hvlib_openstack.wire.cloud import HINT, Cloud
from hvlib_openstack.wire.connections import transport_errors
from hvlib_openstack.wire.reply import Reply
from hvlib_openstack.wire.service import Service, base_of

__all__ = ["KeystoneAuthenticator"]

ADMIN = "admin"

OLDEST, NEWEST = Version(2, 74), Version(2, 98)
"""Nova's microversions: the oldest that hvlib can use, and the newest whose replies it knows."""

BASES = {"compute": "v2.1", "block-storage": "v3", "network": "v2.0", "image": "v2", "identity": "v3"}
"""The services that hvlib uses, and the version of their paths."""


class Services(msgspec.Struct, frozen=True):
    """The region's services by the catalogue: `Login.addresses`, `Login.missing` and the token for them."""

    token: Secret
    addresses: Mapping[str, str]
    missing: Mapping[str, str]

    def service(self, cloud: Cloud, type: str) -> Service | None:
        """A service; None if the catalogue has none of this type."""
        address = self.addresses.get(type)
        return None if address is None else Service(cloud.sdk, type, address, self.token)


class Compute(msgspec.Struct):
    """Nova's description of its API."""

    class Details(msgspec.Struct):
        id: str
        version: str
        min_version: str

    version: Details


class KeystoneAuthenticator(Authenticator[Login]):
    """Logs in at keystone, and out. Reads the cloud's configuration at the first login."""

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self._endpoint = endpoint
        self._context = context
        self._cloud: Cloud | None = None
        self._last_login: Login | None = None
        self._closed = False

    @property
    def cloud(self) -> Cloud:
        """The configured cloud. Raises `ConfigError` for one that can't be used."""
        if self._cloud is None:
            self._cloud = Cloud(self._endpoint, self._context)
        return self._cloud

    def log_in(self) -> Login:
        """POST /v3/auth/tokens; at the first login also GET of keystone's and nova's versions.

        Three round trips, later one. Raises `AuthenticationFailed`, `ConnectionFailed`, `ConfigError`, `Unsupported`
        for a nova that is too old, and `SessionLost` if a service rejects the token that keystone issued.
        """
        cloud = self.cloud
        access = authenticate(cloud)
        services = discover_services(cloud, access)
        try:
            self._last_login = discover(cloud, access, services, self._last_login)
        except BaseException:
            if self._closed:
                self.cut()
            self._revoke(services.addresses, services.token)
            raise
        return self._last_login

    def log_out(self, login: Login) -> None:
        """DELETE /v3/auth/tokens: one round trip."""
        self._revoke(login.addresses, login.token)

    def cut(self) -> None:
        """End every call under way; from now on only the calling thread may send requests, to log out."""
        self._closed = True
        if self._cloud is not None:
            self._cloud.connections.leave(LOGOUT_TIMEOUT)

    def close(self) -> None:
        """Close the connections."""
        if self._cloud is not None:
            self._cloud.close()

    def _revoke(self, addresses: Mapping[str, str], token: Secret) -> None:
        address = addresses.get("identity")
        if address is not None:
            with suppress(HvlibError, ClientException):
                Service(self.cloud.sdk, "identity", address, token).revoke()


def authenticate(cloud: Cloud) -> AccessInfo:
    """GET of keystone's versions at the first login, then POST /v3/auth/tokens: two round trips, later one.

    Raises `AuthenticationFailed` if keystone refuses the login, `ConnectionFailed`, `ProtocolError`, and `ConfigError`
    for an incomplete login. Never raises `SessionLost`: there is no session yet.
    """
    auth: Any = cloud.sdk.auth
    where = getattr(auth, "auth_url", None) or "the identity service"
    try:
        with transport_errors(where):
            auth.invalidate()
            return auth.get_access(cloud.sdk)  # type: ignore[no-any-return]
    except Unauthorized as error:
        raise AuthenticationFailed(f"{where} refuses the login: {error.message}") from error
    except HttpError as error:
        raise _refusal(where, error) from error
    except InvalidResponse as error:
        raise ProtocolError(f"the answer of {where} to the login can't be read", native=error) from error
    except MissingRequiredOptions as error:
        raise ConfigError(f"the login is incomplete: {error}", hint=HINT) from error
    except ClientException as error:
        raise ConfigError(f"the login at {where} failed: {error}", hint=HINT) from error
    except Exception as error:
        if type(error) is not Exception:
            raise
        # Keystoneauth has no error class for a missing password.
        raise ConfigError(f"the login at {where} failed: {error}", hint=HINT) from error


def discover_services(cloud: Cloud, access: AccessInfo) -> Services:
    """Find the services in the catalogue that came with the login. No round trip."""
    if not access.auth_token:
        raise ProtocolError("keystone's answer to the login has no token")
    addresses, missing = {}, {}
    for type, version in BASES.items():
        url = cloud.region.get_endpoint(type)
        try:
            url = url or access.service_catalog.url_for(
                service_type=type,
                interface=cloud.region.get_interface(type),
                region_name=cloud.region.get_region_name(type),
            )
        except CatalogException as error:
            missing[type] = f"this region's catalogue has no {type} service: {error}"
        else:
            addresses[type] = _base(type, url or "", version)
    return Services(Secret(access.auth_token), addresses, missing)


def discover(cloud: Cloud, access: AccessInfo, services: Services, before: Login | None) -> Login:
    """Ask nova for its microversions, and describe the login. One round trip; none if ``before`` has the same nova.

    Raises `ConfigError` for a catalogue without nova, `Unsupported` for a nova that is too old, and `SessionLost` if
    nova rejects the token that keystone has just issued.
    """
    nova = services.service(cloud, "compute")
    if nova is None:
        raise ConfigError(services.missing["compute"], hint=HINT)
    if before is not None and before.addresses["compute"] == nova.base:
        compute, about = before.compute, before.about
    else:
        newest = _newest(nova.get("/"))
        compute = min(newest, NEWEST)
        region = cloud.region.get_region_name("compute") or ""
        about = About("OpenStack", f"nova {newest}", str(compute), _region_uuid(access, region))
    return Login(
        token=services.token,
        project=access.project_id or "",
        administrator=ADMIN in {role.lower() for role in access.role_names or []},
        addresses=services.addresses,
        missing=services.missing,
        compute=compute,
        about=about,
    )


def _refusal(where: str, error: HttpError) -> HvlibError:
    """The error for a refused login. A reply that reads like a lost session refuses the password: no session exists."""
    if error.response is None:
        return ProtocolError(f"the login at {where} failed: {error}")
    refused = refusal(error.response)
    if type(refused) is not SessionLost:
        return refused
    message = f"{where} refuses the login: {refused}"
    return AuthenticationFailed(message, native=refused.native, request_id=refused.request_id)


def _base(type: str, url: str, version: str) -> str:
    """The address that a service's paths are appended to. Cinder's has the project, which cinder needs before Yoga."""
    base = base_of(url, version)
    return url.rstrip("/") if type == "block-storage" and url.startswith(base) else base


def _newest(reply: Reply) -> Version:
    """Nova's newest microversion. Raises `Unsupported` for a nova that is too old."""
    details = reply.read(Compute).version
    newest = Version.of(details.version or "2.1")
    if newest < OLDEST:
        raise Unsupported(f"this nova knows microversions up to {newest}; hvlib needs {OLDEST} (Train)")
    return newest


def _region_uuid(access: AccessInfo, region: str) -> str:
    """Make a uuid of the compute service's identifier and the region: the same for every user and every address.

    A catalogue that is not kept in a database has identifiers that other clouds have too: there keystone's address
    identifies the cloud.
    """
    catalog = access.service_catalog
    services = [each for each in catalog.catalog if each.get("type") == "compute"]
    if not services:
        raise ConfigError("the catalogue has no compute service", hint=HINT)
    try:
        return str(uuid5(UUID(services[0]["id"]), region))
    except ValueError:
        [identity, *_] = [*catalog.get_urls(service_type="identity", interface="public"), ""]
        return str(uuid5(NAMESPACE_URL, f"{identity}#{region}"))
