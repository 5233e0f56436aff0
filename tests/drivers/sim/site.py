"""SimSite: a simulated lab, administered through its own methods."""

from __future__ import annotations

from collections.abc import Hashable, Mapping, Sequence
from typing import Any
from uuid import uuid4

from hvlib_sim.lab import hardware, lifecycle, objects, power
from hvlib_sim.lab.engine import Operation
from hvlib_sim.lab.lab import Lab
from msgspec.structs import asdict, replace

from hvlib import actions
from hvlib.conformance import Site, Wire
from hvlib.model.ref import Ref
from hvlib.model.resources import PowerState, Resource

__all__ = ["LabWire", "SimSite"]

PASSWORD = "lab-secret"
SOURCES = {kind.__name__: kind for kind in objects.Object.__subclasses__()}


class LabWire(Wire):
    """The wire of a lab, without a network: the lab counts its own requests, and loses its own replies."""

    def __init__(self, lab: Lab) -> None:
        self._lab = lab

    @property
    def turns(self) -> int:
        return self._lab.requests.total()

    def cut(self) -> None:
        self._lab.cut_connections()

    def cut_after(self, turns: int | None) -> None:
        self._lab.cut_after(turns)

    def close(self) -> None:
        self._lab.cut_after(None)


class SimSite(Site):
    """A lab in this process."""

    unverified = {
        "make_image": "no object of a lab changes its kind",
        "make_vm": "no object of a lab changes its kind",
        "restart": "a lab ends with its process",
        "environment": "no other process reaches the lab",
    }

    def __init__(self) -> None:
        self.lab = Lab.named(f"site-{uuid4().hex}", vms=20, hosts=10, task_time=0.01, password=PASSWORD)

    @property
    def url(self) -> str:
        return f"sim://{self.lab.name}"

    @property
    def options(self) -> Mapping[str, Any]:
        return {"password": PASSWORD}

    def wire(self) -> Wire:
        return LabWire(self.lab)

    def truth(self, kind: type[Resource]) -> Mapping[str, Mapping[str, object]]:
        with self.lab.at_work() as engine:
            natives = engine.store.all(SOURCES[kind.__name__.removesuffix("Record")])
        return {native.id: self._fields(kind, native) for native in natives}

    def create_vm(self, name_label: str) -> str:
        [image, *_] = self.lab.store.all(objects.Image)
        link = self._do(lifecycle.create_vm, None, actions.CreateVM(name_label, Ref(self.lab.uuid, "Image", image.id)))
        assert link is not None
        return link.id

    def delete_vm(self, id: str) -> None:
        # Under one lock, so that no start in progress ends in between.
        with self.lab.at_work() as engine:
            vm = engine.store.get(objects.VM, id)
            if vm.power_state not in lifecycle.delete_vm.states:
                engine.perform(power.stop, vm, actions.Stop())
            engine.perform(lifecycle.delete_vm, engine.store.get(objects.VM, id), actions.Delete())

    def rename_vm(self, id: str, name_label: str) -> None:
        self._do(hardware.rename, id, actions.Rename(name_label))

    def set_power(self, id: str, state: PowerState) -> None:
        if self.lab.store.get(objects.VM, id).power_state != state:
            operation, action = (power.start, actions.Start()) if state == "running" else (power.stop, actions.Stop())
            self._do(operation, id, action)

    def set_problem(self, id: str, problem: bool) -> str | None:
        text = "the guest waits for an answer" if problem else None
        with self.lab.at_work() as engine:
            engine.store.put(replace(engine.store.get(objects.VM, id), problem=text))
        return text

    def last_boot(self, id: str) -> object:
        return self.lab.store.get(objects.VM, id).booted_at

    def guest_requests(self, id: str) -> Mapping[str, int]:
        with self.lab.at_work() as engine:
            return dict(engine.guest_requests.get(id, {}))

    def user_data(self, id: str) -> str | None:
        return self.lab.store.get(objects.VM, id).user_data

    def log(self) -> Sequence[Hashable]:
        with self.lab.at_work() as engine:
            return list(engine.log)

    def expire_sessions(self) -> None:
        self.lab.expire_sessions()

    def lose_cursors(self) -> None:
        self.lab.forget_changes()

    def leftovers(self) -> Mapping[str, int]:
        return {"sessions": self.lab.open_sessions}

    def _do(self, operation: Operation, id: str | None, action: actions.Action) -> objects.Link | None:
        with self.lab.at_work() as engine:
            target = None if id is None else engine.store.get(objects.VM, id)
            return engine.perform(operation, target, action)

    def _fields(self, kind: type[Resource], native: objects.Object) -> Mapping[str, object]:
        values = {"name_label": native.name, **asdict(native)}
        if isinstance(native, objects.VM):
            values["status"] = native.power_state
        if isinstance(native, objects.Host):
            values["status"] = native.state
        plain = {name: value.id if isinstance(value, objects.Link) else value for name, value in values.items()}
        return {name: plain[name] for name in kind.all_fields() if name in plain}
