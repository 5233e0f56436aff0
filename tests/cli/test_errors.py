from __future__ import annotations

import logging
import re
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from drivers.sim.unlisted import unlisted

from hvlib.api import registry
from hvlib.cli.app import HvApp

LAB = "sim://?vms=24"
Hv = Callable[..., Any]


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["vm", "list"], r"no provider given \(hv -P NAME\|URL, or set HVLIB_PROVIDER\)"),
        (["-P", "foo://x", "vm", "list"], r"no driver for foo://; installed: .*sim.*\(install it: "),
        (["-P", "nope", "vm", "list"], r"no provider 'nope' .*known: none"),
        (["-P", "sim://?vmz=3", "vm", "list"], r"sim:// has no option 'vmz' \(options: .*vms"),
        (["-P", "sim://?password=x", "vm", "list"], r"the lab does not accept this password"),
        (["-P", LAB, "vm", "list", "-c", "nope"], r"VM has no field 'nope' \(fields: .*name_label"),
        (["-P", LAB, "vm", "list", "--sort-column", "nope"], r"VM has no field 'nope' \(fields: "),
        (["-P", LAB, "vm", "list", "--filter", "nope=1"], r"VM has no field 'nope' \(fields: "),
        (["-P", LAB, "vm", "list", "--filter", "fields=1"], r"VM has no field 'fields' \(fields: "),
        (["-P", LAB, "vm", "list", "--filter", "vcpus=four"], r"VM.vcpus can't be 'four' \(values: int\)"),
        (["-P", LAB, "vm", "list", "--filter", "power_state=on"], r"VM.power_state can't be 'on' \(values: running"),
        (["-P", LAB, "vm", "list", "--filter", "host=nope"], r"no Host 'nope'"),
        (["-P", LAB, "vm", "show", "nope"], r"no VM 'nope'"),
        (
            ["-P", LAB, "vm", "show", "build-1"],
            r"2 VMs are named 'build-1' \(say which by uuid: [0-9a-f-]{36} \S{36}\)",
        ),
        (["-P", LAB, "vm", "watch", "-c", "nope"], r"VM has no field 'nope'"),
        (["driver", "show", "foo"], r"no driver for foo://; installed: "),
        (["-P", "sim://?fail=page:permission", "vm", "list"], r"fail=: not allowed"),
    ],
)
def test_an_error_is_one_line_and_status_1(hv: Hv, arguments: list[str], message: str) -> None:
    ran = hv(*arguments)
    assert ran.status == 1
    assert ran.out == ""
    assert re.fullmatch(f"hv: .*{message}.*\n", ran.err), ran.err


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["vm", "lst"], r"no command 'vm lst' \(did you mean: vm list, vm reboot"),
        (["hosts", "list"], r"did you mean: host list"),
        (["xyzzy"], r"hv --help lists the commands"),
        (["--bogus", "vm", "list"], r"no command '--bogus vm list'"),
        (["vm", "list", "--state", "on"], r"invalid choice: 'on' \(choose from .*running"),
        (["vm", "list", "--filter", "name"], r"'name' is not FIELD=VALUE"),
        (["vm", "list", "--limit", "0"], r"invalid positive value: '0'"),
        (["vm", "list", "-f", "xml"], r"invalid choice: 'xml'"),
        (["vm", "start"], r"required: NAME\|UUID"),
        (["--timeout", "-1", "vm", "list"], r"--timeout: invalid seconds value|expected one argument"),
    ],
)
def test_wrong_usage_is_status_2(hv: Hv, arguments: list[str], message: str) -> None:
    ran = hv("-P", LAB, *arguments)
    assert ran.status == 2
    assert re.search(message, ran.err), ran.err
    assert "Traceback" not in ran.err


def test_listing_a_kind_that_the_server_does_not_list_is_an_error(hv: Hv, monkeypatch: pytest.MonkeyPatch) -> None:
    load = registry.load
    monkeypatch.setattr(registry, "load", lambda name: unlisted(load(name)))
    ran = hv("-P", LAB, "task", "list")
    assert (ran.status, ran.out) == (1, "")
    assert re.fullmatch(r"hv: .*no list of its tasks.*\n", ran.err), ran.err
    assert hv("-P", LAB, "vm", "list").status == 0


def test_the_error_for_bad_yaml_has_file_and_line(hv: Hv) -> None:
    Path("hvlib.yaml").write_text("providers:\n  lab:\n    url: [\n")
    ran = hv("-P", "lab", "vm", "list")
    assert ran.status == 1
    assert re.fullmatch(r"hv: hvlib\.yaml, line 4: .*\n", ran.err), ran.err


def test_a_warning_is_a_line_too(hv: Hv) -> None:
    file = Path("hvlib.yaml")
    file.write_text("providers: {lab: {url: 'sim://?vms=3', password: secret}}")
    file.chmod(0o644)
    ran = hv("-P", "lab", "vm", "list", "-f", "value", "-c", "name_label")
    assert ran.status == 0
    assert len(ran.lines) == 3
    assert ran.err == "hv: warning: hvlib.yaml holds a password and others may read it: chmod 600 hvlib.yaml\n"
    assert hv("-q", "-P", "lab", "vm", "list").err == ""


def test_debug_shows_a_traceback(hv: Hv) -> None:
    ran = hv("--debug", "-P", "nope", "vm", "list")
    assert ran.status == 1
    assert ran.err.startswith("hv: no provider 'nope'")
    assert "Traceback" in ran.err


def test_the_log_file_has_the_error(hv: Hv, tmp_path: Path) -> None:
    root = logging.getLogger()
    before = (root.level, list(root.handlers))
    assert hv("--log-file", str(tmp_path / "log"), "-P", LAB, "vm", "show", "nope").status == 1
    assert "no VM 'nope'" in (tmp_path / "log").read_text()
    assert (root.level, root.handlers) == before
    assert hv("--log-file", "missing/log", "vm", "list").err.startswith("hv: FileNotFoundError: ")


def test_the_environment_names_the_provider(hv: Hv, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("HVLIB_PROVIDER", "sim://?vms=2")
    assert len(hv("vm", "list", "-f", "value").lines) == 2
    assert len(hv("vm", "list", "-f", "value", "-P", "sim://?vms=3").lines) == 3


def test_a_password_is_asked_for_on_a_terminal_only(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, hv: Hv
) -> None:
    asked: list[str] = []

    def answer(prompt: str) -> str:
        asked.append(prompt)
        return "right"

    class Terminal:
        def isatty(self) -> bool:
            return True

    monkeypatch.setattr("getpass.getpass", answer)
    command = ["-P", "sim://somebody@vault?vms=1&password=right", "vm", "list", "-f", "value", "-c", "name_label"]
    assert hv(*command).status == 1
    assert asked == []
    assert HvApp(stdin=Terminal()).run(command) == 0  # type: ignore[arg-type]
    assert asked == ["Password for sim://somebody@vault: "]
    assert capsys.readouterr().out == "web-1\n"
