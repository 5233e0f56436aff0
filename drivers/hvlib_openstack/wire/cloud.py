"""Cloud: which region to drive and as whom, as openstacksdk's configuration says: clouds.yaml, OS_* and arguments."""

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

OF_THE_CLOUD = ("auth_type", "interface", "region_name")
OWN = ("all_projects", "poll_interval", "sweep_interval")

HINT = (
    "openstack://CLOUD names one of clouds.yaml; openstack:// takes the cloud of OS_CLOUD, or the variables OS_*,"
    " or auth_url=, username=, password=, project_name="
)

logging.getLogger("keystoneauth.identity.generic.base").setLevel(logging.ERROR)  # It warns of what a login then raises.


class Cloud:
    """A region as it is configured, and the SDK's session with it. Reads files and variables; sends nothing.

    Raises `ConfigError` for what is not there or can't be used.
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
    """The region by the configuration, under the endpoint's options. An endpoint with an ``auth_url`` stands alone."""
    given: dict[str, Any] = {name: endpoint.options[name] for name in OF_THE_CLOUD if name in endpoint.options}
    auth = {name: value for name, value in endpoint.options.items() if name not in (*OF_THE_CLOUD, *OWN)}
    if endpoint.username is not None:
        auth["username"] = endpoint.username
    if endpoint.password is not None:
        auth["password"] = endpoint.password.reveal()
    alone = "auth_url" in auth
    with warnings.catch_warnings(), _refused():
        warnings.simplefilter("ignore", PendingDeprecationWarning)  # The SDK warns of its own defaults.
        config = OpenStackConfig(
            session_constructor=partial(Session, session=http),  # type: ignore[arg-type]
            app_name="hvlib",
            load_yaml_config=not alone,
            load_envvars=not alone,
        )
        return config.get_one(cloud=_name(endpoint.host, config), auth=auth, **given)


@contextmanager
def _refused() -> Iterator[None]:
    """Raise the SDK's complaints about a configuration as `ConfigError`."""
    try:
        yield
    except ConfigException as error:
        raise ConfigError(str(error), hint=HINT) from error
    except ClientException as error:
        raise ConfigError(f"the cloud can't be logged in to as it is configured: {error}", hint=HINT) from error
    except (AttributeError, TypeError) as error:  # The SDK does not look at what a file has in place of a table.
        raise ConfigError(f"the cloud can't be read as it is configured: {error}", hint=HINT) from error


def _name(host: str, config: OpenStackConfig) -> str | None:
    """The cloud's name as the file writes it: in an address the case is lost."""
    if not host:
        return None
    return next((name for name in config.get_cloud_names() if name.lower() == host.lower()), host)


def _trust(endpoint: Endpoint, region: CloudRegion) -> tuple[bool, str | None]:
    """Whether certificates are verified, and by which file."""
    verify, _ = region.get_requests_verify_args()
    cacert = verify if isinstance(verify, str) else None
    if endpoint.verify is not None:
        verify = endpoint.verify
    return bool(verify), endpoint.cacert or cacert
