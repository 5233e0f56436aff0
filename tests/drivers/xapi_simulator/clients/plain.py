"""The simplest client of a simulated pool: JSON-RPC, answered in the caller's own thread."""

from __future__ import annotations

import json
import threading
import time
from collections.abc import Callable
from typing import Any, Self

import pytest
from hvlib_xapi_simulator import Simulator

__all__ = ["Background", "Client", "Refused", "until"]

TIMEOUT = 20.0


class Refused(Exception):
    """An error of XenAPI."""

    def __init__(self, description: list[str]) -> None:
        self.description = description
        super().__init__(", ".join(description))


class Client:
    """Calls in JSON-RPC 2.0, without a network. With a session: ``client("VM.get_all")``."""

    def __init__(self, simulator: Simulator, address: str = "127.0.0.1") -> None:
        self.simulator = simulator
        self.address = address
        self.session = ""

    def login(self, user: str = "root", password: str = "secret", originator: str = "tests") -> Self:
        self.session = self.raw("session.login_with_password", user, password, "1.0", originator)
        return self

    def __call__(self, method: str, *parameters: Any) -> Any:
        return self.raw(method, self.session, *parameters)

    def raw(self, method: str, *parameters: Any) -> Any:
        call = {"jsonrpc": "2.0", "id": 7, "method": method, "params": parameters}
        status, _, body = self.post("/jsonrpc", json.dumps(call).encode())
        assert status == 200, body
        reply = json.loads(body)
        assert reply["id"] == 7
        if "error" in reply:
            assert reply["error"]["code"] == 1
            raise Refused([reply["error"]["message"], *reply["error"]["data"]])
        return reply["result"]

    def post(self, path: str, body: bytes) -> tuple[int, str, bytes]:
        """Return the status, the type and the body of a reply."""
        kind, reply = self.simulator.service(self.address).answer(path, body)
        return 200, kind, reply

    def refused(self, method: str, *parameters: Any) -> list[str]:
        """The error of a call that must fail."""
        with pytest.raises(Refused) as caught:
            self(method, *parameters)
        return caught.value.description

    def vm(self, state: str = "Halted") -> str:
        """A machine in a state."""
        for ref, record in self("VM.get_all_records").items():
            if record["power_state"] == state and not (record["is_a_template"] or record["is_control_domain"]):
                return str(ref)
        raise AssertionError(f"no machine is {state}")

    def named(self, table: str, name: str) -> str:
        """The only object that has a name."""
        (ref,) = self(f"{table}.get_by_name_label", name)
        return str(ref)

    def events(self, classes: list[str], token: str = "", timeout: float = 0.0) -> dict[str, Any]:
        return dict(self("event.from", classes, token, timeout))

    def finished(self, task: str) -> dict[str, Any]:
        """A task's record after it has ended."""
        token, deadline = "", time.monotonic() + TIMEOUT
        while time.monotonic() < deadline:
            token = self.events([f"task/{task}"], token, 1.0)["token"]
            record: dict[str, Any] = self("task.get_record", task)
            if record["status"] != "pending":
                return record
        raise AssertionError("the task takes too long")


class Background:
    """A call in a thread of its own."""

    def __init__(self, call: Callable[[], Any]) -> None:
        self._outcome: Any = None
        self._error: Exception | None = None
        self._call = call
        self._thread = threading.Thread(target=self._run)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._outcome = self._call()
        except Exception as error:
            self._error = error

    @property
    def waiting(self) -> bool:
        return self._thread.is_alive()

    def result(self) -> Any:
        self._thread.join(TIMEOUT)
        assert not self.waiting
        if self._error:
            raise self._error
        return self._outcome


def until(condition: Callable[[], bool]) -> None:
    """Wait until a condition is true."""
    deadline = time.monotonic() + TIMEOUT
    while not condition():
        assert time.monotonic() < deadline
        time.sleep(0.002)
