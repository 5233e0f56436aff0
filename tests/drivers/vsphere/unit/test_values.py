from __future__ import annotations

from datetime import UTC, datetime
from uuid import UUID, uuid5

import pytest
from hvlib_vsphere.data_objects import MoRef
from hvlib_vsphere.kinds.host import cluster_of, host_state, memory_free
from hvlib_vsphere.kinds.task import fraction, task_state
from hvlib_vsphere.kinds.vm import addresses, power_state
from hvlib_vsphere.values import escape_name, is_true, kind_of, mebibytes, moment, own_uuid, unescape_name
from hvlib_vsphere.version import common_version
from hypothesis import given
from hypothesis import strategies as st

from hvlib.model.resources import Cluster, Network


@given(st.text())
def test_a_name_comes_back_as_it_was_given(name: str) -> None:
    assert unescape_name(escape_name(name)) == name


def test_names_are_unescaped_once_in_any_case() -> None:
    assert unescape_name("a%2Fb%2fc%255c%5C%41") == "a/b/c%5c\\%41"
    assert escape_name("100%/\\") == "100%25%2f%5c"


def test_addresses_of_one_card_or_several() -> None:
    one = {"ipAddress": "10.0.0.2"}
    two = {"ipAddress": ("10.0.0.1", "fd00::1")}
    assert addresses("10.0.0.1", (one, two, {"network": "n"})) == ("10.0.0.1", "10.0.0.2", "fd00::1")
    assert addresses(None, one) == ("10.0.0.2",)
    assert addresses(None, None) == ()


def test_unknown_states() -> None:
    assert power_state("poweredOn") == "running"
    assert power_state("poweredSideways") == "unknown"
    assert power_state({"xsi:type": "VirtualMachinePowerState"}) == "unknown"
    assert host_state("connected", False) == "up"
    assert host_state("connected", "true") == "maintenance"
    assert host_state("notResponding", True) == "down"
    assert host_state(None, None) == "unknown"


def test_units() -> None:
    assert mebibytes("1024") == mebibytes(1024) == 1 << 30
    assert memory_free(4 << 20, 1) == 3 << 20
    assert memory_free(None, 1) is None
    assert moment("2026-11-22T12:00:00+02:00") == datetime(2026, 11, 22, 10, tzinfo=UTC)
    assert moment("1970-01-01T00:00:00Z") is None


def test_tasks() -> None:
    cancelled = {"fault": {"xsi:type": "RequestCanceled"}}
    assert task_state("success", None, None) == "succeeded"
    assert task_state("error", False, None) == "failed"
    assert task_state("error", True, None) == "cancelled"
    assert task_state("error", None, cancelled) == "cancelled"
    assert (fraction(50, "running"), fraction(None, "running"), fraction(None, "success")) == (0.5, None, 1.0)


VERSIONS = b"""<?xml version="1.0"?><namespaces version="1.0"><namespace><name>urn:vim25</name><version>%s</version>
<priorVersions><version>8.0.0.0</version><version>VMC M5</version><version>7.0</version></priorVersions></namespace>
<namespace><name>urn:other</name><version>9.0</version></namespace></namespaces>"""


@pytest.mark.parametrize(
    ("document", "version"),
    [(VERSIONS % b"8.0.3.0", "8.0.3.0"), (VERSIONS % b"12.0", "8.0.0.0"), (None, "6.5"), (b"<html>", "6.5")],
)
def test_the_newest_version_that_both_support(document: bytes | None, version: str) -> None:
    assert common_version(document) == version


@pytest.mark.parametrize("text", ["0000-01-01T00:00:00Z", "0001-01-01T00:00:00+02:00", "9999-12-31T23:59:59-02:00"])
def test_moments_that_python_can_not_represent(text: str) -> None:
    assert moment(text) is None


def test_truth_values() -> None:
    assert [is_true(value) for value in (True, "true", " true ", "1")] == [True] * 4
    assert [is_true(value) for value in (False, "false", "", None, {})] == [False] * 5


def test_references_and_their_kinds() -> None:
    assert kind_of(MoRef("DistributedVirtualPortgroup", "dvportgroup-1")) == (Network, "dvportgroup-1")
    assert kind_of(MoRef("Folder", "group-1")) is None
    assert kind_of("group-1") is None


def test_a_host_that_stands_alone_is_in_no_cluster() -> None:
    assert cluster_of(MoRef("ClusterComputeResource", "domain-c1")) == (Cluster, "domain-c1")
    assert cluster_of(MoRef("ComputeResource", "domain-s1")) is None
    assert cluster_of(MoRef("Datastore", "datastore-1")) is None


def test_an_object_without_a_uuid_gets_one_from_its_identifier() -> None:
    server = UUID(int=7)
    assert own_uuid("vm-1", server, "known") == "known"
    assert own_uuid("vm-1", server, "") == own_uuid("vm-1", server) == str(uuid5(server, "vm-1"))
