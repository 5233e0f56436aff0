from __future__ import annotations

import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor

import pytest

from hvlib.driver import SessionLost
from hvlib.driver.login_slot import Authenticator, LoginSlot, refused_logins
from hvlib.model.errors import AuthenticationFailed, Closed, ConnectionFailed, HvlibError


class Counting(Authenticator[int]):
    """An authenticator whose logins are numbers, and which records its calls."""

    def __init__(self) -> None:
        self.events: list[str] = []
        self.on_login: Callable[[], object] = lambda: None
        self._logins = 0

    def log_in(self) -> int:
        self.on_login()
        self._logins += 1
        self.events.append(f"in {self._logins}")
        return self._logins

    def log_out(self, login: int) -> None:
        self.events.append(f"out {login}")

    def cut(self) -> None:
        self.events.append("cut")

    def close(self) -> None:
        self.events.append("close")


def test_a_new_login_replaces_the_current_one_which_is_logged_out() -> None:
    server = Counting()
    slot = LoginSlot(server)
    with pytest.raises(SessionLost):
        _ = slot.current
    slot.renew()
    assert slot.current == slot.latest == 1
    slot.renew()
    assert slot.current == 2
    assert server.events == ["in 1", "out 1", "in 2"]


def test_a_login_that_another_thread_has_renewed_is_not_renewed_again() -> None:
    slot = LoginSlot(Counting())
    slot.renew()
    lost = slot.latest
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(slot.renew_after, [lost] * 32))
    assert slot.current == 2


def test_close_cuts_the_calls_before_it_logs_out_and_allows_no_login_afterwards() -> None:
    server = Counting()
    slot = LoginSlot(server)
    slot.renew()
    slot.close()
    assert server.events == ["in 1", "cut", "out 1", "close"]
    for use in (lambda: slot.current, slot.renew, lambda: slot.renew_after(None), slot.check_open):
        with pytest.raises(Closed):
            use()


def test_a_login_is_logged_out_once_if_many_threads_close() -> None:
    server = Counting()
    slot = LoginSlot(server)
    slot.renew()
    with ThreadPoolExecutor(8) as pool:
        list(pool.map(lambda _: slot.close(), range(32)))
    assert server.events.count("out 1") == 1


def test_a_login_that_is_accepted_after_close_is_logged_out() -> None:
    server = Counting()
    slot = LoginSlot(server)
    server.on_login = lambda: threading.Thread(target=slot.close).run()
    with pytest.raises(Closed):
        slot.renew()
    assert server.events[-1] == "out 1"


@pytest.mark.parametrize("refusal", [SessionLost, AuthenticationFailed])
def test_both_ways_to_refuse_a_login_are_authentication_failed(refusal: type[HvlibError]) -> None:
    cause = refusal("no such user", native={"code": 1}, request_id="r1", hint="ask")
    with (
        pytest.raises(AuthenticationFailed, match=r"^h refuses the login: no such user") as caught,
        refused_logins("h refuses the login"),
    ):
        raise cause
    error = caught.value
    assert (error.native, error.request_id, error.hint, error.__cause__) == ({"code": 1}, "r1", "ask", cause)
    with pytest.raises(AuthenticationFailed) as caught, refused_logins("h refuses the login", "check the user"):
        raise cause
    assert caught.value.hint == "check the user"


def test_a_broken_connection_is_not_a_refused_login() -> None:
    with pytest.raises(ConnectionFailed, match=r"^cut$"), refused_logins("h refuses the login"):
        raise ConnectionFailed("cut")
