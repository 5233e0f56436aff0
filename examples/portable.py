"""One script for every hypervisor: it lists, finds, watches and operates virtual machines.

    python examples/portable.py sim://
    HVLIB_PROVIDER=vsphere://admin@vc.example.org python examples/portable.py

It stops one running VM and starts it again, and ends with status 0 only if every result was as expected.
"""

from __future__ import annotations

import sys
from collections import Counter
from collections.abc import Sequence
from queue import Empty, Queue
from threading import Thread

import hvlib

SECONDS = 60.0


def main(arguments: Sequence[str]) -> int:
    """Run the script on the provider of the first argument, or of HVLIB_PROVIDER. Returns the exit status."""
    try:
        with hvlib.connect(*arguments[:1]) as provider, provider.count_requests() as requests:
            about = provider.about
            print(f"{about.product} {about.version} at {provider}")
            vms = list_vms(provider)
            list_others(provider)
            find_vms(provider, vms)
            restart_one(provider, next((vm for vm in vms if vm.power_state == "running"), None))
            print(f"{requests.total} round trips: {dict(requests.calls)}")
    except (hvlib.HvlibError, Unseen) as error:
        print(f"portable: {error}", file=sys.stderr)
        return 1
    return 0


def list_vms(provider: hvlib.Provider) -> list[hvlib.VM]:
    """The VMs, listed with a projection. Checks a listing with filters against them."""
    vms = provider.compute.vms.get_all(fields=["name_label", "uuid", "power_state", "vcpus"]).all()
    states = Counter(vm.power_state for vm in vms)
    print(f"{len(vms)} VMs: " + ", ".join(f"{count} {state}" for state, count in states.items()))
    for vm in vms[:5]:
        print(f"  {vm.uuid}  {vm.power_state:<9}  {vm.vcpus} vcpus  {vm.name_label}")
    running = provider.compute.vms.get_all(fields=[], power_state="running", name_label=hvlib.glob("*1*")).all()
    expected = {vm.ref for vm in vms if vm.power_state == "running" and "1" in vm.name_label}
    require({vm.ref for vm in running} == expected, "the filters returned other VMs than those that fit")
    print(f"{len(running)} running VMs have a 1 in their name")
    return vms


def list_others(provider: hvlib.Provider) -> None:
    """Networks, storage pools and images, as far as the server has them."""
    for collection in (provider.network.networks, provider.storage.pools, provider.image.images):
        try:
            names = sorted(record.name_label for record in collection.get_all(fields=["name_label"]))
        except hvlib.Unsupported:
            continue
        shown = ", ".join(names[:3]) + (" ..." if len(names) > 3 else "")
        print(f"{len(names)} of the kind {collection.kind.kind}: {shown}")


def find_vms(provider: hvlib.Provider, vms: list[hvlib.VM]) -> None:
    """Find a VM by its uuid and by its name. Several VMs may have the same name."""
    require(bool(vms), "there are no VMs")
    vm = provider.compute.vms.get_by_uuid(vms[-1].uuid)
    require(vm.ref == vms[-1].ref, "another VM has this uuid")
    print(f"uuid {vm.uuid} is {vm.name_label}")
    name, count = Counter(vm.name_label for vm in vms).most_common(1)[0]
    namesakes = provider.compute.vms.get_by_name_label(name)
    require(len(namesakes) == count, f"{len(namesakes)} VMs are named {name}, not {count}")
    try:
        print(f"find({name!r}) returns {provider.compute.vms.find(name)!r}")
    except hvlib.AmbiguousName as error:
        print(f"find({name!r}) does not guess: {error}")


def restart_one(provider: hvlib.Provider, vm: hvlib.VM | None) -> None:
    """Stop a VM and start it again, while another thread watches."""
    if vm is None:
        raise Unseen("no VM runs")
    seen: Queue[str] = Queue()
    with provider.compute.vms.watch(fields=["name_label", "power_state"]) as watch:
        reporter = Thread(target=report, args=(watch, vm.ref, seen), daemon=True)
        reporter.start()
        await_word(seen, "SYNCED")
        vm.stop().wait(timeout=SECONDS)
        await_word(seen, "halted")  # Start it only after this event: changes in quick succession may come as one.
        vm.start().wait(timeout=SECONDS)
        await_word(seen, "running")
    reporter.join(SECONDS)
    require(not reporter.is_alive(), "the watch was closed, but its thread still waits")


def report(watch: hvlib.Watch[hvlib.VM], ref: hvlib.Ref, seen: Queue[str]) -> None:
    """Print the changes of one VM after SYNCED, and put its power states into ``seen``."""
    synced = False
    for event in watch:
        if event.type is hvlib.EventType.SYNCED:
            synced = True
            seen.put("SYNCED")
        elif synced and event.ref == ref and event.resource is not None:
            print(f"  {event.type} {event.resource.name_label}: {event.resource.power_state}")
            seen.put(event.resource.power_state)


def await_word(seen: Queue[str], word: str) -> None:
    """Wait until the watching thread has put ``word`` into ``seen``."""
    try:
        while seen.get(timeout=SECONDS) != word:
            pass
    except Empty:
        raise Unseen(f"the watch did not show {word} within {SECONDS:g} s") from None


def require(condition: bool, otherwise: str) -> None:
    """Raise `Unseen`, with the message ``otherwise``, unless the condition holds."""
    if not condition:
        raise Unseen(otherwise)


class Unseen(Exception):
    """An expected result did not come."""


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
