from __future__ import annotations

import configparser
import subprocess
import sys
from importlib.metadata import entry_points
from pathlib import Path

import hvlib
from hvlib import errors
from hvlib.driver import Driver

ROOT = Path(__file__).parents[2]


def setup_cfg() -> configparser.ConfigParser:
    parser = configparser.ConfigParser()
    parser.read(ROOT / "setup.cfg", encoding="utf-8")
    return parser


def test_the_listed_packages_are_those_on_disk() -> None:
    listed = set(setup_cfg()["options"]["packages"].split())
    found = {".".join(file.parent.relative_to(ROOT).parts) for file in (ROOT / "hvlib").rglob("__init__.py")}
    for file in (ROOT / "drivers").rglob("__init__.py"):
        found.add(".".join(file.parent.relative_to(ROOT / "drivers").parts))
    assert listed == found
    for package in listed:
        top = package.partition(".")[0]
        home = ROOT if top == "hvlib" else ROOT / "drivers"
        assert (home / top / "py.typed").is_file()


def test_the_console_script_takes_over_ctrl_c_before_it_imports_hvlib() -> None:
    script = setup_cfg()["options"]["py_modules"]
    assert setup_cfg()["options.entry_points"]["console_scripts"].split() == ["hv", "=", f"{script}:main"]
    code = f"import re, sys; before = set(sys.modules); import {script}; print(*sys.modules.keys() - before)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    assert set(loaded) <= {script, "signal", "__future__"}


def test_every_error_is_exported_and_has_one_base() -> None:
    assert set(errors.__all__) <= set(hvlib.__all__)
    assert all(issubclass(getattr(errors, name), hvlib.HvlibError) for name in errors.__all__)
    assert issubclass(hvlib.WaitTimeout, TimeoutError)
    assert issubclass(hvlib.TaskTimeout, hvlib.WaitTimeout)
    assert hvlib.TaskTimeout("x", hint="y").hint == "y"


def test_the_public_names_are_these() -> None:
    kinds = "VM Cluster Flavor Host Image Network Resource Snapshot StoragePool TaskRecord Volume"
    rest = (
        "About Collection Event EventType Page PageToken Pager Provider Ref Requests RetryPolicy Task Watch WatchCursor"
    )
    functions = "actions connect glob wait_all"
    assert set(hvlib.__all__) == {*errors.__all__, *kinds.split(), *rest.split(), *functions.split()}


def test_importing_hvlib_or_a_driver_imports_no_sdk() -> None:
    modules = [point.module for point in entry_points(group="hvlib.drivers")]
    assert modules
    code = f"import sys, hvlib, {', '.join(modules)}; print(*sys.modules)"
    loaded = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True).stdout.split()
    heavy = {"pyVmomi", "pyVim", "urllib3", "XenAPI", "openstack", "keystoneauth1", "stevedore", "yaml", "keyring"}
    assert not heavy & set(loaded)


def test_every_entry_point_is_a_driver_with_a_description() -> None:
    for point in entry_points(group="hvlib.drivers"):
        driver = point.load()
        assert issubclass(driver, Driver)
        assert driver.description
