from __future__ import annotations

import configparser
import subprocess
import sys
from collections.abc import Callable
from importlib.metadata import EntryPoint, EntryPoints, entry_points
from pathlib import Path
from typing import Any

import pytest
from cliff.command import Command

from hvlib.cli import commands
from hvlib.cli.app import HvApp
from hvlib.cli.commands import Commands
from hvlib.cli.kinds import LISTED_KINDS
from hvlib.model.resources import KINDS

ROOT = Path(__file__).parents[2]
Hv = Callable[..., Any]


def test_the_installed_entry_points_are_those_of_setup_cfg() -> None:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    listed = parser["options.entry_points"]["hvlib.cli"].split("\n")
    assert {point.name for point in entry_points(group="hvlib.cli")} == {
        line.partition(" ")[0] for line in listed if line
    }


def test_every_command_says_what_it_does() -> None:
    for name, entry in Commands("hvlib.cli"):
        command = entry.load()
        assert issubclass(command, Command)
        assert command(HvApp(), None, name).get_description(), name


def test_every_kind_is_in_the_table_once() -> None:
    assert sorted(row.kind.kind for row in LISTED_KINDS) == sorted(KINDS)
    assert len({row.word for row in LISTED_KINDS}) == len(KINDS)
    for row in LISTED_KINDS:
        assert {*row.columns, *filter(None, [row.state])} <= set(row.kind.all_fields())


def test_a_plug_in_adds_commands_and_replaces_none(hv: Hv, monkeypatch: pytest.MonkeyPatch) -> None:
    added = [EntryPoint(name, "hvlib.cli.demo:Demo", "hvlib.cli") for name in ("vm_list", "vm_dance")]
    monkeypatch.setattr(commands, "entry_points", lambda group: EntryPoints([*added, *entry_points(group=group)]))
    assert "--state" in hv("vm", "list", "--help").out
    assert hv("vm", "dance", "--help").out.startswith("usage: hv vm dance [-h]\n\nSee hvlib at work")


def test_help_lists_the_commands(hv: Hv) -> None:
    for arguments in (["--help"], ["help"], []):
        ran = hv(*arguments)
        assert (ran.status, ran.err) == (0, "")
        for name, _ in Commands("hvlib.cli"):
            assert f"  {name} " in ran.out
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
