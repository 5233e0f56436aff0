"""Run the breakages, a few at a time, and print at the end which test caught each."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from contextlib import ExitStack
from queue import SimpleQueue

import pytest
from seeds.catch import Catch, SuiteRunner

Catches = Mapping[str, Future[Catch]]

WORKERS = 3
"""Suites that run in parallel. They wait more than they compute."""

CAUGHT = pytest.StashKey[Catches]()


@pytest.fixture(scope="module")
def catches(request: pytest.FixtureRequest) -> Iterator[Catches]:
    """The results for the breakages of the selected tests, started in their order."""
    selected = [item for item in request.session.items if isinstance(item, pytest.Function)]
    names = [str(item.callspec.params["breakage"]) for item in selected if item.module is request.module]
    free = SimpleQueue[SuiteRunner]()

    def run(breakage: str) -> Catch:
        runner = free.get()
        try:
            return runner.run(breakage)
        finally:
            free.put(runner)

    with ThreadPoolExecutor(WORKERS) as pool, ExitStack() as runners:
        for _ in range(WORKERS):
            free.put(runners.enter_context(SuiteRunner()))
        catches = {name: pool.submit(run, name) for name in names}
        request.config.stash[CAUGHT] = catches
        yield catches
        pool.shutdown(wait=False, cancel_futures=True)


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter, config: pytest.Config) -> None:
    catches = config.stash.get(CAUGHT, {})
    results = {name: catch.result() for name, catch in catches.items() if catch.done() and not catch.exception()}
    if not results:
        return
    terminalreporter.section("breakage: caught by, seconds")
    for name, catch in results.items():
        terminalreporter.write_line(f"{name:32}{(catch.test or 'nothing') + catch.case:64}{catch.seconds:5.1f}")
