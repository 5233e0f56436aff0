"""The mirror property: whatever happens, in whatever order, a mirror fed by the watch equals a fresh listing."""

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

MOST = 5
"""Of the numbers that an operation is given: which VM, how many events or turns ..."""

VMS = 3
"""VMs that there are to begin with."""

PATIENCE = 20.0

UNSHRUNK = (Phase.explicit, Phase.generate)
"""Each example that fails may take as long as the patience with it."""

IMPATIENT = hvlib.RetryPolicy(backoff=lambda *_: 0.0)
"""Losses follow each other closely here."""

OPERATIONS = st.lists(st.tuples(st.sampled_from(STEPS), st.integers(0, MOST)), min_size=8, max_size=20)


class MirroringConformance(Conformance):
    """Random operations, losses, pauses and resumptions."""

    @pytest.mark.parametrize("resumption", ["anew", "since", "known"])
    @pytest.mark.parametrize("kinds", [(VM,), (VM, Host, Image)], ids=["one", "several"])
    def test_a_mirror_equals_a_fresh_listing(
        self, site: Site, kinds: tuple[type[hvlib.Resource], ...], resumption: str
    ) -> None:
        """Of one collection and of several in one watch, which is closed and opened again in between: without anything,
        from its cursor, or from the last records. Every operation and every loss takes place at least once.
        """
        done: set[str] = set()
        case = crc32(f"{kinds} {resumption}".encode())  # Other examples for each, and the same ones in each run.

        @seed(case)
        @settings(max_examples=site.examples, deadline=None, database=None, phases=UNSHRUNK)
        @example(every_step(Random(case)))
        @given(OPERATIONS)
        def holds(operations: list[tuple[str, int]]) -> None:
            with Mirroring(site, kinds, resumption, done) as mirroring:
                mirroring.run(operations)

        holds()
        assert set(STEPS) - done - site.unverified.keys() == set()


def every_step(random: Random) -> list[tuple[str, int]]:
    """All that can be done, in any order."""
    return [(name, random.randint(0, MOST)) for name in random.sample(STEPS, len(STEPS))]


class Mirroring:
    """One run: a provider over a wire, a watch with the replica that it feeds, and VMs that come and go."""

    def __init__(self, site: Site, kinds: Sequence[type[hvlib.Resource]], resumption: str, done: set[str]) -> None:
        self.site = site
        self.done = done
        self.resumption = resumption
        self.wire = site.wire()
        self.provider = site.connect(self.wire, retry=IMPATIENT)
        self.watched = [collection for collection in listable(site, self.provider) if collection.kind in kinds]
        self.vms: list[str] = []
        self.numbers = itertools.count()
        self.images: list[str] = []
        self.replica = Replica()
        self.take = self.replica.apply
        self.records: dict[hvlib.Ref, hvlib.Resource] = {}
        for _ in range(VMS):
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
        """Do all of it; then read until the replica is the truth. A fresh listing says the same."""
        for name, number in operations:
            if name not in self.site.unverified:
                getattr(self, name)(number)
                self.done.add(name)
        expected = truth(self.site, *(collection.kind for collection in self.watched))
        deadline = time.monotonic() + PATIENCE
        while found := differing(self.replica.objects, expected):
            assert time.monotonic() < deadline, f"not told within {PATIENCE:g} s: {found}"
            self.read(1)
        self.read(20, timeout=0.0)
        assert differing(self.replica.objects, expected) == set(), "what was right is told otherwise afterwards"
        listed = [record for collection in self.watched for record in collection.get_all()]
        assert plain_records({record.ref: record for record in listed}) == self.replica.objects

    def read(self, number: int, timeout: float = 0.05) -> None:
        """Take some events over. Where the cursor that the watch began with is lost, it goes on from the records."""
        try:
            for _ in range(number * 5):
                self._accept(self.watch.next(timeout=timeout))
        except hvlib.WaitTimeout:
            pass
        except hvlib.CursorLost:
            self.watch.close()
            self.watch = self.provider.watch(*self.watched, known=self.records)

    def reopen(self, _: int) -> None:
        """End the watch; another one takes its place."""
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
        # Events after the cursor may come again, so that they need not fit what is known.
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
        """A VM comes."""
        self.vms.append(self.site.create_vm(self._name()))

    def rename_vm(self, number: int) -> None:
        """One changes."""
        self.site.rename_vm(self._a_vm(number), self._name())

    def set_power(self, number: int) -> None:
        """One is started or stopped."""
        self.site.set_power(self._a_vm(number), "running" if number % 2 else "halted")

    def delete_vm(self, number: int) -> None:
        """One goes."""
        id = self._a_vm(number)
        self.vms.remove(id)
        self.site.delete_vm(id)

    def make_image(self, number: int) -> None:
        """One turns into an image."""
        id = self._a_vm(number)
        self.vms.remove(id)
        self.images.append(id)
        self.site.set_power(id, "halted")
        self.site.make_image(id)

    def make_vm(self, number: int) -> None:
        """An image turns into a VM again."""
        if not self.images:
            self.make_image(number)
        id = self.images.pop(number % len(self.images))
        self.vms.append(id)
        self.site.make_vm(id)

    def expire_sessions(self, _: int) -> None:
        """Every session is lost."""
        self.site.expire_sessions()

    def lose_cursors(self, _: int) -> None:
        """Every cursor is lost."""
        self.site.lose_cursors()

    def cut(self, _: int) -> None:
        """Connections break."""
        self.wire.cut()

    def cut_after(self, number: int) -> None:
        """A connection breaks later, in mid-call."""
        self.wire.cut_after(number)

    def _name(self) -> str:
        """A new one: on some servers no two may have the same."""
        return f"mirror-{next(self.numbers)}"

    def _a_vm(self, number: int) -> str:
        """One of them, new if there is none."""
        if not self.vms:
            self.create_vm()
        return self.vms[number % len(self.vms)]
