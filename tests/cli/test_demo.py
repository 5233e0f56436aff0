from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any

import pytest

from hvlib.cli import demo

Hv = Callable[..., Any]
QUICK_LAB = "sim://?vms=24&seed=7&task_time=0.1"


def test_the_demo_runs_in_a_pipe(hv: Hv, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(demo, "LAB", QUICK_LAB)
    ran = hv("demo")
    assert (ran.status, ran.err) == (0, "")
    assert not re.search(r"[\x00-\x09\x0b-\x1f\x7f]", ran.out)
    assert "hv-01.lab.example" in ran.out
    started = re.findall(r"MODIFIED  (\S+)  power_state=running", ran.out)
    assert len(started) == 5
    assert len(re.findall(r"<VM .* name_label='build-1'", ran.out)) == 2
    assert "test/1 50% [old]" in ran.out
    assert re.search(r"In all \d+ round trips", ran.out)
    assert ran.out.rstrip().endswith(demo.SCRIPT.rstrip())


def test_the_demos_script_has_five_lines_and_runs(capsys: pytest.CaptureFixture[str]) -> None:
    assert len(demo.SCRIPT.splitlines()) == 5
    assert demo.LAB in demo.SCRIPT
    exec(compile(demo.SCRIPT.replace(demo.LAB, QUICK_LAB), "script", "exec"), {})
    lines = capsys.readouterr().out.splitlines()
    assert len(lines) == 5
    assert all(" running 10." in line for line in lines)
