"""The errors of a login, against a transport with scripted replies."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import pytest
from hvlib_vsphere.driver import VSphereDriver
from hvlib_vsphere.session import VSphereSession
from scripted.context import RecordingContext

from hvlib import actions
from hvlib.driver import Endpoint, Secret, SessionLost
from hvlib.driver.http import Address, connections
from hvlib.errors import AuthenticationFailed, Closed, ConnectionFailed, HvlibError, PermissionDenied, ProtocolError
from hvlib.model.query import make_query
from hvlib.model.ref import Ref
from hvlib.model.resources import VM

ENVELOPE = """<e:Envelope xmlns:e="http://schemas.xmlsoap.org/soap/envelope/"
 xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"><e:Body>{}</e:Body></e:Envelope>"""

CONTENT = """<R xmlns="urn:vim25"><returnval><rootFolder type="Folder">group-d1</rootFolder>
 <about><fullName>VMware vCenter Server 8.0.3</fullName>{}</about>
 <sessionManager type="SessionManager">SessionManager</sessionManager></returnval></R>"""

UUID = "<instanceUuid>8d4d3c1e-0000-4000-8000-000000000001</instanceUuid>"

DONE = '<R xmlns="urn:vim25"/>'


class Response:
    """One reply, as urllib3 gives it."""

    def __init__(self, status: int, body: str, cookie: str = "") -> None:
        self.status = status
        self._data = body.encode()
        self.headers = {"Content-Length": str(len(self._data)), **({"Set-Cookie": cookie} if cookie else {})}

    def stream(self, amount: int) -> Iterator[bytes]:
        yield self._data


class ScriptedTransport:
    """Answers the requests with these replies, one after the other, and keeps the requests."""

    address: Address

    def __init__(self, *replies: Response | HvlibError) -> None:
        self.sent: list[tuple[str, str]] = []
        self.paths: list[str] = []
        self._replies = list(replies)

    @contextmanager
    def exchange(self, method: str, path: str, *, headers: dict[str, str], **rest: Any) -> Iterator[Response]:
        self.paths.append(path)
        body = rest.get("body", b"").decode()
        called = body.partition("<soapenv:Body><")[2].partition(" ")[0]
        self.sent.append((called or f"{method} {path}", headers.get("Cookie", "")))
        reply = self._replies.pop(0)
        if isinstance(reply, HvlibError):
            raise reply
        yield reply

    def to(self, address: Address) -> ScriptedTransport:
        self.address = address
        return self

    def cut(self) -> None:
        pass

    def close(self) -> None:
        pass


def soap(body: str, cookie: str = "") -> Response:
    return Response(200, ENVELOPE.format(body), cookie)


def fault(type: str) -> Response:
    reason = f'<{type}Fault xmlns="urn:vim25" xsi:type="{type}"/>'
    words = "<faultcode>c</faultcode><faultstring>the server's words</faultstring>"
    return Response(500, ENVELOPE.format(f"<e:Fault>{words}<detail>{reason}</detail></e:Fault>"))


NO_VERSIONS = Response(404, "no")
ACCEPTED = [NO_VERSIONS, soap(CONTENT.format(UUID)), soap(DONE, "vmware_soap_session=one; Path=/")]


def open_session(
    monkeypatch: pytest.MonkeyPatch, *replies: Response | HvlibError, path: str = ""
) -> tuple[VSphereSession, ScriptedTransport]:
    transport = ScriptedTransport(*replies)
    monkeypatch.setattr(connections, "Transport", transport.to)
    endpoint = Endpoint(
        "vsphere+http", host="vc.example.org", username="ann", password=Secret("hidden-word"), path=path
    )
    return VSphereDriver().session(endpoint, RecordingContext()), transport


@pytest.mark.parametrize("type", ["InvalidLogin", "PasswordExpired", "NotAuthenticated"])
def test_a_refused_user_or_password_is_never_a_lost_session(monkeypatch: pytest.MonkeyPatch, type: str) -> None:
    session, transport = open_session(monkeypatch, *ACCEPTED[:2], fault(type))
    with pytest.raises(AuthenticationFailed, match="refuses the login of ann: the server's words") as failed:
        session.login()

    assert failed.value.native["type"] == type
    assert "USER@vsphere.local" in str(failed.value.hint)
    assert "hidden-word" not in repr(failed.value)
    assert [call for call, _ in transport.sent][1:] == ["RetrieveServiceContent", "Login"]


