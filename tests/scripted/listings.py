"""Listings of a scripted server: nine VMs, in pages of two, and answers that wait for the test."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterable, Iterator
from typing import Any

import hvlib
from hvlib.api.provider import Provider
from hvlib.runtime.clock import Clock
from scripted.driver import QUICK, ScriptedSession, scripted

__all__ = ["PATIENCE", "Hold", "begun", "fetching", "in_thread", "names", "nine", "settle"]

PATIENCE = 10.0


def nine(
    retry: hvlib.RetryPolicy = QUICK, clock: Clock | None = None, *, tokens: bool = True
) -> tuple[Provider, ScriptedSession]:
    """A provider and session with nine VMs, a to i, in five pages. Without ``tokens`` the server has no page tokens."""
    provider, session = scripted(retry, clock, **{name: {"vcpus": ord(name)} for name in "abcdefghi"})
    session.tokens = tokens
    return provider, session


def names(vms: Iterable[hvlib.VM]) -> str:
    return "".join(vm.name_label for vm in vms)


def begun(provider: Provider, pages: int = 1, **query: Any) -> tuple[Iterator[hvlib.Page[hvlib.VM]], hvlib.PageToken]:
    """A listing that has given ``pages`` pages, and the token of the last one."""
    listing = provider.compute.vms.get_all(**query).pages()
    token = [next(listing).next for _ in range(pages)][-1]
    assert token is not None
    return listing, token


def fetching() -> list[threading.Thread]:
    return [thread for thread in threading.enumerate() if thread.name == "hvlib-prefetch"]


def settle() -> None:
    """Wait until no page is being fetched ahead."""
    for thread in fetching():
        thread.join(PATIENCE)
        assert not thread.is_alive()


class Hold:
    """A step that waits until ``answer`` is set, and raises the error then, if it has one. ``asked``: it waits."""

    def __init__(self, error: BaseException | None = None) -> None:
        self.asked, self.answer = threading.Event(), threading.Event()
        self.error = error

    def __call__(self) -> None:
        self.asked.set()
        assert self.answer.wait(PATIENCE)
        if self.error is not None:
            raise self.error


def in_thread(call: Callable[[], object]) -> tuple[threading.Thread, list[object]]:
    """Call in a thread. The result or the error is in the list once the thread has ended."""
    outcome: list[object] = []

    def run() -> None:
        try:
            outcome.append(call())
        except hvlib.HvlibError as error:
            outcome.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    return thread, outcome
