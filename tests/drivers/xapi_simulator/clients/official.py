"""Print as JSON how the official package sees a pool: ``official.py list|operate|follow URL USER PASSWORD``."""

from __future__ import annotations

import json
import sys
import time
from typing import Any

import XenAPI


def list_vms(api: Any) -> Any:
    began = time.monotonic()
    records = api.VM.get_all_records()
    return {
        "count": len(records),
        "fields": sorted({len(record) for record in records.values()}),
        "names": sorted(record["name_label"] for record in records.values())[:3],
        "seconds": time.monotonic() - began,
    }


def operate(api: Any) -> Any:
    """Start a machine through a task; the second start is refused."""
    vm = halted(api)
    task = api.Async.VM.start(vm, False, False)
    token, seen = "", []
    while api.task.get_status(task) == "pending":
        batch = getattr(api.event, "from")([f"task/{task}"], token, 5.0)
        token = batch["token"]
        seen += [event["snapshot"]["status"] for event in batch["events"] if event["operation"] != "del"]
    result = {"status": api.task.get_status(task), "result": api.task.get_result(task), "seen": seen[:1]}
    api.task.destroy(task)
    try:
        api.VM.start(vm, False, False)
    except XenAPI.Failure as failure:
        result["refused"] = [*failure.details[:1], *failure.details[2:]]
    return {**result, "state": api.VM.get_record(vm)["power_state"]}


def follow(api: Any) -> Any:
    """Follow the renaming of a machine by events, and return the types that XML-RPC gives."""
    vm = halted(api)
    batch = getattr(api.event, "from")(["vm"], "", 1.0)
    api.VM.set_name_label(vm, '<renamed> & "quoted" é')
    after = getattr(api.event, "from")(["vm"], batch["token"], 10.0)
    (event,) = after["events"]
    record = event["snapshot"]
    return {
        "event": [event["class"], event["operation"], record["name_label"]],
        "types": [type(record[name]).__name__ for name in ("VCPUs_max", "is_a_template", "snapshot_time", "tags")],
        "counts": after["valid_ref_counts"]["vm"],
        "version": api_version(api),
    }


def api_version(api: Any) -> str:
    pool = api.pool.get_all()[0]
    host = api.pool.get_master(pool)
    return f"{api.host.get_API_version_major(host)}.{api.host.get_API_version_minor(host)}"


def halted(api: Any) -> Any:
    records = api.VM.get_all_records()
    machines = {ref: record for ref, record in records.items() if not record["is_a_template"]}
    return next(ref for ref, record in machines.items() if record["power_state"] == "Halted")


def main(verb: str, url: str, user: str, password: str) -> None:
    transport = XenAPI.XenAPI.UDSTransport() if url.startswith("http://_") else None
    session = XenAPI.Session(url, transport=transport)
    try:
        session.login_with_password(user, password, "1.0", "official")
    except XenAPI.Failure as failure:
        print(json.dumps({"refused": failure.details}))
        return
    try:
        print(json.dumps({"list": list_vms, "operate": operate, "follow": follow}[verb](session.xenapi)))
    finally:
        session.xenapi.session.logout()
        session("close")()


main(*sys.argv[1:])
