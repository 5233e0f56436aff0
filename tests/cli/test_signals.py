from __future__ import annotations

import os
import signal
import subprocess
import sysconfig
from collections.abc import Callable
from pathlib import Path

import pytest

HV = Path(sysconfig.get_path("scripts"), "hv")

LISTING = ["-P", "sim://?vms=3", "vm", "list", "-f", "value", "-c", "name_label"]

SENDER = """\
import atexit, os, signal, sys

def send():
    os.kill(os.getpid(), int(os.environ["NUMBER"]))

class Sender:
    def find_spec(self, name, path=None, target=None):
        if name == os.environ["MOMENT"]:
            send()

if os.environ["MOMENT"] == "exit":
    atexit.register(send)
sys.meta_path.insert(0, Sender())
"""
"""A sitecustomize.py: sends the process a signal once it imports a module, or when it ends."""

Signalled = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture
def signalled(tmp_path: Path) -> Signalled:
    """Runs the installed ``hv``, which sends itself a signal at a given moment."""
    (tmp_path / "sitecustomize.py").write_text(SENDER)

    def run(moment: str, number: signal.Signals, *, ignored: bool = False) -> subprocess.CompletedProcess[str]:
        def prepare() -> None:
            signal.signal(number, signal.SIG_IGN if ignored else signal.SIG_DFL)

        surroundings = {"PYTHONPATH": str(tmp_path), "MOMENT": moment, "NUMBER": str(int(number))}
        return subprocess.run(
            [HV, *LISTING],
            env={**os.environ, **surroundings},
            preexec_fn=prepare,
            capture_output=True,
            text=True,
            timeout=20,
            check=False,
        )

    return run


@pytest.mark.parametrize("moment", ["hvlib", "msgspec", "cliff.app", "hvlib.cli.app", "hvlib.cli.listing", "tenacity"])
def test_ctrl_c_during_an_import_ends_it_quietly(signalled: Signalled, moment: str) -> None:
    ran = signalled(moment, signal.SIGINT)
    assert (ran.returncode, ran.stdout, ran.stderr) == (130, "", "")


def test_ctrl_c_after_the_command_ends_it_quietly(signalled: Signalled) -> None:
    ran = signalled("exit", signal.SIGINT)
    assert (ran.returncode, ran.stdout.count("\n"), ran.stderr) == (130, 3, "")


@pytest.mark.parametrize("number", [signal.SIGINT, signal.SIGHUP])
@pytest.mark.parametrize("moment", ["hvlib", "hvlib.cli.listing"])
def test_a_signal_that_was_ignored_stays_ignored(signalled: Signalled, moment: str, number: signal.Signals) -> None:
    ran = signalled(moment, number, ignored=True)
    assert (ran.returncode, ran.stdout.count("\n"), ran.stderr) == (0, 3, "")


def test_a_hangup_ends_the_command(signalled: Signalled) -> None:
    ran = signalled("hvlib.cli.listing", signal.SIGHUP)
    assert (ran.returncode, ran.stdout, ran.stderr) == (129, "", "")
