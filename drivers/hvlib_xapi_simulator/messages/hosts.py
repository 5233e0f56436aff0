"""Hosts and the pool: maintenance, evacuation, another master (ocaml/xapi/xapi_host.ml, xapi_pool.ml)."""

from __future__ import annotations

from hvlib_xapi_simulator import power
from hvlib_xapi_simulator.call import Call, handles
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.operation import vm_operation
from hvlib_xapi_simulator.placement import choose_host
from hvlib_xapi_simulator.values import DateTime, now

__all__: list[str] = []


@handles("host.enable")
def enable(call: Call, host: str) -> None:
    """Let VMs start on a host again."""
    call.database.write("host", host, enabled=True)


@handles("host.disable")
def disable(call: Call, host: str, _auto_enable: bool = True) -> None:
    """Let no more VMs start on a host."""
    call.database.write("host", host, enabled=False)


@handles("host.evacuate")
def evacuate(call: Call, host: str, _network: str = "", _batch: int = 0) -> None:
    """Move all running VMs away from a host, which should be disabled. Raises INTERNAL_ERROR if other VMs stay."""
    call.work()
    guests = [vm for vm in call.database.get("host", host)["resident_VMs"] if not _is_control_domain(call, vm)]
    for vm in guests:
        if call.database.get("VM", vm)["power_state"] == "Running":
            with vm_operation(call, vm, "pool_migrate"):
                power.move(call, vm, choose_host(call, vm))
    left = [vm for vm in guests if call.database.get("VM", vm)["resident_on"] == host]
    if left:
        raise Failure("INTERNAL_ERROR", f"evacuate: {len(left)} VMs are still resident on {host}")


@handles("host.get_server_localtime")
def get_server_localtime(call: Call, host: str) -> DateTime:
    """Return the local time of a host, without a time zone."""
    return DateTime(get_servertime(call, host).removesuffix("Z"))


@handles("host.restart_agent")
def restart_agent(call: Call, host: str) -> None:
    """Restart the toolstack. If it is the master's, sessions and tasks are lost."""
    call.database.get("host", host)
    if host == call.pool.members.master.host:
        call.pool.restart()


@handles("host.compute_free_memory")
def compute_free_memory(call: Call, host: str) -> int:
    """Return how much memory of a host is free."""
    free: int = call.database.get("host_metrics", call.database.get("host", host)["metrics"])["memory_free"]
    return free


@handles("host.get_servertime")
def get_servertime(call: Call, host: str) -> DateTime:
    """Return the time of a host."""
    call.database.get("host", host)
    return now()


def _is_control_domain(call: Call, vm: str) -> bool:
    return bool(call.database.get("VM", vm)["is_control_domain"])


@handles("pool.designate_new_master")
def designate_new_master(call: Call, host: str) -> None:
    """Make another host the master. All sessions are lost, the caller's too."""
    call.database.get("host", host)
    member = call.pool.members.of_host(host)
    if member is None:
        raise Failure("HOST_NOT_LIVE", host)
    call.pool.promote(member)


@handles("pool.emergency_transition_to_master")
def emergency_transition_to_master(call: Call) -> None:
    """Make the called host the master. Clients call it with a local session when the master is lost."""
    call.pool.promote(call.member)
