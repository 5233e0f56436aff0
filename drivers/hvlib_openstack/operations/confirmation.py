"""Confirmation: nova keeps a server's former size or host until it is told that all is well."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from hvlib.driver import Steps
from hvlib.model.errors import Conflict, InvalidQuery, InvalidState
from hvlib_openstack.operations.instance_actions import InstanceAction
from hvlib_openstack.operations.operation import act_on_server
from hvlib_openstack.operations.outcome import status_of
from hvlib_openstack.wire.client import Client

__all__ = ["move_and_confirm"]

DECIDED = (InvalidState, Conflict, InvalidQuery)
"""Nova's refusals where somebody has confirmed or reverted already."""

CONFIRMED, REVERTED = "confirmResize", "revertResize"

AWAITED = "VERIFY_RESIZE"
"""The status of a server that is to be confirmed."""


def move_and_confirm(client: Client, server: str, name: str, body: Mapping[str, Any], steps: Steps) -> None:
    """A server action that is to be confirmed, and confirmResize. Where that fails, revertResize."""
    act = partial(act_on_server, client, server)
    steps.run(partial(act, name, body), undo=lambda _: _revert(client, server, steps))
    try:
        steps.run(partial(act, CONFIRMED, {CONFIRMED: None}))
    except DECIDED:
        if steps.read(lambda: _decision(client, server)) != CONFIRMED:
            raise


def _decision(client: Client, server: str) -> str | None:
    """What was decided last of a server's new size or host, by nova's records. One round trip."""
    reply = client.compute.get(f"/servers/{server}/os-instance-actions", version=client.login.compute)
    actions = reply.read(dict[str, list[InstanceAction]])["instanceActions"]
    return next((each.action for each in actions if each.action in (CONFIRMED, REVERTED) and not each.failed), None)


def _revert(client: Client, server: str, steps: Steps) -> None:
    if steps.read(lambda: status_of(client, server)) == AWAITED:
        steps.run(partial(act_on_server, client, server, REVERTED, {REVERTED: None}))
