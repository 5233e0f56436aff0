"""A check for each action on a VM's power state."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable

import hvlib
from hvlib.conformance.acting import PATIENCE, Acting, refused
from hvlib.model.resources import VM, PowerState

__all__ = ["pause", "reboot", "resume", "shutdown", "start", "stop", "suspend", "unpause"]

LOOK_AGAIN = 0.05
"""Seconds between two looks at a guest that starts."""


def reaches(acting: Acting, vm: hvlib.VM, ask: Callable[[hvlib.VM], hvlib.Task[VM]], state: PowerState) -> None:
    """The VM comes to be in a state, and as it is there, another such request is refused."""
    acting.becomes(vm, ask(vm), power_state=state)
    with refused(hvlib.InvalidState):
        ask(vm).wait(timeout=PATIENCE)


def start(acting: Acting) -> None:
    reaches(acting, acting.halted(), VM.start, "running")


def stop(acting: Acting) -> None:
    reaches(acting, acting.running(), VM.stop, "halted")


def shutdown(acting: Acting) -> None:
    """It is the guest that is asked: to power the VM off is another action."""
    vm = acting.running()
    asked = Asked(acting, vm)
    vm.shutdown().wait(timeout=PATIENCE)
    assert vm.wait_for(power_state="halted", timeout=PATIENCE).ref == vm.ref
    acting.shows(vm, power_state="halted")
    asked.once("shutdown")
    with refused(hvlib.InvalidState):
        vm.shutdown().wait(timeout=PATIENCE)


def reboot(acting: Acting) -> None:
    vm = acting.running()
    _reboot_softly(acting, vm)
    _reboot_hard(acting, vm)
    halted = acting.halted()
    for hard in (False, True):
        with refused(hvlib.InvalidState):
            halted.reboot(hard=hard).wait(timeout=PATIENCE)


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
    """The guest is asked. Where no site can tell that, it must have started anew."""
    asked = Asked(acting, vm)
    before = acting.last_boot(vm)
    vm.reboot().wait(timeout=PATIENCE)
    assert vm.wait_for(power_state="running", timeout=PATIENCE).ref == vm.ref
    asked.once("reboot")
    if not acting.can("guest_requests"):
        _starts_anew(acting, vm, before)


def _reboot_hard(acting: Acting, vm: hvlib.VM) -> None:
    asked = Asked(acting, vm)
    before = acting.last_boot(vm)
    vm.reboot(hard=True).wait(timeout=PATIENCE)
    assert vm.wait_for(power_state="running", timeout=PATIENCE).ref == vm.ref
    asked.nothing()
    _starts_anew(acting, vm, before)


def _starts_anew(acting: Acting, vm: hvlib.VM, before: object) -> None:
    deadline = time.monotonic() + PATIENCE
    while acting.can("last_boot") and acting.last_boot(vm) == before:
        assert time.monotonic() < deadline, "the guest was not started anew"
        time.sleep(LOOK_AGAIN)


def suspend(acting: Acting) -> None:
    reaches(acting, acting.running(), VM.suspend, "suspended")


def resume(acting: Acting) -> None:
    vm = acting.running()
    vm.suspend().wait(timeout=PATIENCE)
    reaches(acting, vm, VM.resume, "running")


def pause(acting: Acting) -> None:
    reaches(acting, acting.running(), VM.pause, "paused")


def unpause(acting: Acting) -> None:
    vm = acting.running()
    vm.pause().wait(timeout=PATIENCE)
    reaches(acting, vm, VM.unpause, "running")
