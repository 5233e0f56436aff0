"""A check for each action on a VM's power state."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable
from functools import partial

import hvlib
from hvlib.conformance.acting import PATIENCE, Acting, refused
from hvlib.model import actions
from hvlib.model.resources import VM, PowerState

__all__ = ["pause", "reboot", "resume", "shutdown", "start", "stop", "suspend", "unpause"]


POLL_SECONDS = 0.05
"""The pause between two looks at a guest that starts."""

Ask = Callable[[hvlib.VM], hvlib.Task[VM]]


def _check_reaches(acting: Acting, vm: hvlib.VM, ask: Ask, state: PowerState) -> None:
    """Check that an action brings the VM into a state, and is then refused there."""
    acting.check_result(vm, ask(vm), power_state=state)
    _check_refused(vm, ask)


def _check_refused(vm: hvlib.VM, ask: Ask) -> None:
    with refused(hvlib.InvalidState):
        ask(vm).wait(timeout=PATIENCE)


def start(acting: Acting) -> None:
    """A suspended or paused VM refuses to start: resume and unpause are other actions."""
    _check_reaches(acting, acting.halted(), VM.start, "running")
    for action in (actions.Suspend(), actions.Pause()):
        if acting.declares(VM, type(action)):
            vm = acting.running()
            vm.do(action).wait(timeout=PATIENCE)
            _check_refused(vm, VM.start)


def stop(acting: Acting) -> None:
    _check_reaches(acting, acting.running(), VM.stop, "halted")


def shutdown(acting: Acting) -> None:
    """The guest itself is asked to shut down; `Stop`, another action, powers the VM off."""
    vm = acting.running()
    requests = GuestRequests(acting, vm)
    acting.check_result(vm, vm.shutdown(), power_state="halted")
    requests.check_one("shutdown")
    _check_refused(vm, VM.shutdown)


def reboot(acting: Acting) -> None:
    vm = acting.running()
    _reboot_softly(acting, vm)
    _reboot_hard(acting, vm)
    off = [acting.halted()]
    if acting.declares(VM, actions.Suspend):
        off.append(acting.running().suspend().wait(timeout=PATIENCE))
    for vm in off:
        for hard in (False, True):
            _check_refused(vm, partial(VM.reboot, hard=hard))


class GuestRequests:
    """The requests that a guest has got since this object was made."""

    def __init__(self, acting: Acting, vm: hvlib.VM) -> None:
        self._ask = acting.site.guest_requests if acting.can_verify("guest_requests") else None
        self._id = vm.ref.id
        self._before = Counter(self._ask(self._id)) if self._ask else Counter[str]()

    def check_one(self, request: str) -> None:
        """AssertionError unless the guest has got this request once, and no other."""
        if self._ask:
            assert Counter(self._ask(self._id)) - self._before == {request: 1}

    def check_none(self) -> None:
        """AssertionError if the guest has got any request."""
        if self._ask:
            assert Counter(self._ask(self._id)) - self._before == {}


def _reboot_softly(acting: Acting, vm: hvlib.VM) -> None:
    """The guest is asked to reboot, and has started again when the task ends, if the server reports that."""
    requests = GuestRequests(acting, vm)
    before = acting.last_boot(vm)
    acting.check_result(vm, vm.reboot(), power_state="running")
    requests.check_one("reboot")
    if acting.can_verify("start after reboot"):
        _check_started_again(acting, vm, before)


def _reboot_hard(acting: Acting, vm: hvlib.VM) -> None:
    requests = GuestRequests(acting, vm)
    before = acting.last_boot(vm)
    acting.check_result(vm, vm.reboot(hard=True), power_state="running")
    requests.check_none()
    _check_started_again(acting, vm, before)


def _check_started_again(acting: Acting, vm: hvlib.VM, before: object) -> None:
    """The guest has started again by now; where the server can't tell when, within `PATIENCE`."""
    deadline = time.monotonic() + (0.0 if acting.can_verify("start after reboot") else PATIENCE)
    while acting.can_verify("last_boot") and acting.last_boot(vm) == before:
        assert time.monotonic() < deadline, "the guest has not started again"
        time.sleep(POLL_SECONDS)


def suspend(acting: Acting) -> None:
    _check_reaches(acting, acting.running(), VM.suspend, "suspended")


def resume(acting: Acting) -> None:
    """A halted VM refuses to resume: start is another action."""
    vm = acting.running()
    vm.suspend().wait(timeout=PATIENCE)
    _check_reaches(acting, vm, VM.resume, "running")
    _check_refused(acting.halted(), VM.resume)


def pause(acting: Acting) -> None:
    _check_reaches(acting, acting.running(), VM.pause, "paused")


def unpause(acting: Acting) -> None:
    vm = acting.running()
    vm.pause().wait(timeout=PATIENCE)
    _check_reaches(acting, vm, VM.unpause, "running")
