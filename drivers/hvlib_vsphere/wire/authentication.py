"""Authentication: logs in at SessionManager, and out."""

from __future__ import annotations

from contextlib import suppress
from uuid import NAMESPACE_URL, uuid4, uuid5

from hvlib.driver.http import HttpAuthenticator
from hvlib.driver.login_slot import LOGOUT_TIMEOUT, refused_logins
from hvlib.model.errors import HvlibError, ProtocolError
from hvlib_vsphere.data_objects import MoRef
from hvlib_vsphere.login import PATH, Login
from hvlib_vsphere.version import VERSIONS_FILE, common_version
from hvlib_vsphere.wire.caller import Caller, fetch
from hvlib_vsphere.wire.soap_messages import element

__all__ = ["VSphereAuthenticator"]

SERVICE = MoRef("ServiceInstance", "ServiceInstance")

REFUSED = "check user and password; most users have a domain: USER@vsphere.local, in an address USER%40vsphere.local"


class VSphereAuthenticator(HttpAuthenticator[Login]):
    """Logs in to a vCenter or an ESXi host, and out."""

    def log_in(self) -> Login:
        """ServiceInstance.RetrieveServiceContent and SessionManager.Login, after a GET that asks for the API versions.

        Three round trips. Raises `AuthenticationFailed` if the login is refused, `ConnectionFailed`, and `ConfigError`
        if the address has no user or no password. Never raises `SessionLost`: nothing is sent after the server has
        accepted the login.
        """
        user, password = self.credentials()
        credentials = element("userName", user) + element("password", password.reveal())
        transport = self.connections.own
        path = self.endpoint.path.rstrip("/") or PATH
        version = common_version(fetch(transport, self.context, f"{path}/{VERSIONS_FILE}"))
        login = Login(version, uuid4().hex[:12], path=path)
        caller = Caller(transport, self.context, login)
        self._read_content(caller)
        self._authenticate(caller, credentials)
        return login

    def log_out(self, login: Login) -> None:
        """SessionManager.Logout, which also frees all objects that were made in the session: one round trip."""
        with suppress(HvlibError):
            manager = login.service("sessionManager")
            Caller(self.connections.own, self.context, login).within(LOGOUT_TIMEOUT).call("Logout", manager)

    def _read_content(self, caller: Caller) -> None:
        """Fill in the login's service objects. They need no login, so there is no session to lose yet."""
        address = self.connections.address
        with refused_logins(f"{address} refuses a request that needs no login"):
            content = caller.call("RetrieveServiceContent", SERVICE)
        if not isinstance(content, dict) or not isinstance(content.get("about"), dict):
            raise ProtocolError("the server's ServiceContent has no about")
        caller.login.content = content
        instance_uuid = content["about"].get("instanceUuid")
        # An ESXi host has none: its identity is its address.
        caller.login.server_uuid = instance_uuid or str(uuid5(NAMESPACE_URL, f"vsphere://{address}"))

    def _authenticate(self, caller: Caller, credentials: str) -> None:
        with refused_logins(f"{self.connections.address} refuses the login of {self.endpoint.username}", REFUSED):
            caller.call("Login", caller.login.service("sessionManager"), credentials)
