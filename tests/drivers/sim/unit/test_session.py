"""Sessions, options, and simulated errors."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest
from hvlib_sim.driver import SimDriver
from hvlib_sim.lab.faults import ERRORS
from hvlib_sim.lab.lab import Lab
from hvlib_sim.lab.memory_store import MemoryStore
from hvlib_sim.lab.settings import Settings

from hvlib import actions
from hvlib.api.address import parse_endpoint
from hvlib.driver import Endpoint, NotSent, Secret, SessionLost, Unavailable
from hvlib.errors import (
    AuthenticationFailed,
    Closed,
    ConfigError,
    ConnectionFailed,
    ConnectionTimeout,
    HvlibError,
    InvalidState,
    PermissionDenied,
    ProtocolError,
    RateLimited,
)
from hvlib.model.resources import VM, Host


def test_opening_sends_nothing(connect: Any) -> None:
    caller = connect("sim://?vms=3", login=False)
    assert caller.calls == []
    with pytest.raises(SessionLost):
        caller.all(VM)


def test_login_and_logout(site: Any) -> None:
    session = site.caller.session
    assert site.lab.open_sessions == 1
    session.login()
    assert site.lab.open_sessions == 1
    session.close()
    session.close()
    assert site.lab.open_sessions == 0
    assert site.caller.calls == ["Login", "Logout", "Login", "Logout"]
    with pytest.raises(Closed):
        session.login()
    with pytest.raises(Closed):
        site.caller.all(VM)


def test_about(site: Any) -> None:
    assert site.caller.session.about().uuid == site.lab.uuid
    assert site.caller.session.native is site.lab


def test_expired_sessions(site: Any) -> None:
    site.lab.expire_sessions()
    calls: tuple[Callable[[], Any], ...] = (
        lambda: site.caller.all(VM),
        lambda: site.caller.feed([VM]),
        lambda: site.caller.submit(VM, site.caller.ref(VM, "vm-00000001"), actions.Start()),
        lambda: site.caller.session.adapters[VM].lookup("uuid", "", site.caller.query(VM)),
    )
    for call in calls:
        with pytest.raises(SessionLost):
            call()
    site.caller.session.login()
    assert len(site.caller.all(VM)) == 20
    assert site.lab.open_sessions == 1


def test_password(connect: Any) -> None:
    for password in (None, Secret("wrong"), Secret("")):
        caller = connect("sim://user@guarded?password=right", password=password, login=False)
        with pytest.raises(AuthenticationFailed) as caught:
            caller.session.login()
        assert "right" not in str(caught.value)
    caller = connect("sim://user@guarded?password=right", password=Secret("right"))
    assert caller.session.native.open_sessions == 1
    assert "right" not in repr(caller.session)


def test_a_session_lost_in_the_login_is_a_refused_login(connect: Any) -> None:
    """Only an accepted session can be lost: calls raise `SessionLost`, `login` raises `AuthenticationFailed`."""
    caller = connect("sim://?vms=1&fail=login:session-lost:1:1")
    caller.session.native.expire_sessions()
    with pytest.raises(SessionLost):
        caller.all(VM)
    with pytest.raises(AuthenticationFailed) as caught:
        caller.session.login()
    assert type(caught.value.__cause__) is SessionLost
    caller.session.login()
    assert len(caller.all(VM)) == 1


def test_named_labs_are_shared(connect: Any) -> None:
    one, two, other = connect("sim://Shared?vms=3&task_time=0"), connect("sim://shared"), connect("sim://else?vms=3")
    assert one.session.native is two.session.native is Lab.named("SHARED")
    assert other.session.about().uuid != one.session.about().uuid
    one.submit(VM, one.all(VM)[0].ref, actions.Rename("mine"))
    assert two.all(VM)[0].name_label == "mine"
    with pytest.raises(ConfigError, match="vms"):
        connect("sim://shared?vms=4")


def test_private_labs_are_not_shared(connect: Any) -> None:
    one, two = connect("sim://"), connect("sim://")
    one.submit(VM, one.all(VM)[0].ref, actions.Rename("mine"))
    assert two.all(VM)[0].name_label != "mine"
    assert len(one.all(VM)) == 20
    assert len(one.all(Host)) == 4


@pytest.mark.parametrize(
    "query",
    [
        "vms=-1",
        "vms=many",
        "vms=1.5",
        "vms=9999999",
        "hosts=0",
        "seed=x",
        "latency=-1",
        "latency=nan",
        "task_time=inf",
        "colour=red",
        "fail=page",
        "fail=page:nothing",
        "fail=logout:timeout",
        "fail=page:timeout:x",
        "fail=page:timeout:1:2:3",
        "fail=page:timeout:-1",
    ],
)
def test_bad_options(connect: Any, query: str) -> None:
    with pytest.raises(ConfigError) as caught:
        connect(f"sim://?{query}", login=False)
    assert caught.value.hint


def test_bad_path(connect: Any) -> None:
    with pytest.raises(ConfigError):
        connect("sim://name/lab.db", login=False)


def test_options_need_not_be_text(connect: Any) -> None:
    caller = connect("sim://", options={"vms": 2, "latency": 0.0})
    assert len(caller.all(VM)) == 2
    assert isinstance(SimDriver().open(Endpoint("sim"), caller), type(caller.session))


def test_the_third_page_loses_the_session_once(connect: Any) -> None:
    caller = connect("sim://?vms=10&fail=page:session-lost:1:2")
    listing = caller.open(VM, page_size=3)
    pages = [listing.fetch(), listing.fetch()]
    with pytest.raises(SessionLost):
        listing.fetch()
    caller.session.login()
    assert caller.session.native.open_sessions == 1
    pages += [listing.fetch(), listing.fetch()]
    assert [vm.ref for page in pages for vm in page.items] == [vm.ref for vm in caller.all(VM)]


CLASSES = {
    "session-lost": SessionLost,
    "connection": ConnectionFailed,
    "not-sent": NotSent,
    "rate-limited": RateLimited,
    "unavailable": Unavailable,
    "protocol": ProtocolError,
    "timeout": ConnectionTimeout,
    "permission": PermissionDenied,
    "reply-lost": ConnectionFailed,
}


@pytest.mark.parametrize("name", ERRORS)
@pytest.mark.parametrize("call", ["lookup", "get", "submit", "subscribe", "changes", "login"])
def test_faults(connect: Any, call: str, name: str) -> None:
    caller = connect(f"sim://?fail={call}:{name}:2", login=False)
    wanted = AuthenticationFailed if (call, name) == ("login", "session-lost") else CLASSES[name]
    calls = {
        "login": caller.session.login,
        "lookup": lambda: caller.session.adapters[VM].lookup("uuid", "", caller.query(VM)),
        "get": lambda: caller.get(caller.ref(VM, "vm-00000001"), VM),
        "submit": lambda: caller.submit(VM, caller.ref(VM, "vm-00000001"), actions.Rename("other")),
        "subscribe": lambda: caller.feed([VM]),
        "changes": lambda: caller.feed([VM]).next(0),
    }
    for _ in range(2):
        if call != "login":
            caller.session.login()
        with pytest.raises(HvlibError) as caught:
            calls[call]()
        assert type(caught.value) is wanted
    caller.session.login()
    calls[call]()


def test_a_rate_limited_action_is_not_done(connect: Any) -> None:
    caller = connect("sim://?fail=submit:rate-limited")
    vm = caller.all(VM)[0]
    with pytest.raises(RateLimited) as caught:
        caller.submit(VM, vm.ref, actions.Rename("other"))
    assert caught.value.retry_after == 0.05
    assert caller.all(VM)[0] == vm


def test_an_action_whose_reply_is_lost_is_done(connect: Any) -> None:
    caller = connect("sim://?fail=submit:reply-lost:2,lookup:reply-lost")
    vm = caller.all(VM)[0]
    with pytest.raises(ConnectionFailed) as caught:
        caller.submit(VM, vm.ref, actions.Rename("other"))
    assert not isinstance(caught.value, NotSent)
    assert caller.all(VM)[0].name_label == "other"
    with pytest.raises(ConnectionFailed):
        caller.submit(VM, caller.ref(VM, "vm-99999999"), actions.Start())


def test_the_lab_counts_requests_and_operations(connect: Any) -> None:
    lab = Lab(MemoryStore(Settings(vms=3)))
    caller = connect(lab, fail="lookup:timeout,lookup:reply-lost")
    for _ in range(3):
        with suppress(ConnectionFailed):
            caller.session.adapters[VM].lookup("uuid", "", caller.query(VM))
    caller.feed([VM]).next(0)
    caller.submit(VM, caller.all(VM)[0].ref, actions.Rename("other"))
    with pytest.raises(InvalidState):
        caller.submit(VM, caller.all(VM, filters={"power_state": "halted"})[0].ref, actions.Shutdown())
    lab.expire_sessions()
    with pytest.raises(SessionLost):
        caller.all(VM)
    caller.session.login()
    caller.session.close()
    wanted = {"Login": 2, "Lookup": 2, "Subscribe": 1, "Changes": 1, "Page": 3, "Submit": 2, "Logout": 2}
    assert lab.requests == wanted
    assert lab.requests.total() == len(caller.calls) - 1
    assert lab.performed == {"rename": 1, "shutdown": 1}


def test_tasks_are_counted(site: Any) -> None:
    vm = site.caller.all(VM, filters={"power_state": "halted"})[0]
    for _ in range(2):
        site.do(VM, vm.ref, actions.Start())
    assert site.lab.performed == {"start": 2}


def test_cut_after_loses_one_reply(site: Any) -> None:
    caller = site.caller
    vm = caller.all(VM)[0]
    site.lab.cut_after(1)
    assert caller.get(vm.ref, VM) == vm
    with pytest.raises(ConnectionFailed) as caught:
        caller.submit(VM, vm.ref, actions.Rename("other"))
    assert not isinstance(caught.value, NotSent)
    assert caller.get(vm.ref, VM).name_label == "other"


def test_latency(connect: Any) -> None:
    caller = connect(Lab(MemoryStore(Settings(vms=1))), latency=0.02)
    began = time.monotonic()
    caller.all(VM)
    assert time.monotonic() - began >= 0.02


def test_latency_beyond_the_time_out(connect: Any) -> None:
    caller = connect(Lab(MemoryStore(Settings(vms=1))), latency=60, login=False)
    caller.seconds = 0.01
    with pytest.raises(ConnectionTimeout):
        caller.session.login()


def test_closing_ends_a_call_under_way(connect: Any) -> None:
    lab = Lab(MemoryStore(Settings(vms=1)))
    caller = connect(lab, latency=60, login=False)
    caller.seconds = 120
    sent = threading.Event()
    caller.count_request = lambda _: sent.set()
    with ThreadPoolExecutor(1) as pool:
        login = pool.submit(caller.session.login)
        assert sent.wait(5)
        caller.session.close()
        with pytest.raises(Closed):
            login.result(timeout=5)
    assert lab.open_sessions == 0


def test_threads_share_a_session(connect: Any) -> None:
    caller = connect(Lab(MemoryStore(Settings(vms=200, task_time=0.0))))

    def work(number: int) -> int:
        caller.submit(VM, caller.ref(VM, f"vm-{number:08d}"), actions.Rename(f"renamed-{number}"))
        return len(caller.all(VM, page_size=50))

    with ThreadPoolExecutor(8) as pool:
        assert set(pool.map(work, range(1, 41))) == {200}
    assert sum(vm.name_label.startswith("renamed-") for vm in caller.all(VM)) == 40


def test_the_url_parses() -> None:
    assert parse_endpoint("sim://lab1?vms=3").host == "lab1"
