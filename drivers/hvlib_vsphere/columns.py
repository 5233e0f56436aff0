"""Columns that the tables of several kinds share."""

from __future__ import annotations

from collections.abc import Mapping

from hvlib.driver.table import ID, Column, Field
from hvlib_vsphere.values import SERVER_UUID, either_text, moment, own_uuid, plain_text, unescape_name

__all__ = ["DERIVED_UUID", "MACHINE_COLUMNS", "NAME"]

NAME: Mapping[str, Column] = {"name_label": Field("name", convert=unescape_name)}
"""The name, which the server stores escaped."""

DERIVED_UUID: Mapping[str, Column] = {"uuid": Field(ID, SERVER_UUID, convert=own_uuid)}
"""The uuid of kinds for which the server has none."""

MACHINE_COLUMNS: Mapping[str, Column] = {
    "uuid": Field(ID, SERVER_UUID, "config.instanceUuid", "summary.config.instanceUuid", convert=own_uuid),
    **NAME,
    "description": Field("config.annotation", "summary.config.annotation", convert=either_text),
    "created_at": Field("config.createDate", convert=moment),
    "guest_os": Field("summary.config.guestFullName", convert=plain_text),
}
"""The fields that VMs and templates have in common: both are of the type VirtualMachine."""
