"""Operations on a VM's power state, by the state that allows them.

    halted      start
    running     stop shutdown reboot suspend pause
    paused      stop unpause
    suspended   stop resume

Any other operation is `InvalidState`. A VM takes memory from its host while it runs or is paused.
"""

from __future__ import annotations

from msgspec.structs import replace

from hvlib.model import actions
from hvlib.model.errors import InvalidState, TaskFailed
from hvlib.model.resources import PowerState
from hvlib_sim.lab.engine import Engine, event, operation
from hvlib_sim.lab.objects import VM, Host

__all__ = [
    "guest_off",
    "pause",
    "place",
    "reboot",
    "restarted",
    "resume",
    "set_power",
    "shutdown",
    "start",
    "stop",
    "suspend",
    "take_memory",
    "unpause",
]

IN_MEMORY = ("running", "paused")


@operation("halted")
def start(engine: Engine, vm: VM, _: actions.Start) -> None:
    """`TaskFailed` if no host has enough memory."""
    set_power(engine, restarted(engine, vm), "running")


@operation("running", "paused", "suspended")
def stop(engine: Engine, vm: VM, _: actions.Stop) -> None:
    """Power off. A suspended VM loses its saved memory."""
    set_power(engine, vm, "halted")


@operation("running")
def shutdown(engine: Engine, vm: VM, _: actions.Shutdown) -> None:
    """Ask the guest to shut down. It is off after the time that a task takes."""
    engine.ask_guest(vm.id, "shutdown")
    engine.after(engine.task_time, guest_off, vm.id, str(vm.booted_at))


@event
def guest_off(engine: Engine, id: str, booted_at: str) -> None:
    """Halt the VM, unless its guest was restarted meanwhile."""
    vm = engine.store.find(VM, id)
    if vm is not None and vm.power_state == "running" and str(vm.booted_at) == booted_at:
        set_power(engine, vm, "halted")


@operation("running")
def reboot(engine: Engine, vm: VM, action: actions.Reboot) -> None:
    """Restart the guest. The VM keeps running."""
    if not action.hard:
        engine.ask_guest(vm.id, "reboot")
    engine.store.put(restarted(engine, vm))


@operation("running")
def suspend(engine: Engine, vm: VM, _: actions.Suspend) -> None:
    """Save the memory to disk."""
    set_power(engine, vm, "suspended")


@operation("suspended")
def resume(engine: Engine, vm: VM, _: actions.Resume) -> None:
    """`TaskFailed` if no host has enough memory."""
    set_power(engine, vm, "running")


@operation("running")
def pause(engine: Engine, vm: VM, _: actions.Pause) -> None:
    """Pause the guest. Its memory stays on the host."""
    set_power(engine, vm, "paused")


@operation("paused")
def unpause(engine: Engine, vm: VM, _: actions.Unpause) -> None:
    """Continue the guest where it was paused."""
    set_power(engine, vm, "running")


def set_power(engine: Engine, vm: VM, state: PowerState) -> None:
    """Set a VM's power state, the values that its guest reports, and the free memory of its host.

    Raises `TaskFailed` if no host has enough memory.
    """
    was = engine.store.find(VM, vm.id)
    before = was is not None and was.power_state in IN_MEMORY
    after = state in IN_MEMORY
    if after and not before:
        vm = place(engine, vm)
        take_memory(engine, vm.host, vm.memory_bytes)
    elif before and not after:
        take_memory(engine, vm.host, -vm.memory_bytes)
    runs = state == "running"
    hostname, addresses = (vm.hostname, vm.addresses) if runs else (None, ())
    engine.store.put(replace(vm, power_state=state, guest_hostname=hostname, ip_addresses=addresses))


def restarted(engine: Engine, vm: VM) -> VM:
    """The VM, with its guest started at the present time."""
    return replace(vm, booted_at=engine.now)


def place(engine: Engine, vm: VM, wanted: str | None = None) -> VM:
    """The VM on a host that is up and has enough memory: ``wanted``, else its own, else the one with most free memory.

    Raises `InvalidState` if the wanted host is not up, `TaskFailed` if no host has enough memory.
    """
    store = engine.store
    if wanted is not None and store.get(Host, wanted).state != "up":
        raise InvalidState(f"host {store.get(Host, wanted).name} is {store.get(Host, wanted).state}")
    own = store.find(Host, wanted or vm.host)
    if own is None or (wanted is None and not _has_room(own, vm)):
        own = max(store.all(Host), key=lambda host: (host.state == "up", host.memory_free_bytes))
    if not _has_room(own, vm):
        raise TaskFailed(f"no host has {vm.memory_bytes} bytes of memory for {vm.name}")
    return replace(vm, host=own.id, cluster=own.cluster)


def take_memory(engine: Engine, host: str | None, size_bytes: int) -> None:
    """Take memory from a host; a negative size gives it back."""
    current = engine.store.get(Host, host)
    engine.store.put(replace(current, memory_free_bytes=current.memory_free_bytes - size_bytes))


def _has_room(host: Host, vm: VM) -> bool:
    return host.state == "up" and host.memory_free_bytes >= vm.memory_bytes
