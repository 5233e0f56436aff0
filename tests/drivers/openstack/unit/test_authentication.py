"""A refused login, and a session that is lost in mid-login: core treats these two errors differently."""

from __future__ import annotations

import json
from types import SimpleNamespace
from typing import Any, cast

import pytest
import requests
from hvlib_openstack.login import Login
from hvlib_openstack.version import Version
from hvlib_openstack.wire.authentication import Services, authenticate, discover
from hvlib_openstack.wire.cloud import Cloud
from keystoneauth1 import exceptions

from hvlib import errors
from hvlib.driver import About, Secret, SessionLost
from hvlib.errors import HvlibError

URL = "http://keystone.invalid/v3"
SERVICES = Services(Secret("token"), {"compute": "http://nova.invalid/v2.1"}, {})


def response(status: int, message: str) -> requests.Response:
    reply = requests.Response()
    reply.status_code = status
    reply._content = json.dumps({"error": {"code": status, "message": message}}).encode()
    reply.headers["x-openstack-request-id"] = "req-1"
    return reply


class RefusingAuth:
    """A plugin of keystoneauth whose login fails."""

    auth_url = URL

    def __init__(self, error: Exception) -> None:
        self._error = error

    def invalidate(self) -> None:
        """Do nothing: this plugin keeps no token."""

    def get_access(self, sdk: object) -> object:
        raise self._error


def refusing_cloud(error: Exception) -> Cloud:
    return cast(Cloud, SimpleNamespace(sdk=SimpleNamespace(auth=RefusingAuth(error))))


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (exceptions.Unauthorized("no", response=response(401, "no")), errors.AuthenticationFailed),
        (exceptions.HttpError("no", response=response(401, "no")), errors.AuthenticationFailed),
        (exceptions.BadRequest("no", response=response(400, "Unauthorized exception")), errors.AuthenticationFailed),
        (exceptions.Forbidden("no", response=response(403, "Forbidden")), errors.PermissionDenied),
        (exceptions.HttpError("no"), errors.ProtocolError),
        (exceptions.MissingRequiredOptions([]), errors.ConfigError),
        (Exception("no password"), errors.ConfigError),
    ],
)
def test_a_refused_login(error: Exception, expected: type[HvlibError]) -> None:
    with pytest.raises(expected) as caught:
        authenticate(refusing_cloud(error))
    assert not isinstance(caught.value, SessionLost)


class Sdk:
    """A session of keystoneauth that answers every request with the same reply."""

    def __init__(self, reply: requests.Response) -> None:
        self._reply = reply

    def request(self, *args: object, **options: object) -> requests.Response:
        return self._reply


def test_a_token_that_nova_rejects() -> None:
    cloud = cast(Cloud, SimpleNamespace(sdk=Sdk(response(401, "The request you have made requires authentication."))))
    with pytest.raises(SessionLost):
        discover(cloud, cast(Any, None), SERVICES, None)


def test_the_repr_of_a_login_hides_the_token() -> None:
    login = Login(Secret("token"), "", False, {}, {}, Version(2, 74), About("", "", "", ""))
    assert "'token'" not in repr(login)
