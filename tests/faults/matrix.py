"""The matrix: operation x fault x driver, each cell run once."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack

from drivers.grove.faults import GroveTarget
from drivers.openstack.faults import OpenStackTarget
from drivers.sim.faults import SimTarget
from drivers.vsphere.faults import VSphereTarget
from drivers.xenapi.faults import XenAPITarget
from faults.expected import EXCEPTIONS, FAULTS, NO_WIRE, NOT_THERE, RECOVERS, expected
from faults.expected import OPERATIONS as WORDS
from faults.operations import OPERATIONS, truth
from faults.target import Target

import hvlib
from hvlib import errors
from hvlib.model.errors import DriverBug

__all__ = ["CELLS", "TARGETS", "Cell", "Matrix"]

TARGETS: dict[str, type[Target]] = {
    target.name: target for target in (SimTarget, VSphereTarget, XenAPITarget, OpenStackTarget, GroveTarget)
}

BOUND = 5.0
"""Seconds that an operation may take under any fault."""

Cell = tuple[str, str, str]
"""A driver, a fault and an operation."""

CELLS: list[Cell] = [(target, fault, operation) for target in TARGETS for fault in FAULTS for operation in OPERATIONS]


class Matrix:
    """The outcomes of the cells, and the servers on which they run."""

    def __init__(self) -> None:
        self._outcomes: dict[Cell, str] = {}
        self._targets: dict[str, Target] = {}
        self._admins: dict[str, hvlib.Provider] = {}
        self._open = ExitStack()

    def outcome(self, cell: Cell) -> str:
        """Return the outcome of a cell. Runs the cell the first time."""
        if cell not in self._outcomes:
            absent = expected(*cell) in (NOT_THERE, NO_WIRE)
            self._outcomes[cell] = expected(*cell) if absent else self._run(*cell)
        return self._outcomes[cell]

    def close(self) -> None:
        """End the servers."""
        self._open.close()

    def tables(self) -> Iterator[str]:
        """Generate the outcomes so far in Markdown: a table for each driver, and their number."""
        for driver in TARGETS:
            outcomes = {cell[1:]: outcome for cell, outcome in self._outcomes.items() if cell[0] == driver}
            if outcomes:
                yield f"### {driver}"
                yield ""
                yield from _table(outcomes)
                yield ""
        results = [outcome for outcome in self._outcomes.values() if outcome not in (NOT_THERE, NO_WIRE)]
        recovered = results.count(RECOVERS)
        yield f"{len(results)} cells: {recovered} recover, {len(results) - recovered} raise the right error."

    def page(self) -> str:
        """Return the part of docs/faults.md that `make faults` writes."""
        lines = ["", *self.tables(), "", "### The faults", ""]
        lines += [f"- {name}: {fault.words}" for name, fault in FAULTS.items()]
        lines += ["", "### The operations", ""]
        lines += [f"- {operation}: {words}" for operation, words in WORDS.items()]
        lines += ["", "### Where drivers differ", ""]
        for exception in EXCEPTIONS:
            where = f"{exception.driver}, {', '.join(exception.faults)} ({_operations(exception.operations)})"
            lines.append(f"- {where}: {exception.outcome}. {exception.reason[0].upper()}{exception.reason[1:]}.")
        return "\n".join([*lines, "", ""])

    def _target(self, driver: str) -> Target:
        if driver not in self._targets:
            target = self._targets[driver] = TARGETS[driver]()
            self._open.callback(target.close)
            self._admins[driver] = self._open.enter_context(target.connect())
        return self._targets[driver]

    def _run(self, driver: str, fault: str, name: str) -> str:
        target = self._target(driver)
        admin = self._admins[driver]
        with target.trouble(fault, name) as trouble, ExitStack() as stack:
            operation = OPERATIONS[name](trouble.provider, admin, target.creation)
            stack.callback(operation.close)
            before = target.performed(name) if operation.performs else 0
            operation.prepare()
            trouble.begin()
            started = time.monotonic()
            outcome = _outcome(operation.run)
            elapsed = time.monotonic() - started
            assert trouble.struck(), "no request met the fault"
            assert elapsed < BOUND, f"it took {elapsed:.1f} s"
            acted = outcome == RECOVERS or target.acted(fault)
            if outcome != RECOVERS:
                operation.run_again()
            operation.settle(acted)
            if operation.performs:
                assert target.performed(name) - before == (acted or name == "task"), "the server must act at most once"
            assert truth(trouble.provider) == truth(admin), "after the fault the provider sees all VMs"
        return outcome


def _outcome(run: Callable[[], None]) -> str:
    """Return ``recovers``, or the public class of the error."""
    try:
        run()
    except hvlib.HvlibError as error:
        raised = error
    else:
        return RECOVERS
    assert not isinstance(raised, DriverBug), "a driver must not raise native exceptions"
    assert raised.provider is not None
    return next(kind.__name__ for kind in type(raised).__mro__ if kind.__name__ in errors.__all__)


def _table(outcomes: dict[tuple[str, str], str]) -> Iterator[str]:
    rows = [["", *OPERATIONS]]
    rows += [[fault, *(outcomes.get((fault, name), "") for name in OPERATIONS)] for fault in FAULTS]
    widths = [max(len(row[at]) for row in rows) for at in range(len(rows[0]))]
    for number, row in enumerate(rows):
        yield f"| {' | '.join(text.ljust(width) for text, width in zip(row, widths, strict=True))} |"
        if number == 0:
            yield f"|{'|'.join('-' * (width + 2) for width in widths)}|"


def _operations(names: tuple[str, ...]) -> str:
    return "everything" if names == tuple(OPERATIONS) else ", ".join(names)
