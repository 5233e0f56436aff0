"""The mirror property: whatever happens, in any order, a replica kept by the watch's events equals a fresh listing."""

from __future__ import annotations

import itertools
import time
from collections.abc import Sequence
from random import Random
from typing import Self
from zlib import crc32

import pytest
from hypothesis import Phase, example, given, seed, settings
from hypothesis import strategies as st

import hvlib
from hvlib.conformance.fixtures import Conformance, listable
from hvlib.conformance.following import until_synced
from hvlib.conformance.replica import Replica, differing, plain_records, truth
from hvlib.conformance.site import Site
from hvlib.driver import WatchCursor
from hvlib.model.event import EventType
from hvlib.model.resources import VM, Host, Image

__all__ = ["MirroringConformance"]

STEPS = (
    "create_vm",
    "rename_vm",
    "set_power",
    "delete_vm",
    "make_image",
    "make_vm",
    "expire_sessions",
    "lose_cursors",
    "cut",
    "cut_after",
    "read",
    "read",
    "reopen",
)

MAX_NUMBER = 5
"""The largest number that an operation gets: the index of a VM, or a number of events or turns."""

INITIAL_VMS = 3
"""VMs that are created before the first operation."""

PATIENCE = 20.0
"""The seconds within which the replica must equal the site's truth."""

PHASES_WITHOUT_SHRINKING = (Phase.explicit, Phase.generate)
"""Shrinking a failure would run many more failing examples, each of which may take `PATIENCE` seconds."""

IMMEDIATE_RETRIES = hvlib.RetryPolicy(backoff=lambda *_: 0.0)
"""Retries without a pause: here losses follow each other closely."""

OPERATIONS = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, MAX_NUMBER)), min_size=8, max_size=20)


class MirroringConformance(Conformance):
    """Tests a watch under random operations, losses, pauses and resumptions."""

    @pytest.mark.parametrize("resumption", ["anew", "since", "known"])
    @pytest.mark.parametrize("kinds", [(VM,), (VM, Host, Image)], ids=["one", "several"])
    def test_a_mirror_equals_a_fresh_listing(
        self, site: Site, kinds: tuple[type[hvlib.Resource], ...], resumption: str
    ) -> None:
        """For a watch of one collection or of several. It is closed and opened again in between, in one of three ways:
        from the start, from its cursor, or from the last records. Every operation and loss takes place at least once.
        """
        done: set[str] = set()
        # The seed of the examples: another one for each case, and the same one in each run.
        case = crc32(f"{kinds} {resumption}".encode())

        @seed(case)
        @settings(max_examples=site.examples, deadline=None, database=None, phases=PHASES_WITHOUT_SHRINKING)
        @example(every_step(Random(case)))
        @given(OPERATIONS)
        def holds(operations: list[tuple[str, int]]) -> None:
            with Mirroring(site, kinds, resumption, done) as mirroring:
                mirroring.run(operations)

        holds()
        assert set(STEPS) - done - site.unverified.keys() == set()


def every_step(random: Random) -> list[tuple[str, int]]:
    """Every operation once, in a random order."""
    return [(name, random.randint(0, MAX_NUMBER)) for name in random.sample(STEPS, len(STEPS))]


