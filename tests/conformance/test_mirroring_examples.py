from __future__ import annotations

from random import Random

import pytest
from drivers.sim.site import SimSite

from hvlib.conformance import mirroring
from hvlib.conformance.mirroring import STEPS, Mirroring, MirroringConformance, every_step
from hvlib.model.resources import VM


class BriefSite(SimSite):
    examples = 1


@pytest.mark.parametrize("resumption", ["anew", "since", "known"])
def test_every_step_takes_place_even_with_one_example(resumption: str, monkeypatch: pytest.MonkeyPatch) -> None:
    runs: list[list[str]] = []

    class Counted(Mirroring):
        def run(self, operations: list[tuple[str, int]]) -> None:  # type: ignore[override]
            runs.append([name for name, _ in operations])
            super().run(operations)

    monkeypatch.setattr(mirroring, "Mirroring", Counted)
    MirroringConformance().test_a_mirror_equals_a_fresh_listing(BriefSite(), (VM,), resumption)
    assert len(runs) == 2
    assert sorted(runs[0]) == sorted(STEPS)


def test_each_seed_gives_another_order_of_steps() -> None:
    assert every_step(Random(1)) == every_step(Random(1)) != every_step(Random(2))
