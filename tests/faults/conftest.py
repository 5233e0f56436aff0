"""Run the matrix, and print its outcomes at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from faults.matrix import Matrix

MATRIX = pytest.StashKey[Matrix]()


@pytest.fixture(scope="module")
def matrix(request: pytest.FixtureRequest) -> Iterator[Matrix]:
    matrix = request.config.stash[MATRIX] = Matrix()
    yield matrix
    matrix.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if MATRIX in config.stash:
        terminalreporter.section("operation x fault x driver")
        for line in config.stash[MATRIX].tables():
            terminalreporter.write_line(line)
