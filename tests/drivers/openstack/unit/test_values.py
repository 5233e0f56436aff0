"""Fields that are converted from the services' own forms."""

from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID

import pytest
from hvlib_openstack.kinds.flavor import uuid
from hvlib_openstack.kinds.host import state, version
from hvlib_openstack.kinds.vm import power_state
from hvlib_openstack.values import gibibytes, label, mebibytes, moment, ordered, text
from hvlib_openstack.version import Version
from hvlib_openstack.wire.service import base_of

from hvlib.errors import ProtocolError

REGION = "3e3ff8aa-f1f7-576c-b484-0db000000001"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("http://nova:8774/v2.1", "http://nova:8774/v2.1"),
        ("http://nova:8774/v2.1/", "http://nova:8774/v2.1"),
        (
            "https://cloud.example.org/compute/v2.1/8f0c5d5a7c5d4c5e9b1a6f3f00000001",
            "https://cloud.example.org/compute/v2.1",
        ),
        ("http://nova:8774", "http://nova:8774/v2.1"),
        ("http://nova:8774/", "http://nova:8774/v2.1"),
        ("http://cloud/compute", "http://cloud/compute/v2.1"),
        ("http://v2.example.org/compute", "http://v2.example.org/compute/v2.1"),
        ("http://cloud/v3/8f0c", "http://cloud/v3"),
    ],
)
def test_the_address_before_a_services_paths(url: str, expected: str) -> None:
    assert base_of(url, "v2.1") == expected


def test_microversions() -> None:
    assert Version.of("2.100") > Version.of("2.96") > Version.of("2.9")
    assert str(Version.of("2.74")) == "2.74"
    for wrong in ("", "2", "2.", "v2.1", "2.1.3", "latest"):
        with pytest.raises(ProtocolError):
            Version.of(wrong)


@pytest.mark.parametrize(
    ("id", "expected"),
    [
        ("0b4f1e2c-9f4b-4f7b-8c9d-0123456789ab", "0b4f1e2c-9f4b-4f7b-8c9d-0123456789ab"),
        ("0b4f1e2c9f4b4f7b8c9d0123456789ab", "0b4f1e2c-9f4b-4f7b-8c9d-0123456789ab"),
    ],
)
def test_a_flavors_identifier_that_is_a_uuid(id: str, expected: str) -> None:
    assert flavor_uuid(id) == expected


def test_a_flavors_identifier_that_is_not_a_uuid() -> None:
    made = {flavor_uuid(id) for id in ("1", "2", "m1.tiny", "")}
    assert len(made) == 4
    assert {UUID(each).version for each in made} == {5}
    assert flavor_uuid("1") == flavor_uuid("1")
    assert flavor_uuid("1") != flavor_uuid("1", "3e3ff8aa-f1f7-576c-b484-0db000000002")


def flavor_uuid(id: str, region: str = REGION) -> str:
    return uuid(id, UUID(region))


@pytest.mark.parametrize(
    ("number", "expected"),
    [(8002002, "8.2.2"), (1002003, "1.2.3"), (1000, "1.0"), (12, "12"), (0, None), (None, None), (10000000, "10.0.0")],
)
def test_a_hypervisors_version(number: int | None, expected: str | None) -> None:
    assert version(number) == expected


@pytest.mark.parametrize(
    ("reported", "expected"),
    [
        (("up", "enabled"), "up"),
        (("up", "disabled"), "maintenance"),
        (("down", "enabled"), "down"),
        (("down", "disabled"), "down"),
        (("", ""), "unknown"),
    ],
)
def test_a_hosts_state(reported: tuple[str, str], expected: str) -> None:
    assert state(*reported) == expected


@pytest.mark.parametrize(
    ("status", "power", "expected"),
    [
        ("ACTIVE", 1, "running"),
        ("SHUTOFF", 4, "halted"),
        ("PAUSED", 3, "paused"),
        ("SUSPENDED", 4, "suspended"),
        ("SHELVED", 4, "halted"),
        ("SHELVED_OFFLOADED", 4, "halted"),
        ("BUILD", 0, "halted"),
        ("REBOOT", 1, "running"),
        ("RESIZE", 1, "running"),
        ("VERIFY_RESIZE", 4, "halted"),
        ("ERROR", 0, "halted"),
        ("ERROR", None, "halted"),
        ("UNKNOWN", 9, "unknown"),
    ],
)
def test_power_states(status: str, power: int | None, expected: str) -> None:
    assert power_state(status, power) == expected


def test_units_and_texts() -> None:
    assert (mebibytes(512), mebibytes(None)) == (1 << 29, None)
    assert (gibibytes(1), gibibytes(0), gibibytes(None)) == (1 << 30, 0, None)
    assert (text(""), text(None), text("a")) == (None, None, "a")
    assert (label(None), label("a")) == ("", "a")
    assert ordered(["b", "a"]) == ("a", "b")
    assert moment(None) is None
    assert moment(datetime(2026, 1, 2)) == datetime(2026, 1, 2, tzinfo=UTC)
    assert moment(datetime.fromisoformat("2026-01-02T03:00:00+03:00")) == datetime(2026, 1, 2, tzinfo=UTC)
