"""The driver's entry point."""

from __future__ import annotations

from typing import ClassVar

from hvlib.driver import Context, Driver, Endpoint, Session
from hvlib.driver.options import refuse_path
from hvlib.driver.sdk import installed

__all__ = ["OpenStackDriver"]


class OpenStackDriver(Driver):
    """``openstack://CLOUD``: a cloud of clouds.yaml; ``openstack://``: the cloud that OS_* variables name.

    Options are those of a cloud in clouds.yaml (``auth_url``, ``project_name``, ``region_name``, ``interface``,
    ``application_credential_id`` and so on), and:

    | all_projects: list the servers and volumes of all projects, as an administrator
    | poll_interval: seconds between two requests for changes while a watch is open
    | sweep_interval: seconds between two listings of the objects whose changes the server does not report
    """

    description: ClassVar[str] = "OpenStack regions"

    options: ClassVar[frozenset[str]] = frozenset(
        {
            "all_projects",
            "application_credential_id",
            "application_credential_name",
            "application_credential_secret",
            "auth_type",
            "auth_url",
            "interface",
            "poll_interval",
            "project_domain_id",
            "project_domain_name",
            "project_id",
            "project_name",
            "region_name",
            "sweep_interval",
            "token",
            "user_domain_id",
            "user_domain_name",
        }
    )

    def open(self, endpoint: Endpoint, context: Context) -> Session:
        """A session that is not logged in yet. Raises `ConfigError` for a path, `DriverNotFound` without the SDK."""
        refuse_path(endpoint, "openstack://CLOUD")
        with installed("openstack://", "hvlib-sdk[openstack]"):
            from hvlib_openstack.session import OpenStackSession
        return OpenStackSession(endpoint, context)
