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


LOOK_AGAIN = 0.05
"""Seconds between two looks at a guest that starts."""

Ask = Callable[[hvlib.VM], hvlib.Task[VM]]


def reaches(acting: Acting, vm: hvlib.VM, ask: Ask, state: PowerState) -> None:
    """The VM comes to be in a state, and as it is there, another such request is refused."""
    acting.becomes(vm, ask(vm), power_state=state)
    _refuses(vm, ask)


def _refuses(vm: hvlib.VM, ask: Ask) -> None:
    with refused(hvlib.InvalidState):
        ask(vm).wait(timeout=PATIENCE)


def start(acting: Acting) -> None:
    """A VM that is suspended or paused is not started: to let it go on is another action."""
    reaches(acting, acting.halted(), VM.start, "running")
    for action in (actions.Suspend(), actions.Pause()):
        if acting.declares(VM, type(action)):
            vm = acting.running()
            vm.do(action).wait(timeout=PATIENCE)
            _refuses(vm, VM.start)


def stop(acting: Acting) -> None:
    reaches(acting, acting.running(), VM.stop, "halted")


def shutdown(acting: Acting) -> None:
    """It is the guest that is asked: to power the VM off is another action."""
    vm = acting.running()
    asked = Asked(acting, vm)
    acting.becomes(vm, vm.shutdown(), power_state="halted")
    asked.once("shutdown")
    _refuses(vm, VM.shutdown)


def reboot(acting: Acting) -> None:
    vm = acting.running()
    _reboot_softly(acting, vm)
    _reboot_hard(acting, vm)
    off = [acting.halted()]
    if acting.declares(VM, actions.Suspend):
        off.append(acting.running().suspend().wait(timeout=PATIENCE))
    for vm in off:
        for hard in (False, True):
            _refuses(vm, partial(VM.reboot, hard=hard))


class Asked:
    """What a guest has been asked since this was made."""

    def __init__(self, acting: Acting, vm: hvlib.VM) -> None:
        self._ask = acting.site.guest_requests if acting.can("guest_requests") else None
        self._id = vm.ref.id
        self._before = Counter(self._ask(self._id)) if self._ask else Counter[str]()

    def once(self, request: str) -> None:
        """It has been asked for this once, and for nothing else."""
        if self._ask:
            assert Counter(self._ask(self._id)) - self._before == {request: 1}

    def nothing(self) -> None:
        """It has been asked for nothing."""
        if self._ask:
            assert Counter(self._ask(self._id)) - self._before == {}


def _reboot_softly(acting: Acting, vm: hvlib.VM) -> None:
    """The guest is asked, and has started again when the task ends, where the server tells that."""
    asked = Asked(acting, vm)
    before = acting.last_boot(vm)
    acting.becomes(vm, vm.reboot(), power_state="running")
    asked.once("reboot")
    if acting.can("start after reboot"):
        _started_again(acting, vm, before)


def _reboot_hard(acting: Acting, vm: hvlib.VM) -> None:
    asked = Asked(acting, vm)
    before = acting.last_boot(vm)
    acting.becomes(vm, vm.reboot(hard=True), power_state="running")
    asked.nothing()
    _started_again(acting, vm, before)


def _started_again(acting: Acting, vm: hvlib.VM, before: object) -> None:
    """By now; later where the server can't tell when."""
    deadline = time.monotonic() + (0.0 if acting.can("start after reboot") else PATIENCE)
    while acting.can("last_boot") and acting.last_boot(vm) == before:
        assert time.monotonic() < deadline, "the guest has not started again"
        time.sleep(LOOK_AGAIN)


def suspend(acting: Acting) -> None:
    reaches(acting, acting.running(), VM.suspend, "suspended")


def resume(acting: Acting) -> None:
    """A halted VM is not resumed: to start it is another action."""
    vm = acting.running()
    vm.suspend().wait(timeout=PATIENCE)
    reaches(acting, vm, VM.resume, "running")
    _refuses(acting.halted(), VM.resume)


def pause(acting: Acting) -> None:
    reaches(acting, acting.running(), VM.pause, "paused")


def unpause(acting: Acting) -> None:
    vm = acting.running()
    vm.pause().wait(timeout=PATIENCE)
    reaches(acting, vm, VM.unpause, "running")
