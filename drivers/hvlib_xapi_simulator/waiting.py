"""Waiting for other operations on an object to end (ocaml/xapi/helpers.ml, retry_with_global_lock)."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from hvlib_xapi_simulator.call import Call
from hvlib_xapi_simulator.failure import Failure

__all__ = ["wait_until_allowed"]

BUSY = "OTHER_OPERATION_IN_PROGRESS"


def wait_until_allowed(call: Call, find_error: Callable[[], Sequence[str] | None]) -> None:
    """Wait until an operation is allowed. Raises the error that forbids it, or that another operation lasts too long.

    A call waits for hours if need be, and can be cancelled meanwhile. The caller must hold the lock, and holds it when
    this returns, so that the result of the check is still true.
    """
    deadline = time.monotonic() + call.pool.settings.patience
    call.pool.tasks.allow_cancel(call.task, True)
    while error := find_error():
        remaining = deadline - time.monotonic()
        if error[0] != BUSY or remaining <= 0 or call.pool.closed.is_set():
            raise Failure(*error)
        call.pool.tasks.stop_if_cancelled(call.task)
        call.database.changed.wait(remaining)
