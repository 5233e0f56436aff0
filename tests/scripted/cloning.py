"""Scripted drivers that clone in several requests, and what their tests share."""

from __future__ import annotations

import threading
from typing import Any

import hvlib
from hvlib.actions import Clone
from hvlib.driver import Done, Steps, steps
from hvlib.model.ref import Ref
from hvlib.model.resources import VM
from scripted.driver import ScriptedSession, ScriptedVMs, scripted

__all__ = ["SOON", "WHOLE", "CloningVMs", "ImageCloner", "Script", "UndoneInSteps", "blocked", "script_of", "sent"]

SOON = 20.0
"""The seconds within which a test's action ends."""

WHOLE = ["look", "image", "copy", "name", "remove image"]
"""The requests of an `ImageCloner`."""

Script = tuple[hvlib.Provider, ScriptedSession, hvlib.VM]
"""A provider, its session, and the VM that is cloned."""


class CloningVMs(ScriptedVMs):
    """Logs each request by its name."""

    def change(self, name: str) -> None:
        self.session.happen(name)

    def remove(self, ref: Ref) -> Any:
        self.session.happen(f"remove {ref.id}")


class ImageCloner(CloningVMs):
    """Clones in three requests, with one more request at the end."""

    def image(self, vm: Ref) -> Done:
        self.session.happen("image")
        return Done(self.session.context.ref(VM, "image"))

    def copy(self) -> Done:
        self.session.happen("copy")
        return Done(self.session.context.ref(VM, "a"))

    @steps(Clone)
    def clone(self, vm: Ref, clone: Clone, steps: Steps) -> Ref | None:
        steps.read(lambda: self.change("look"))
        image = steps.run(lambda: self.image(vm))
        steps.afterwards(self.remove, image)
        copy = steps.run(self.copy, undo=self.remove)
        steps.call(lambda: self.change("name"))
        return copy


class UndoneInSteps(CloningVMs):
    """Clones in two requests, and undoes the first one in two steps."""

    @steps(Clone)
    def clone(self, vm: Ref, clone: Clone, steps: Steps) -> Ref | None:
        steps.call(lambda: self.change("plug"), undo=lambda _: self.undo(steps))
        steps.call(lambda: self.change("name"))
        return vm

    def undo(self, steps: Steps) -> None:
        steps.call(lambda: self.change("unplug"))
        steps.call(lambda: self.change("destroy"))


def script_of(adapter: type[CloningVMs], *others: str) -> Script:
    """A provider whose driver clones as an adapter does, with the VM ``a`` and others."""
    vms: dict[str, Any] = {id: {} for id in ("a", *others)}
    provider, session = scripted(**vms)
    session.vms_adapter = adapter
    vm, *_ = provider.compute.vms.get_all()
    session.log.clear()
    return provider, session, vm


def sent(session: ScriptedSession) -> list[str]:
    """The requests of actions."""
    return [call for call in session.log if call not in ("get", "login", "feed", "close")]


def blocked(session: ScriptedSession, call: str) -> tuple[threading.Event, threading.Event]:
    """Make a call wait. Returns an event that is set when it waits, and an event that ends the wait."""
    arrived, go_on = threading.Event(), threading.Event()

    def wait() -> None:
        arrived.set()
        assert go_on.wait(SOON)

    session.plan(call, wait)
    return arrived, go_on
