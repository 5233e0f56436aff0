"""The conformance suite for hvlib_sim, on a lab in a file."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from drivers.sim.site import PASSWORD, SimSite
from hvlib_sim.lab.file_lab import FileLab
from hvlib_sim.lab.lab_creation import create_lab
from hvlib_sim.lab.settings import Settings

from hvlib.conformance import DriverConformance, Site


class FileSite(SimSite):
    """A lab in a file: other processes reach it."""

    unverified = {name: why for name, why in SimSite.unverified.items() if name != "environment"}

    def __init__(self, path: Path) -> None:
        create_lab(path, Settings(vms=20, hosts=10, task_time=0.01, password=PASSWORD))
        self.lab = FileLab.opened(path)


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Site]:
    site = FileSite(tmp_path_factory.mktemp("lab") / "lab.db")
    yield site
    site.lab.close()


class TestSimInAFile(DriverConformance):
    pass
