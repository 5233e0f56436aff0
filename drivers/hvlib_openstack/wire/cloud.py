"""Cloud: the region and the user, by openstacksdk's configuration: clouds.yaml, OS_* variables and arguments."""

from __future__ import annotations

import logging
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from functools import partial
from typing import Any

import requests
from keystoneauth1.exceptions import ClientException
from keystoneauth1.session import Session
from openstack.config import OpenStackConfig
from openstack.config.cloud_region import CloudRegion
from openstack.exceptions import ConfigException

from hvlib.driver import Context, Endpoint
from hvlib.model.errors import ConfigError
from hvlib_openstack.wire.connections import Connections

__all__ = ["Cloud"]

CLOUD_SETTINGS = ("auth_type", "interface", "region_name")
DRIVER_OPTIONS = ("all_projects", "poll_interval", "sweep_interval")

HINT = (
    "openstack://CLOUD names a cloud of clouds.yaml; openstack:// uses the cloud that OS_CLOUD names, the variables"
    " OS_*, or the options auth_url=, username=, password=, project_name="
)

logging.getLogger("keystoneauth.identity.generic.base").setLevel(logging.ERROR)  # It warns of errors of the login.


class Cloud:
    """The configured region, and the SDK's session with it. Reads files and variables; sends no requests.

    Raises `ConfigError` for a configuration that is missing or can't be used.
    """

    def __init__(self, endpoint: Endpoint, context: Context) -> None:
        self.region = _region(endpoint, requests.Session())
        verify, cacert = _trust(endpoint, self.region)
        self.connections = Connections(context, verify, cacert)
        self.sdk: Session = self.region.get_session()
        self.sdk.timeout = context.timeout()
        self.sdk.verify = cacert or verify
        for scheme in ("http://", "https://"):
            self.sdk.session.mount(scheme, self.connections)

    def close(self) -> None:
        """End every connection."""
        self.connections.cut()
        self.connections.close()


def _region(endpoint: Endpoint, http: requests.Session) -> CloudRegion:
    """The region by the endpoint's options, then by files and variables. With an ``auth_url``, only options count."""
    given: dict[str, Any] = {name: endpoint.options[name] for name in CLOUD_SETTINGS if name in endpoint.options}
    auth = {name: value for name, value in endpoint.options.items() if name not in (*CLOUD_SETTINGS, *DRIVER_OPTIONS)}
    if endpoint.username is not None:
        auth["username"] = endpoint.username
    if endpoint.password is not None:
        auth["password"] = endpoint.password.reveal()
    alone = "auth_url" in auth
    with warnings.catch_warnings(), _config_errors():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # The SDK warns of its own defaults.
        config = OpenStackConfig(
            session_constructor=partial(Session, session=http),  # type: ignore[arg-type]
            app_name="hvlib",
            load_yaml_config=not alone,
            load_envvars=not alone,
        )
        return config.get_one(cloud=_name(endpoint.host, config), auth=auth, **given)


@contextmanager
def _config_errors() -> Iterator[None]:
    """Raise the SDK's complaints about a configuration as `ConfigError`."""
    try:
        yield
    except ConfigException as error:
        raise ConfigError(str(error), hint=HINT) from error
    except ClientException as error:
        raise ConfigError(f"the cloud's configuration does not allow a login: {error}", hint=HINT) from error
    except (AttributeError, TypeError) as error:  # The SDK does not check that a file has tables.
        raise ConfigError(f"the cloud's configuration can't be read: {error}", hint=HINT) from error


def _name(host: str, config: OpenStackConfig) -> str | None:
    """The cloud's name as the file spells it: an address loses the case."""
    if not host:
        return None
    return next((name for name in config.get_cloud_names() if name.lower() == host.lower()), host)


def _trust(endpoint: Endpoint, region: CloudRegion) -> tuple[bool, str | None]:
    """Whether certificates are verified, and the file to verify them with."""
    verify, _ = region.get_requests_verify_args()
    cacert = verify if isinstance(verify, str) else None
    if endpoint.verify is not None:
        verify = endpoint.verify
    return bool(verify), endpoint.cacert or cacert
