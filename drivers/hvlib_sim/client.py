"""Client: sends one call to a lab in the login that stands; a server would see each call as a round trip."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress

from hvlib.driver import Context, Secret, SessionLost
from hvlib.driver.login_slot import LoginSlot
from hvlib.model.errors import AuthenticationFailed, Closed, ConnectionTimeout, HvlibError
from hvlib_sim.lab.faults import Faults
from hvlib_sim.lab.lab import Lab
from hvlib_sim.login import Login

__all__ = ["Client"]


class Client:
    """The way to a lab, and the login that stands there.

    ``find_lab`` gives the lab; it is called once, at the first login, and the lab is closed with the client.
    ``latency`` seconds go by in each call, and each call meets the ``faults`` that are meant for it.
    """

    def __init__(self, find_lab: Callable[[], Lab], context: Context, latency: float, faults: Faults) -> None:
        self.context = context
        self._find_lab = find_lab
        self._latency = latency
        self._faults = faults
        self._lab: Lab | None = None
        self._left = False
        self._slot: LoginSlot[Login] = LoginSlot()
        self._lock = threading.Lock()
        self._logging_in = threading.Lock()
        self._closed = threading.Event()

    @property
    def lab(self) -> Lab:
        """The lab; made or opened now if it is not there yet."""
        with self._lock:
            if self._lab is None:
                self._check_open()
                self._lab = self._find_lab()
            return self._lab

    @property
    def login(self) -> Login | None:
        """The login that stands; None while there is none."""
        return self._slot.latest

    def log_in(self, password: Secret | None) -> None:
        """Log in, then end the login that stood before. Raises `AuthenticationFailed` where the lab refuses it."""
        with self._logging_in:
            try:
                with self._crossing("Login"):
                    login = Login(self.lab.login(password))
            except SessionLost as error:  # No session was accepted that could be lost.
                raise AuthenticationFailed(f"the lab refuses the login: {error}") from error
            before = self._slot.put(login)
            if before is not None:
                self.lab.logout(before.token)
        self._check_open()

    @contextmanager
    def call(self, name: str, waking: threading.Event | None = None) -> Iterator[None]:
        """A round trip: the block is what the lab does. ``waking`` cuts the time that the way takes short.

        Raises `SessionLost` if the lab does not know the login, `Closed` if this side closed it, and
        `ConnectionFailed` where the reply is lost.
        """
        login = self.login
        try:
            with self._crossing(name, waking):
                self.check(login)
                yield
        except SessionLost:
            self.lab.logout(login.token if login else "")
            raise

    def check(self, login: Login | None) -> None:
        """Raise `Closed` if the client was closed, `SessionLost` if the lab does not know the login."""
        self._check_open()
        self.lab.check(login.token if login else None)

    def shut(self) -> None:
        """Let every call raise `Closed` from now on."""
        with self._lock:
            self._closed.set()

    def close(self) -> None:
        """Log out, if a login stands, and leave the lab. Idempotent."""
        self.shut()
        with self._logging_in:  # A login that is under way must not be left behind.
            self._log_out()
        with self._lock:
            lab, self._left = None if self._left else self._lab, True
        if lab is not None:
            lab.close()

    @contextmanager
    def _crossing(self, name: str, waking: threading.Event | None = None) -> Iterator[None]:
        """The way to the lab and back: counted on both sides, with the faults and the time that go with it."""
        self._check_open()
        self.context.count_request(name)
        with self._faults.met_by(name.lower()):
            self._let_time_pass(name, waking)
            with self.lab.request(name):
                yield

    def _let_time_pass(self, name: str, waking: threading.Event | None) -> None:
        limit = self.context.timeout()
        if self._latency and (waking or self._closed).wait(min(self._latency, limit)):
            return
        if self._latency > limit:
            raise ConnectionTimeout(f"{name}: no answer in {limit} s")

    def _check_open(self) -> None:
        if self._closed.is_set():
            raise Closed("the session was closed")

    def _log_out(self) -> None:
        login = self._slot.take()
        if login is not None and self._lab is not None:
            self.context.count_request("Logout")
            with suppress(HvlibError), self._lab.request("Logout"):
                self._lab.logout(login.token)
