"""The VLAN of a network."""

from __future__ import annotations

from typing import Any

import pytest
from hvlib_vsphere.kinds.network import vlan_id


@pytest.mark.parametrize(
    ("setting", "tag"),
    [
        (None, None),
        ({}, None),
        ({"vlan": {"vlanId": 12, "inherited": False}}, 12),
        ({"vlan": {"vlanId": 0}}, None),
        ({"vlan": {"vlanId": ({"start": 1, "end": 4094},)}}, None),
        ({"vlan": {"pvlanId": 100}}, None),
    ],
)
def test_the_vlan_of_a_port_group(setting: dict[str, Any] | None, tag: int | None) -> None:
    """A trunk has several, and a private VLAN is of another kind."""
    assert vlan_id(setting) == tag
