"""Tests of each operation under each fault, on each driver, and that docs/faults.md has these outcomes."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
from faults.expected import expected
from faults.matrix import CELLS, Cell, Matrix

PAGE = Path(__file__).parents[2] / "docs" / "faults.md"
BEGIN, END = "% The matrix: `make faults` writes it.\n", "% The end of the matrix.\n"


@pytest.mark.parametrize("cell", CELLS, ids="-".join)
def test_the_outcome_is_as_expected(matrix: Matrix, cell: Cell) -> None:
    assert matrix.outcome(cell) == expected(*cell)


@pytest.mark.timeout(300)
def test_the_documentation_has_these_outcomes(matrix: Matrix) -> None:
    for cell in CELLS:
        matrix.outcome(cell)
    before, _, rest = PAGE.read_text().partition(BEGIN)
    written, _, after = rest.partition(END)
    current = matrix.page()
    if os.environ.get("HVLIB_WRITE_FAULTS"):
        PAGE.write_text(f"{before}{BEGIN}{current}{END}{after}")
    else:
        assert written == current, "run `make faults` to update docs/faults.md"
