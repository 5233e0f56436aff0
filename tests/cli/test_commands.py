from __future__ import annotations

import configparser
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any

from cliff.command import Command

ROOT = Path(__file__).parents[2]
Hv = Callable[..., Any]


def test_every_entry_point_is_a_command_that_says_what_it_does() -> None:
    points = entry_points(group="hvlib.cli")
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = parser["options.entry_points"]["hvlib.cli"].split("\n")
    assert {point.name for point in points} == {line.partition(" ")[0] for line in listed if line}
    for point in points:
        command = point.load()
        assert issubclass(command, Command)
        assert command.__doc__


def test_help_lists_the_commands(hv: Hv) -> None:
    for arguments in (["--help"], ["help"], []):
        ran = hv(*arguments)
        assert (ran.status, ran.err) == (0, "")
        for point in entry_points(group="hvlib.cli"):
            assert f"  {point.name.replace('_', ' ')} " in ran.out
        assert "Could not" not in ran.out
        assert "--provider" in ran.out


def test_a_command_has_its_own_help(hv: Hv) -> None:
    for arguments in (["vm", "start", "--help"], ["help", "vm", "start"]):
        ran = hv(*arguments)
        assert ran.status == 0
        assert "--no-wait" in ran.out


def test_completion_knows_the_commands(hv: Hv) -> None:
    ran = hv("complete")
    assert ran.status == 0
    assert "watch" in ran.out


def test_help_imports_no_sdk_and_nothing_slow() -> None:
    code = (
        "import sys, atexit; atexit.register(lambda: print(*sys.modules));"
        "from hvlib.cli.app import main; main(['--help'])"
    )
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"pyVmomi", "urllib3", "rich", "cmd2", "yaml", "keyring", "tenacity", "hvlib_sim.driver", "hvlib_vsphere"}
    assert "hvlib.cli.demo" in loaded
    assert not heavy & set(loaded)
