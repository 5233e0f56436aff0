"""A mirror that a watch keeps up to date equals a fresh listing, whatever happened in between."""

from __future__ import annotations

import time
from collections.abc import Callable
from contextlib import suppress
from uuid import uuid4

from hvlib_sim.lab.lab import Lab
from hypothesis import given, settings
from hypothesis import strategies as st

import hvlib

TROUBLES = st.sampled_from(["rename", "stop", "start", "delete", "clone", "expire", "forget", "read"])
EMPTY_READS = 3
"""How many reads in a row must give no event before all events count as delivered."""


def follow(watch: hvlib.Watch, mirror: dict[hvlib.Ref, hvlib.Resource]) -> None:
    """Apply events until all are delivered. One empty read is not enough: a broken feed gives one, too."""
    empty_reads = 0
    while empty_reads < EMPTY_READS:
        try:
            event = watch.next(timeout=0)
        except hvlib.WaitTimeout:
            empty_reads += 1
        else:
            empty_reads = 0
            assert event is not None
            if event.type in ("ADDED", "MODIFIED"):
                assert event.ref is not None
                assert event.resource is not None
                mirror[event.ref] = event.resource
            elif event.type == "DELETED":
                assert event.ref is not None
                mirror.pop(event.ref, None)


def act(vm: hvlib.VM, action: str) -> None:
    does: dict[str, Callable[[], hvlib.Task]] = {
        "rename": lambda: vm.rename(f"{vm.name_label}'"),
        "stop": vm.stop,
        "start": vm.start,
        "delete": vm.delete,
        "clone": lambda: vm.clone(f"{vm.name_label}+"),
    }
    with suppress(hvlib.InvalidState):
        does[action]().wait(timeout=10)


def trouble(lab: Lab, admin: hvlib.Provider, what: str, which: int) -> None:
    if what == "expire":
        lab.expire_sessions()
    elif what == "forget":
        lab.forget_changes()
    else:
        vms = admin.compute.vms.get_all().all()
        if vms:
            act(vms[which % len(vms)], what)


@settings(max_examples=40, deadline=None)
@given(
    st.lists(st.tuples(TROUBLES, st.integers(0, 30)), max_size=12),
    st.sampled_from(["watch", "since", "known", "several"]),
    st.booleans(),
)
def test_a_mirror_equals_a_fresh_listing(troubles: list[tuple[str, int]], how: str, filtered: bool) -> None:
    lab = Lab.named(f"lab-{uuid4().hex}", vms=6, hosts=2, task_time=0.0)
    filters: dict[str, object] = {"power_state": "running"} if filtered and how != "several" else {}
    with hvlib.connect(f"sim://{lab.name}") as provider, hvlib.connect(f"sim://{lab.name}") as admin:
        vms = provider.compute.vms
        mirror: dict[hvlib.Ref, hvlib.Resource] = {}
        watch = provider.watch(vms, provider.compute.hosts) if how == "several" else vms.watch(**filters)
        follow(watch, mirror)
        for what, which in troubles:
            if what == "read":
                follow(watch, mirror)
            else:
                trouble(lab, admin, what, which)
            if how == "known":
                watch.close()
                watch = vms.watch(known=dict(mirror), **filters)
            elif how == "since" and watch.cursor is not None:
                watch.close()
                watch = vms.watch(since=watch.cursor, known=dict(mirror), **filters)
        fresh: dict[hvlib.Ref, hvlib.Resource] = dict(vms.get_all_records(**filters))
        if how == "several":
            fresh.update(provider.compute.hosts.get_all_records())
        patience = time.monotonic() + 10.0
        while mirror != fresh and time.monotonic() < patience:
            follow(watch, mirror)
        watch.close()
        assert mirror == fresh
