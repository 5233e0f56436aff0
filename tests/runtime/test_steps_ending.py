"""Actions of several requests at the end of a block, when their provider is closed, and in a forked child."""

from __future__ import annotations

import os
import threading
from collections.abc import Callable
from typing import Any

import pytest
from scripted.cloning import SOON, WHOLE, ImageCloner, Script, blocked, script_of, sent

import hvlib
from hvlib.runtime.steps import runner


@pytest.fixture
def script() -> Script:
    return script_of(ImageCloner)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="no fork")
def test_a_forked_child_begins_anew(script: Script) -> None:
    """In the child the parent's tasks raise Closed, and the child's own tasks run."""
    _, session, vm = script
    arrived, go_on = blocked(session, "look")
    task = vm.clone("copy")
    assert arrived.wait(SOON)
    vm.clone("other").wait(timeout=SOON)  # Its thread is idle now, and the child does not have it.
    child = os.fork()
    if child == 0:
        os._exit(_run_in_child(vm, task))
    go_on.set()
    task.wait(timeout=SOON)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 0


def _run_in_child(vm: hvlib.VM, task: hvlib.Task[Any]) -> int:
    try:
        task.wait(timeout=SOON)
    except hvlib.Closed:
        return 0 if vm.clone("own").wait(timeout=SOON).ref == vm.ref else 2
    return 1


@pytest.mark.parametrize("failure", [None, ZeroDivisionError()])
def test_the_end_of_the_block_waits(script: Script, failure: Exception | None) -> None:
    provider, session, vm = script
    arrived, go_on = blocked(session, "look")

    def block() -> None:
        with provider:
            vm.clone("copy")
            assert arrived.wait(SOON)
            threading.Timer(0.1, go_on.set).start()
            if failure is not None:
                raise failure

    if failure is None:
        block()
    else:
        with pytest.raises(ZeroDivisionError):
            block()
    assert sent(session) == WHOLE
    assert session.closed == 1


@pytest.mark.parametrize("end", [KeyboardInterrupt, SystemExit])
def test_an_interrupted_block_cancels(script: Script, end: type[BaseException]) -> None:
    provider, session, vm = script
    arrived, go_on = blocked(session, "copy")
    tasks = []

    def block() -> None:
        with provider:
            tasks.append(vm.clone("copy"))
            assert arrived.wait(SOON)
            threading.Timer(0.1, go_on.set).start()
            raise end

    with pytest.raises(end):
        block()
    assert sent(session) == ["look", "image", "copy", "remove a", "remove image"]
    assert (tasks[0].state, session.closed) == ("cancelled", 1)


def test_a_block_that_waited_long_enough_cancels(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    provider, session, vm = script
    monkeypatch.setattr(provider, "_steps_timeout", 0.05)
    arrived, go_on = blocked(session, "copy")
    with provider:
        task = vm.clone("copy")
        assert arrived.wait(SOON)
        threading.Timer(0.5, go_on.set).start()
    assert sent(session) == ["look", "image", "copy", "remove a", "remove image"]
    assert (task.state, session.closed) == ("cancelled", 1)


def test_closing_waits_for_an_undo_for_a_limited_time(script: Script, monkeypatch: pytest.MonkeyPatch) -> None:
    provider, session, vm = script
    monkeypatch.setattr(runner, "UNDO_SECONDS", 0.05)
    arrived, go_on = blocked(session, "copy")
    task = vm.clone("copy")
    assert arrived.wait(SOON)
    ended = threading.Timer(5.0, go_on.set)
    ended.start()
    provider.close()
    assert (session.closed, task.follower.ended) == (1, False)
    ended.cancel()
    go_on.set()
    task.follower.future.exception(SOON)  # type: ignore[attr-defined]
    assert [ref.id for ref in task.left] == ["a", "image"]


def test_closing_ends_waits_at_once_and_undoes_before_the_logout(script: Script) -> None:
    provider, session, vm = script
    arrived, go_on = blocked(session, "copy")
    task = vm.clone("copy")
    assert arrived.wait(SOON)
    errors: list[BaseException] = []
    waiting = threading.Thread(target=_note_error, args=(errors, lambda: task.wait(timeout=SOON)))
    waiting.start()
    while not task.follower._listeners:  # type: ignore[attr-defined]
        pass
    closing = threading.Thread(target=provider.close)
    closing.start()
    waiting.join(SOON)
    assert [type(error) for error in errors] == [hvlib.Closed]
    assert session.closed == 0
    go_on.set()
    closing.join(SOON)
    assert sent(session) == ["look", "image", "copy", "remove a", "remove image"]
    assert session.closed == 1


def _note_error(errors: list[BaseException], call: Callable[[], Any]) -> None:
    try:
        call()
    except BaseException as error:
        errors.append(error)