def test_a_session_can_not_be_lost_before_there_is_one(monkeypatch: pytest.MonkeyPatch) -> None:
    session, _ = open_session(monkeypatch, NO_VERSIONS, fault("NotAuthenticated"))
    with pytest.raises(AuthenticationFailed):
        session.login()


@pytest.mark.parametrize(
    ("reply", "error"),
    [(fault("NoPermission"), PermissionDenied), (ConnectionFailed("it broke"), ConnectionFailed)],
)
def test_other_errors_are_no_refused_password(
    monkeypatch: pytest.MonkeyPatch, reply: Response | HvlibError, error: type[HvlibError]
) -> None:
    session, _ = open_session(monkeypatch, *ACCEPTED[:2], reply)
    with pytest.raises(HvlibError) as failed:
        session.login()

    assert type(failed.value) is error
    with pytest.raises(SessionLost):
        session.about()


def test_an_accepted_session_that_is_lost_is_a_lost_session(monkeypatch: pytest.MonkeyPatch) -> None:
    session, _ = open_session(monkeypatch, *ACCEPTED, fault("NotAuthenticated"))
    session.login()
    with pytest.raises(SessionLost):
        session.adapters[VM].submit(Ref("test", "VM", "vm-1"), actions.Start())


def test_an_earlier_login_is_logged_out_in_its_own_session(monkeypatch: pytest.MonkeyPatch) -> None:
    """The earlier session may be lost; the new login succeeds all the same."""
    session, transport = open_session(monkeypatch, *ACCEPTED, fault("NotAuthenticated"), *ACCEPTED)
    session.login()
    transport.sent.clear()
    session.login()

    assert transport.sent == [
        ("Logout", "vmware_soap_session=one"),
        ("GET /sdk/vimServiceVersions.xml", ""),
        ("RetrieveServiceContent", ""),
        ("Login", ""),
    ]


def test_closing(monkeypatch: pytest.MonkeyPatch) -> None:
    session, transport = open_session(monkeypatch, *ACCEPTED, soap(DONE))
    session.login()
    session.close()
    session.close()

    assert transport.sent[3:] == [("Logout", "vmware_soap_session=one")]
    with pytest.raises(Closed):
        session.about()


@pytest.mark.parametrize(("path", "sent"), [("", "/sdk"), ("/", "/sdk"), ("/other/sdk/", "/other/sdk")])
def test_the_path_of_the_address(monkeypatch: pytest.MonkeyPatch, path: str, sent: str) -> None:
    session, transport = open_session(monkeypatch, *ACCEPTED, path=path)
    session.login()

    assert transport.paths == [f"{sent}/vimServiceVersions.xml", sent, sent]


@pytest.mark.parametrize(
    ("content", "missing"),
    [
        (CONTENT.replace("sessionManager", "other"), "has no sessionManager"),
        (CONTENT.replace("about", "other"), "has no about"),
        (DONE, "has no about"),
    ],
)
def test_a_service_content_that_lacks_something(monkeypatch: pytest.MonkeyPatch, content: str, missing: str) -> None:
    session, _ = open_session(monkeypatch, NO_VERSIONS, soap(content.format(UUID)), soap(DONE))
    with pytest.raises(ProtocolError, match=missing):
        session.login()


def test_a_service_content_without_views(monkeypatch: pytest.MonkeyPatch) -> None:
    session, _ = open_session(monkeypatch, *ACCEPTED)
    session.login()
    with pytest.raises(ProtocolError, match="has no viewManager"):
        session.adapters[VM].open(make_query(VM, session.adapters[VM].fields), None).fetch()


def test_a_host_without_a_uuid_has_one_of_its_address(monkeypatch: pytest.MonkeyPatch) -> None:
    session, _ = open_session(monkeypatch, NO_VERSIONS, soap(CONTENT.format("")), soap(DONE))
    session.login()

    assert session.about().uuid == str(uuid5(NAMESPACE_URL, "vsphere://vc.example.org:80"))
