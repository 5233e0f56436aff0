"""Logins: what keystone, its catalogue and nova say when a session begins."""

from __future__ import annotations

from collections.abc import Mapping
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

from hvlib.driver import About
from hvlib.model.errors import AuthenticationFailed, ConfigError, ProtocolError, Unsupported
from hvlib_openstack.cloud import HINT, Cloud
from hvlib_openstack.connections import on_the_way
from hvlib_openstack.errors import refusal
from hvlib_openstack.reply import Reply
from hvlib_openstack.service import Service, Version, base_of

__all__ = ["Login", "authenticate", "catalogued", "introduce"]

ADMIN = "admin"

OLDEST, NEWEST = Version(2, 74), Version(2, 98)
"""Nova's microversions: the one that hvlib needs, and the last one whose replies it knows."""

BASES = {"compute": "v2.1", "block-storage": "v3", "network": "v2.0", "image": "v2", "identity": "v3"}
"""What is driven, and the version whose paths are used."""


class Login(msgspec.Struct):
    """What one login gave.

    | project: its identifier
    | administrator: whether the user has the role that OpenStack's policies call so
    | missing: why there is no such service, by its type
    """

    project: str
    administrator: bool
    services: Mapping[str, Service]
    missing: Mapping[str, str]
    compute: Version
    about: About


class Compute(msgspec.Struct):
    """What nova says of its API."""

    class Details(msgspec.Struct):
        id: str
        version: str
        min_version: str

    version: Details


def authenticate(cloud: Cloud) -> AccessInfo:
    """POST /v3/auth/tokens, once keystone has told its versions: two round trips, later one.

    Raises `AuthenticationFailed`, `ConnectionFailed`, `ProtocolError`, and `ConfigError` for what the login lacks.
    """
    auth: Any = cloud.sdk.auth
    where = getattr(auth, "auth_url", None) or "the identity service"
    try:
        with on_the_way(where):
            auth.invalidate()
            return auth.get_access(cloud.sdk)  # type: ignore[no-any-return]
    except Unauthorized as error:
        raise AuthenticationFailed(f"{where} refuses the login: {error.message}") from error
    except HttpError as error:
        if error.response is None:
            raise ProtocolError(f"{where} can't be logged in to: {error}") from error
        raise refusal(error.response) from error
    except InvalidResponse as error:
        raise ProtocolError(f"the answer of {where} to the login can't be read", native=error) from error
    except MissingRequiredOptions as error:
        raise ConfigError(f"the login lacks {error}", hint=HINT) from error
    except ClientException as error:
        raise ConfigError(f"{where} can't be logged in to: {error}", hint=HINT) from error
    except Exception as error:
        if type(error) is not Exception:
            raise
        # Keystoneauth has no class of its own for a password that is not given.
        raise ConfigError(f"{where} can't be logged in to: {error}", hint=HINT) from error


def catalogued(cloud: Cloud, access: AccessInfo) -> tuple[dict[str, Service], dict[str, str]]:
    """The services that there are, by type; and of those that are not, why."""
    services, missing = {}, {}
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
            services[type] = Service(cloud.sdk, type, _base(type, url or "", version), _token(access))
    return services, missing


def introduce(
    cloud: Cloud, access: AccessInfo, services: Mapping[str, Service], missing: Mapping[str, str], before: Login | None
) -> Login:
    """What a login gave. One round trip, to nova; none where the login ``before`` was to the same.

    Raises `ConfigError` for a catalogue without nova, `Unsupported` for a nova that is too old.
    """
    if "compute" not in services:
        raise ConfigError(missing["compute"], hint=HINT)
    if before is not None and before.services["compute"].base == services["compute"].base:
        compute, about = before.compute, before.about
    else:
        newest = _newest(services["compute"].get("/"))
        compute = min(newest, NEWEST)
        region = cloud.region.get_region_name("compute") or ""
        about = About("OpenStack", f"nova {newest}", str(compute), _region_uuid(access, region))
    return Login(
        project=access.project_id or "",
        administrator=ADMIN in {role.lower() for role in access.role_names or []},
        services=services,
        missing=missing,
        compute=compute,
        about=about,
    )


def _base(type: str, url: str, version: str) -> str:
    """What a service's paths come after. Cinder's have the project: before Yoga it does not do without."""
    base = base_of(url, version)
    return url.rstrip("/") if type == "block-storage" and url.startswith(base) else base


def _token(access: AccessInfo) -> str:
    if not access.auth_token:
        raise ProtocolError("keystone's answer to the login has no token")
    return access.auth_token


def _newest(reply: Reply) -> Version:
    """Nova's newest microversion. Raises `Unsupported` for a nova that is too old."""
    said = reply.read(Compute).version
    newest = Version.of(said.version or "2.1")
    if newest < OLDEST:
        raise Unsupported(f"this nova knows microversions up to {newest}; hvlib needs {OLDEST} (Train)")
    return newest


def _region_uuid(access: AccessInfo, region: str) -> str:
    """Of the compute service's identifier and the region: whoever logs in, by whichever address, finds the same.

    A catalogue that is no database gives identifiers that other clouds have too: there the address of keystone tells
    the cloud.
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
