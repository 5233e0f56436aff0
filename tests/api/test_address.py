"""Addresses that are refused: an unknown transport, a path that would not be used, a NUL."""

from __future__ import annotations

from pathlib import Path

import pytest

import hvlib
from hvlib.api.address import parse_endpoint
from hvlib.driver.options import refuse_path


def configure(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, text: str) -> None:
    """Write this text to hvlib.yaml."""
    file = tmp_path / "hvlib.yaml"
    file.write_text(text, encoding="utf-8")
    monkeypatch.setenv("HVLIB_CONFIG_FILE", str(file))


@pytest.mark.parametrize(
    ("scheme", "known"),
    [
        ("xenapi+htpp", "xenapi:// xenapi+http:// xenapi+unix://"),
        ("xenapi+http+unix", "xenapi:// xenapi+http:// xenapi+unix://"),
        ("vsphere+foo", "vsphere:// vsphere+http://"),
        ("grove+", "grove:// grove+http://"),
        ("sim+foo", "sim://"),
        ("openstack+http", "openstack://"),
    ],
)
def test_the_error_for_an_unknown_transport_lists_the_known_ones(scheme: str, known: str) -> None:
    with pytest.raises(hvlib.ConfigError, match="has no transport") as caught:
        hvlib.connect(f"{scheme}://root@host", password="x")
    assert repr(scheme.partition("+")[2]) in str(caught.value)
    assert caught.value.hint == f"it has {known}"


@pytest.mark.parametrize("address", ["xenapi+http://u@h", "openstack://cloud", "grove://u@h:80"])
def test_a_path_that_the_driver_would_drop_is_refused(address: str) -> None:
    with pytest.raises(hvlib.ConfigError, match="takes no path") as caught:
        hvlib.connect(f"{address}/path", password="x")
    assert caught.value.hint
    refuse_path(parse_endpoint(f"{address}/"), "")


@pytest.mark.parametrize("address", ["xenapi+unix://", "xenapi+unix://var/lib/xcp/xapi"])
def test_a_socket_is_named_by_a_whole_path(address: str) -> None:
    with pytest.raises(hvlib.ConfigError, match="names no socket"):
        hvlib.connect(address)


@pytest.mark.parametrize("name", ["target", "username", "password", "cacert"])
def test_an_argument_with_a_nul_is_refused(name: str) -> None:
    with pytest.raises(hvlib.ConfigError, match=f"{name} has a NUL in it") as caught:
        hvlib.connect(**{"target": "sim://", name: "hunter2\0"})
    assert "hunter2" not in str(caught.value)


@pytest.mark.parametrize("address", ["sim:///%00/x", "vsphere://u%00@h", "vsphere://u:hunter2%00@h", "vsphere://h\0"])
def test_an_address_with_a_nul_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, address: str) -> None:
    if "\0" not in address:
        with pytest.raises(hvlib.ConfigError, match="has a NUL in it"):
            hvlib.connect(address)
    quoted = address.replace("\0", r"\0")
    configure(tmp_path, monkeypatch, f'providers: {{lab: {{url: "{quoted}"}}}}')
    with pytest.raises(hvlib.ConfigError, match="has a NUL in it") as caught:
        hvlib.connect("lab")
    assert "hunter2" not in str(caught.value)


def test_a_setting_of_the_file_with_a_nul_is_refused(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    configure(tmp_path, monkeypatch, r'providers: {lab: {url: "vsphere://u@h", cacert: "a\0"}}')
    with pytest.raises(hvlib.ConfigError, match="cacert has a NUL in it"):
        hvlib.connect("lab")


def test_the_zone_of_an_ipv6_address() -> None:
    assert parse_endpoint("vsphere://u@[fe80::1%25lo]:8443").host == "fe80::1%lo"
