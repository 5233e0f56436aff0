"""Acting: what a check of an action is given."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

import pytest

import hvlib
from hvlib.conformance.fixtures import NewVM, serves
from hvlib.conformance.site import Site
from hvlib.model import actions
from hvlib.model.actions import Action
from hvlib.model.resources import VM, Resource, StoragePool, Volume

__all__ = ["GIB", "PATIENCE", "Acting", "refused"]

R = TypeVar("R", bound=Resource)

PATIENCE = 60.0
"""Seconds in which an operation on a test server must be over."""

GIB = 2**30


class Acting:
    """A provider to act through, on VMs of one's own."""

    def __init__(self, site: Site, provider: hvlib.Provider, new_vm: NewVM) -> None:
        self.site = site
        self.provider = provider
        self._new_vm = new_vm

    def halted(self) -> hvlib.VM:
        """A new VM, off."""
        id = self._new_vm("conformance")
        return next(vm for vm in self.provider.compute.vms.get_by_name_label("conformance") if vm.ref.id == id)

    def running(self) -> hvlib.VM:
        """A new VM, on."""
        vm = self.halted()
        self.site.set_power(vm.ref.id, "running")
        return vm.refresh()

    def serves(self, kind: type[Resource]) -> bool:
        """Whether the server has a kind."""
        return serves(self.provider, kind.kind)

    def declares(self, kind: type[Resource], action: type[Action]) -> bool:
        """Whether the server takes an action on a kind."""
        return self.serves(kind) and action in self.provider.collection(kind.kind).actions

    def can(self, name: str) -> bool:
        """Whether the site does not say that it can't: a method of its own, or a promise."""
        return name not in self.site.unverified

    def found(self, kind: type[Resource], fits: Callable[[Any], bool]) -> Any:
        """Some object that fits; None if there is none."""
        if not self.serves(kind):
            return None
        return next((record for record in self.provider.collection(kind.kind).get_all() if fits(record)), None)

    def other(self, kind: type[Resource], fits: Callable[[Any], bool]) -> Any:
        """Some object that fits: the server must have one."""
        found = self.found(kind, fits)
        assert found is not None, f"the server has no {kind.kind} to try this with"
        return found

    def other_pool(self, used: Iterable[object]) -> Any:
        """A storage pool that is none of the used ones: a shared one rather, then the one with most space; or None."""
        told: Any = self.site.truth(StoragePool) if self.serves(StoragePool) else {}
        unused = sorted(
            (not told[id].get("shared"), -(told[id].get("free_bytes") or 0), id) for id in told.keys() - set(used)
        )
        return self.found(StoragePool, lambda pool: pool.ref.id == unused[0][-1]) if unused else None

    def truth(self, record: Resource) -> dict[str, object]:
        """An object as the server itself has it."""
        return dict(self.site.truth(self.provider.collection(record.ref.kind).kind)[record.ref.id])

    def fields(self, vm: hvlib.VM) -> dict[str, object]:
        """A VM as the server itself has it."""
        return self.truth(vm)

    def exists(self, record: Resource) -> bool:
        """Whether the server itself has an object."""
        return record.ref.id in self.site.truth(self.provider.collection(record.ref.kind).kind)

    def shows(self, record: Resource, **fields: object) -> None:
        """The server itself has these values, of the fields that are declared."""
        told = self.truth(record)
        assert {name: told[name] for name in fields if name in told} == {
            name: value for name, value in fields.items() if name in told
        }

    def pools(self, vm: hvlib.VM) -> set[object]:
        """Where the server itself keeps a VM's volumes; empty where that is not declared."""
        if not self.serves(Volume):
            return set()
        volumes = self.site.truth(Volume)
        attached: Any = self.truth(vm).get("volumes", ())
        return {volumes[id]["pool"] for id in attached if "pool" in volumes[id]}

    def last_boot(self, vm: hvlib.VM) -> object:
        """What tells the last start of a VM's guest from others; None where no site can tell."""
        return self.site.last_boot(vm.ref.id) if self.can("last_boot") else None

    def supported(self, ask: Callable[[], hvlib.Task[R]]) -> R | None:
        """What came of an action with an option; None if the driver says that it does not support the option."""
        try:
            return ask().wait(timeout=PATIENCE)
        except hvlib.Unsupported:
            return None

    def remove(self, record: Resource) -> None:
        """Delete what a check has made."""
        if isinstance(record, VM):
            self.site.delete_vm(record.ref.id)
        elif self.declares(self.provider.collection(record.ref.kind).kind, actions.Delete):
            record.do(actions.Delete()).wait(timeout=PATIENCE)

    def becomes(self, vm: hvlib.VM, task: hvlib.Task[VM], **fields: object) -> hvlib.VM:
        """The task's result, which has these values, as the server has."""
        after = task.wait(timeout=PATIENCE)
        assert after.ref == vm.ref
        assert {name: getattr(after, name) for name in fields} == fields
        told = self.truth(vm)
        assert {name: told[name] for name in fields} == fields
        assert (task.state, task.progress, task.error) == ("succeeded", 1.0, None)
        return after


@contextmanager
def refused(*errors: type[hvlib.HvlibError]) -> Iterator[None]:
    """The server refuses it, at the call or in the task, and hvlib says so by one of these classes."""
    with pytest.raises(errors):
        yield
