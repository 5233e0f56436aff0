"""Acting: the provider, the site and the helpers that each check of an action uses."""

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
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Resource, StoragePool, Volume

__all__ = ["GIB", "PATIENCE", "Acting", "refused"]

R = TypeVar("R", bound=Resource)

PATIENCE = 60.0
"""The seconds within which an operation on a test server must end."""

GIB = 2**30


class Acting:
    """A provider, its site, and VMs that only this test uses."""

    def __init__(self, site: Site, provider: hvlib.Provider, new_vm: NewVM) -> None:
        self.site = site
        self.provider = provider
        self._new_vm = new_vm

    def halted(self) -> hvlib.VM:
        """A new VM that is halted."""
        id = self._new_vm("conformance")
        return next(vm for vm in self.provider.compute.vms.get_by_name_label("conformance") if vm.ref.id == id)

    def running(self) -> hvlib.VM:
        """A new VM that is running."""
        vm = self.halted()
        self.site.set_power(vm.ref.id, "running")
        return vm.refresh()

    def serves(self, kind: type[Resource]) -> bool:
        """Whether the server has this kind."""
        return serves(self.provider, kind.kind)

    def declares(self, kind: type[Resource], action: type[Action]) -> bool:
        """Whether the driver declares this action for the kind."""
        return self.serves(kind) and action in self.provider.collection(kind.kind).actions

    def can_verify(self, name: str) -> bool:
        """Whether the site can verify this: its ``unverified`` does not have the name of the method or promise."""
        return name not in self.site.unverified

    def find(self, kind: type[Resource], fits: Callable[[Any], bool]) -> Any:
        """The first object of the kind that fits; None if there is none."""
        if not self.serves(kind):
            return None
        return next((record for record in self.provider.collection(kind.kind).get_all() if fits(record)), None)

    def require(self, kind: type[Resource], fits: Callable[[Any], bool]) -> Any:
        """The first object of the kind that fits. AssertionError if the server has none."""
        record = self.find(kind, fits)
        assert record is not None, f"the server has no {kind.kind} that fits this check"
        return record

    def find_other_pool(self, used: Iterable[object]) -> Any:
        """An unused storage pool; None if all are used. Prefers shared pools, then the pool with most free space."""
        pools: Any = self.site.truth(StoragePool) if self.serves(StoragePool) else {}
        unused = sorted(
            (not pools[id].get("shared"), -(pools[id].get("free_bytes") or 0), id) for id in pools.keys() - set(used)
        )
        return self.find(StoragePool, lambda pool: pool.ref.id == unused[0][-1]) if unused else None

    def truth(self, record: Resource) -> dict[str, object]:
        """The site's values of an object's fields."""
        return dict(self.site.truth(self.provider.collection(record.ref.kind).kind)[record.ref.id])

    def fields(self, vm: hvlib.VM) -> dict[str, object]:
        """The site's values of a VM's fields."""
        return self.truth(vm)

    def exists(self, record: Resource) -> bool:
        """Whether the site says that the object exists."""
        return record.ref.id in self.site.truth(self.provider.collection(record.ref.kind).kind)

    def check_values(self, record: Resource, **fields: object) -> None:
        """AssertionError unless the site has these values. Fields that the driver does not declare are ignored."""
        truth = self.truth(record)
        assert {name: truth[name] for name in fields if name in truth} == {
            name: value for name, value in fields.items() if name in truth
        }

    def pools(self, vm: hvlib.VM) -> set[object]:
        """The storage pools of a VM's volumes, from the site; empty if the driver does not declare them."""
        if not self.serves(Volume):
            return set()
        volumes = self.site.truth(Volume)
        attached: Any = self.truth(vm).get("volumes", ())
        return {volumes[id]["pool"] for id in attached if "pool" in volumes[id]}

    def last_boot(self, vm: hvlib.VM) -> object:
        """`Site.last_boot` of a VM; None if the site can't verify it."""
        return self.site.last_boot(vm.ref.id) if self.can_verify("last_boot") else None

    def result_if_supported(self, ask: Callable[[], hvlib.Task[R]]) -> R | None:
        """The result of an action with an option; None if the driver does not support the option."""
        try:
            return ask().wait(timeout=PATIENCE)
        except hvlib.Unsupported:
            return None

    def supports(self, kind: type[Resource], target: Ref | None, action: Action) -> bool:
        """Whether the driver carries out an action with these options. Sends nothing."""
        try:
            self.provider.collection(kind.kind).do(target, action, dry_run=True)
        except hvlib.Unsupported:
            return False
        return True

    def remove(self, record: Resource) -> None:
        """Delete an object that a check has made."""
        if isinstance(record, VM):
            self.site.delete_vm(record.ref.id)
        elif self.declares(self.provider.collection(record.ref.kind).kind, actions.Delete):
            record.do(actions.Delete()).wait(timeout=PATIENCE)

    def remove_image(self, id: str) -> None:
        """Delete an image that a broken-off creation has left."""
        self.site.make_vm(id)
        self.site.delete_vm(id)

    def check_result(self, vm: hvlib.VM, task: hvlib.Task[VM], **fields: object) -> hvlib.VM:
        """The task's result. AssertionError unless it is the VM with these values, and the site has them too."""
        after = task.wait(timeout=PATIENCE)
        assert after.ref == vm.ref
        assert {name: getattr(after, name) for name in fields} == fields
        truth = self.truth(vm)
        assert {name: truth[name] for name in fields} == fields
        assert (task.state, task.progress, task.error) == ("succeeded", 1.0, None)
        return after


@contextmanager
def refused(*errors: type[hvlib.HvlibError]) -> Iterator[None]:
    """AssertionError unless the block raises one of these errors: the server refuses, at the call or in the task."""
    with pytest.raises(errors):
        yield
