"""Tests of the units of steps: they must catch every break of core's rules."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from pathlib import Path

import pytest
from seeds.broken_core import BREAKAGES

ROOT = Path(__file__).parents[2]
UNITS = (
    "tests/runtime/test_steps.py",
    "tests/runtime/test_steps_ending.py",
    "tests/runtime/test_steps_until.py",
    "tests/runtime/test_steps_at_the_server.py",
    "tests/runtime/test_shared_watch.py",
)
BOUND = 120
WORKERS = 4
"""Runs in parallel. They wait more than they compute."""

Runs = Mapping[str, Future[str]]


@pytest.fixture(scope="module")
def runs(request: pytest.FixtureRequest) -> Iterator[Runs]:
    """The output of the units for each breakage of the selected tests."""
    selected = [item for item in request.session.items if isinstance(item, pytest.Function)]
    names = [str(item.callspec.params["breakage"]) for item in selected if item.module is request.module]
    with ThreadPoolExecutor(WORKERS) as pool:
        yield {name: pool.submit(run_units, name) for name in names}
        pool.shutdown(cancel_futures=True)


@pytest.mark.parametrize("breakage", BREAKAGES)
def test_a_broken_core_is_caught(runs: Runs, breakage: str) -> None:
    output = runs[breakage].result()
    failed = re.search(r"^FAILED \S+::(test_\w+)", output, re.MULTILINE)
    assert failed is not None, output
    assert failed[1] in BREAKAGES[breakage].caught_by, output


def run_units(breakage: str) -> str:
    """Run the units up to the first failure. Returns what is printed."""
    return subprocess.run(
        [sys.executable, "-m", "pytest", "-x", "-p", "no:cacheprovider", "-p", "seeds.broken_core", *UNITS],
        env={**os.environ, "PYTHONPATH": str(ROOT / "tests"), "HVLIB_BREAKAGE": breakage},
        cwd=ROOT,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        timeout=BOUND,
        check=False,
    ).stdout
