"""The matrix of a test run; what it found is printed at the end."""

from __future__ import annotations

from collections.abc import Iterator

import pytest
from faults.matrix import Matrix

FOUND = pytest.StashKey[Matrix]()


@pytest.fixture(scope="module")
def matrix(request: pytest.FixtureRequest) -> Iterator[Matrix]:
    matrix = request.config.stash[FOUND] = Matrix()
    yield matrix
    matrix.close()


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    if FOUND in config.stash:
        terminalreporter.section("operation x fault x driver")
        for line in config.stash[FOUND].tables():
            terminalreporter.write_line(line)
