"""The client: sends requests to the region's services in the current login."""

from __future__ import annotations

from keystoneauth1.session import Session

from hvlib.driver import Context
from hvlib.driver.login_slot import LoginSlot
from hvlib.model.errors import Unsupported
from hvlib_openstack.login import Login
from hvlib_openstack.wire.service import Service

__all__ = ["Client"]


class Client:
    """Sends requests in the current login.

    | all_projects: whether the servers and volumes of all projects are listed, not just those of the login's project
    """

    def __init__(self, context: Context, sdk: Session, slot: LoginSlot[Login], *, all_projects: bool) -> None:
        self.context = context
        self.all_projects = all_projects
        self._sdk = sdk
        self._slot = slot

    @property
    def login(self) -> Login:
        """The current login. Raises `SessionLost` if there is none, `Closed` after the session's end."""
        return self._slot.current

    @property
    def compute(self) -> Service:
        """Nova."""
        return self.service("compute")

    def service(self, type: str) -> Service:
        """One of the region's services. Raises `Unsupported` if the catalogue does not have it."""
        login = self.login
        if type not in login.addresses:
            raise Unsupported(login.missing[type])
        return Service(self._sdk, type, login.addresses[type], login.token)
