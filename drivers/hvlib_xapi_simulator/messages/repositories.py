"""Storage repositories and their attachment to hosts: SR, PBD (ocaml/xapi/xapi_sr.ml, xapi_pbd.ml)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from hvlib_xapi_simulator.call import Call, handles
from hvlib_xapi_simulator.classes import CLASSES
from hvlib_xapi_simulator.database import new_ref
from hvlib_xapi_simulator.estate import SR_OPERATIONS
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.records import blank, construct
from hvlib_xapi_simulator.values import NULL

__all__: list[str] = []


@handles("SR.create")
def create(
    call: Call,
    host: str,
    config: Mapping[str, str],
    size: int,
    name: str,
    description: str,
    type: str,
    content_type: str,
    shared: bool,
    sm_config: Mapping[str, str] | None = None,
) -> str:
    """Add a repository, attached to one host or, if it is shared, to all. Raises SR_UNKNOWN_DRIVER."""
    call.database.get("host", host)
    if type not in {row.fields["type"] for row in call.database.tables["SM"].rows.values()}:
        raise Failure("SR_UNKNOWN_DRIVER", type)
    call.work()
    fields = {
        "name_label": name,
        "name_description": description,
        "type": type,
        "content_type": content_type,
        "shared": shared,
        "physical_size": size,
        "sm_config": dict(sm_config or {}),
        "allowed_operations": SR_OPERATIONS,
    }
    with call.database.lock:
        repository = call.database.create("SR", new_ref(), blank(CLASSES["SR"], **fields))
        for each in list(call.database.tables["host"].rows) if shared else [host]:
            attachment = blank(CLASSES["PBD"], host=each, SR=repository, device_config=dict(config))
            call.database.create("PBD", new_ref(), {**attachment, "currently_attached": True})
    return repository


@handles("SR.forget")
def forget(call: Call, repository: str) -> None:
    """Remove a repository that is attached to no host from the database. Its contents stay."""
    with call.database.lock:
        fields = call.database.get("SR", repository)
        if any(call.database.get("PBD", pbd)["currently_attached"] for pbd in fields["PBDs"]):
            raise Failure("SR_HAS_PBD", repository)
        for table, refs in (("PBD", fields["PBDs"]), ("VDI", fields["VDIs"])):
            for ref in refs:
                call.database.delete(table, ref)
        call.database.delete("SR", repository)


@handles("SR.destroy")
def destroy(call: Call, repository: str) -> None:
    """Delete a repository that has no disks."""
    if call.database.get("SR", repository)["VDIs"]:
        raise Failure("SR_NOT_EMPTY", repository)
    forget(call, repository)


@handles("PBD.create")
def create_attachment(call: Call, record: Mapping[str, Any]) -> str:
    """Describe how a host reaches a repository. PBD.plug then attaches it."""
    return construct(call.database, CLASSES["PBD"], record, currently_attached=False)


@handles("PBD.destroy")
def destroy_attachment(call: Call, pbd: str) -> None:
    """Delete the description of how a host reaches a repository."""
    if call.database.get("PBD", pbd)["currently_attached"]:
        raise Failure("OPERATION_NOT_ALLOWED", f"PBD '{pbd}' still attached")
    call.database.delete("PBD", pbd)


@handles("PBD.plug")
def plug(call: Call, pbd: str) -> None:
    """Attach a repository to a host."""
    call.database.get("PBD", pbd)
    call.work()
    call.database.write("PBD", pbd, currently_attached=True)


@handles("PBD.unplug")
def unplug(call: Call, pbd: str) -> None:
    """Detach a repository from a host on which no VM uses its disks."""
    fields = call.database.get("PBD", pbd)
    used = [disk for disk in call.database.get("SR", fields["SR"])["VDIs"] if _is_used(call, disk, fields["host"])]
    if used:
        raise Failure("VDI_IN_USE", *used)
    call.work()
    call.database.write("PBD", pbd, currently_attached=False)


def _is_used(call: Call, disk: str, host: str) -> bool:
    users = [call.database.get("VBD", vbd) for vbd in call.database.get("VDI", disk)["VBDs"]]
    attached = [user["VM"] for user in users if user["currently_attached"]]
    return any(call.database.get("VM", vm)["resident_on"] == host != NULL for vm in attached)