class Mirroring:
    """One run: a provider over a wire, a watch, the replica that its events keep, and the VMs of the run."""

    def __init__(self, site: Site, kinds: Sequence[type[hvlib.Resource]], resumption: str, done: set[str]) -> None:
        self.site = site
        self.done = done
        self.resumption = resumption
        self.wire = site.wire()
        self.provider = site.connect(self.wire, retry=IMMEDIATE_RETRIES)
        self.watched = [collection for collection in listable(site, self.provider) if collection.kind in kinds]
        self.vms: list[str] = []
        self.numbers = itertools.count()
        self.images: list[str] = []
        self.replica = Replica()
        self.take = self.replica.apply
        self.records: dict[hvlib.Ref, hvlib.Resource] = {}
        for _ in range(INITIAL_VMS):
            self.create_vm()
        self.watch = self.provider.watch(*self.watched)
        for event in until_synced(self.watch):
            self._accept(event)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.watch.close()
        self.provider.close()
        self.wire.close()
        for id in self.images:
            self.site.make_vm(id)
        for id in (*self.vms, *self.images):
            self.site.delete_vm(id)

    def run(self, operations: Sequence[tuple[str, int]]) -> None:
        """Do all operations, then read events until the replica equals the site's truth and a fresh listing."""
        for name, number in operations:
            if name not in self.site.unverified:
                getattr(self, name)(number)
                self.done.add(name)
        expected = truth(self.site, *(collection.kind for collection in self.watched))
        deadline = time.monotonic() + PATIENCE
        while different := differing(self.replica.objects, expected):
            assert time.monotonic() < deadline, f"no event within {PATIENCE:g} s of: {different}"
            self.read(1)
        self.read(20, timeout=0.0)
        assert differing(self.replica.objects, expected) == set(), "a later event made the replica differ again"
        listed = [record for collection in self.watched for record in collection.get_all()]
        assert plain_records({record.ref: record for record in listed}) == self.replica.objects

    def read(self, number: int, timeout: float = 0.05) -> None:
        """Apply some events. If the cursor that the watch began with is lost, open a watch from the last records."""
        try:
            for _ in range(number * 5):
                self._accept(self.watch.next(timeout=timeout))
        except hvlib.WaitTimeout:
            pass
        except hvlib.CursorLost:
            self.watch.close()
            self.watch = self.provider.watch(*self.watched, known=self.records)

    def reopen(self, _: int) -> None:
        """Close the watch and open another one."""
        cursor = self.watch.cursor
        self.watch.close()
        if self.resumption == "anew" or (self.resumption == "since" and cursor is None):
            self.replica.objects, self.records = {}, {}
            self.watch = self.provider.watch(*self.watched)
        elif self.resumption == "known":
            self.watch = self.provider.watch(*self.watched, known=self.records)
        else:
            self._reopen_since(cursor)

    def _reopen_since(self, cursor: WatchCursor | None) -> None:
        # Events after the cursor may come again, so they are not checked against the replica.
        self.take = self.replica.take
        try:
            self.watch = self.provider.watch(*self.watched, since=cursor)
        except hvlib.CursorLost:
            self.watch = self.provider.watch(*self.watched, known=self.records)

    def _accept(self, event: hvlib.Event[hvlib.Resource] | None) -> None:
        assert event is not None, "the watch ended"
        self.take(event)
        if event.ref is None:
            return
        if event.type is EventType.DELETED:
            self.records.pop(event.ref, None)
        else:
            assert event.resource is not None
            self.records[event.ref] = event.resource

    def create_vm(self, _: int = 0) -> None:
        """Create a VM."""
        self.vms.append(self.site.create_vm(self._name()))

    def rename_vm(self, number: int) -> None:
        """Rename a VM."""
        self.site.rename_vm(self._a_vm(number), self._name())

    def set_power(self, number: int) -> None:
        """Start or stop a VM."""
        self.site.set_power(self._a_vm(number), "running" if number % 2 else "halted")

    def delete_vm(self, number: int) -> None:
        """Delete a VM."""
        id = self._a_vm(number)
        self.vms.remove(id)
        self.site.delete_vm(id)

    def make_image(self, number: int) -> None:
        """Turn a VM into an image."""
        id = self._a_vm(number)
        self.vms.remove(id)
        self.images.append(id)
        self.site.set_power(id, "halted")
        self.site.make_image(id)

    def make_vm(self, number: int) -> None:
        """Turn an image into a VM again."""
        if not self.images:
            self.make_image(number)
        id = self.images.pop(number % len(self.images))
        self.vms.append(id)
        self.site.make_vm(id)

    def expire_sessions(self, _: int) -> None:
        """End every session."""
        self.site.expire_sessions()

    def lose_cursors(self, _: int) -> None:
        """Invalidate every cursor."""
        self.site.lose_cursors()

    def cut(self, _: int) -> None:
        """Break all connections."""
        self.wire.cut()

    def cut_after(self, number: int) -> None:
        """Break a connection later, in the middle of a call."""
        self.wire.cut_after(number)

    def _name(self) -> str:
        """A name that no other VM has: some servers require that."""
        return f"mirror-{next(self.numbers)}"

    def _a_vm(self, number: int) -> str:
        """The id of one of the run's VMs; creates one if there is none."""
        if not self.vms:
            self.create_vm()
        return self.vms[number % len(self.vms)]
