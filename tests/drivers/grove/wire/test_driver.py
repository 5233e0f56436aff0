"""Grove's distribution and entry point, its session and its options."""

from __future__ import annotations

import ast
import logging
import sys
import traceback
from importlib.metadata import distribution, entry_points
from pathlib import Path

import pytest
from servers.grove import Grove

import hvlib

PACKAGE = Path(__file__).parents[3] / "third_party" / "hvlib_grove"
CONTRACT = ("hvlib.driver.", "hvlib.model.")
ALLOWED = {"msgspec", "urllib3", "hvlib_grove"}


def test_the_driver_is_a_separate_distribution() -> None:
    [point] = [point for point in entry_points(group="hvlib.drivers") if point.name == "grove"]
    assert point.dist is not None
    assert point.dist.name == "hvlib-grove"
    assert not [path for path in distribution("hvlib-sdk").files or () if "grove" in str(path)]


def imported(file: Path) -> set[str]:
    """The modules that a file imports, each in full."""
    modules: set[str] = set()
    for node in ast.walk(ast.parse(file.read_text())):
        if isinstance(node, ast.Import):
            modules |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom):
            assert node.level == 0
            module = str(node.module)
            modules |= {f"{module}.{alias.name}" for alias in node.names} if module == "hvlib" else {module}
    return modules


@pytest.mark.parametrize("file", sorted(PACKAGE.rglob("*.py")), ids=lambda file: file.stem)
def test_the_driver_imports_only_the_contract(file: Path) -> None:
    for module in imported(file):
        top = module.partition(".")[0]
        assert top in sys.stdlib_module_names or ALLOWED & {module, top} or f"{module}.".startswith(CONTRACT)


def test_the_driver_is_found_by_its_scheme(server: Grove) -> None:
    with hvlib.connect(server.url, password=server.password) as provider:
        assert provider.about.product == "Grove"
        assert provider.native.call("GET", "about")["uuid"] == provider.about.uuid
        assert server.sessions() == 1
    assert server.sessions() == 0


def test_a_login_takes_two_round_trips_and_is_repeated_after_its_loss(server: Grove) -> None:
    with hvlib.connect(server.url, password=server.password) as provider:
        with provider.count_requests() as requests:
            assert len(provider.compute.vms.get_all().all()) == 20
        assert requests.calls == {"POST /sessions": 1, "GET /about": 1, "GET /vms": 1}
        server.expire_sessions()
        with provider.count_requests() as requests:
            assert len(provider.compute.vms.get_all().all()) == 20
        assert requests.calls == {"GET /vms": 2, "DELETE /sessions": 1, "POST /sessions": 1, "GET /about": 1}
    assert server.sessions() == 0


@pytest.mark.parametrize("password", ["wrong", "", None])
def test_a_refused_login(
    server: Grove, password: str | None, caplog: pytest.LogCaptureFixture, monkeypatch: pytest.MonkeyPatch
) -> None:
    caplog.set_level(logging.DEBUG)
    with hvlib.connect(server.url, password=password) as provider:
        error = hvlib.ConfigError if password is None else hvlib.AuthenticationFailed
        with pytest.raises(error) as caught:
            provider.compute.vms.get_all()
    shown = "".join(traceback.format_exception(caught.value)) + repr(provider) + caplog.text
    assert "Grove" in shown or "grove" in shown
    assert not password or f"'{password}'" not in shown


def test_no_secret_is_shown(server: Grove, caplog: pytest.LogCaptureFixture) -> None:
    caplog.set_level(logging.DEBUG)
    with hvlib.connect(server.url, password=server.password) as provider:
        provider.compute.vms.get_all().all()
        token = provider.native.slot.current.token.reveal()
        server.expire_sessions()
        with pytest.raises(hvlib.NotFound) as caught:
            provider.compute.vms.find("no such VM")
        shown = caplog.text + "".join(traceback.format_exception(caught.value)) + repr((provider, provider.native))
    assert token
    assert token not in shown
    assert server.password not in shown


@pytest.mark.parametrize("value", ["0", "-1", "soon", "inf", "nan", 0])
def test_invalid_options(value: object) -> None:
    with pytest.raises(hvlib.ConfigError, match="poll_interval"):
        hvlib.connect("grove://root@grove.example.org", poll_interval=value)
    with pytest.raises(hvlib.ConfigError, match="no option 'poll'"):
        hvlib.connect("grove://root@grove.example.org?poll=1")


def test_poll_interval_is_an_option_of_the_address() -> None:
    provider = hvlib.connect("grove://root@grove.example.org?poll_interval=0.25")
    assert provider._manager.session.poll_interval == 0.25
    provider.close()
