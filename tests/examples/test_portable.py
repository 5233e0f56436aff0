"""The portable script runs on the simulated lab, in the process of the test."""

from __future__ import annotations

import importlib.util
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

SCRIPT = Path(__file__).parents[2] / "examples" / "portable.py"


@pytest.fixture
def portable() -> Callable[..., int]:
    spec = importlib.util.spec_from_file_location("portable", SCRIPT)
    assert spec is not None
    assert spec.loader is not None
    module: Any = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    main: Callable[..., int] = module.main
    return main


def test_the_script_lists_finds_and_watches(portable: Callable[..., int], capsys: pytest.CaptureFixture[str]) -> None:
    url = "sim://portable?vms=24&task_time=0.05"
    assert portable([url]) == 0
    out = capsys.readouterr().out
    assert "24 VMs: " in out
    assert "does not guess: 2 VMs are named" in out
    assert "MODIFIED web-1: halted" in out
    assert "MODIFIED web-1: running" in out
    assert portable([url]) == 0


@pytest.mark.parametrize(
    ("url", "message"),
    [("sim://?vms=0", "there are no VMs"), ("sim://?password=x", "does not accept"), ("nope", "no provider 'nope'")],
)
def test_the_script_explains_errors(
    portable: Callable[..., int], capsys: pytest.CaptureFixture[str], url: str, message: str
) -> None:
    assert portable([url]) == 1
    assert message in capsys.readouterr().err


def test_the_script_names_no_driver() -> None:
    code = SCRIPT.read_text(encoding="utf-8").partition('"""\n\nfrom')[2]
    assert not any(name in code for name in ("sim", "vsphere", "xen", "openstack"))
