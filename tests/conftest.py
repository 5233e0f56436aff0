"""Mark the tests in the rooms of units as units, and fail units that use sockets: see rooms.py."""

from __future__ import annotations

import gc
import signal
import sys
from collections.abc import Iterator

import pytest
from rooms import GUARD, is_unit


def pytest_configure() -> None:
    sys.addaudithook(GUARD.audit)
    # A background job ignores these signals, and its child processes inherit that. They do not inherit handlers: with
    # one set here, the processes that tests start react to the signals.
    for number in (signal.SIGINT, signal.SIGHUP):
        if signal.getsignal(number) is signal.SIG_IGN:
            signal.signal(number, lambda *_: None)


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    for item in items:
        if is_unit(item.path):
            item.add_marker(pytest.mark.unit)


def pytest_collection_finish() -> None:
    # The tests make much garbage. Searching the imported modules for it took a fifth of the units' time.
    gc.collect()
    gc.freeze()


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    GUARD.on = item.get_closest_marker("unit") is not None
    try:
        return (yield)
    finally:
        GUARD.on = False


@pytest.hookimpl(wrapper=True)
def fail_if_refused() -> Iterator[None]:
    """Fail a phase of a test that used a socket and caught the error. If the phase failed by itself, keep its error."""
    try:
        result = yield
    except BaseException:
        GUARD.take_refused()
        raise
    refused = GUARD.take_refused()
    if refused:
        pytest.fail(refused[0], pytrace=False)
    return result


pytest_runtest_setup = pytest_runtest_call = pytest_runtest_teardown = fail_if_refused
