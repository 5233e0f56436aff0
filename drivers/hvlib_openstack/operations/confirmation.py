"""Confirmation: nova keeps a server's former size or host until the move is confirmed."""

from __future__ import annotations

from collections.abc import Mapping
from functools import partial
from typing import Any

from hvlib.driver import Steps
from hvlib.model.errors import Conflict, InvalidQuery, InvalidState
from hvlib_openstack.operations.instance_actions import CONFIRM, REVERT, actions_of
from hvlib_openstack.operations.operation import act_on_server
from hvlib_openstack.operations.server_outcome import AWAITS_CONFIRMATION, status_of
from hvlib_openstack.wire.client import Client

__all__ = ["move_and_confirm"]

DECIDED = (InvalidState, Conflict, InvalidQuery)
"""Nova's refusals if somebody has confirmed or reverted already."""


def move_and_confirm(client: Client, server: str, name: str, body: Mapping[str, Any], steps: Steps) -> None:
    """Run a server action that needs a confirmation, then confirmResize. If that fails, revertResize."""
    act = partial(act_on_server, client, server)
    steps.run(partial(act, name, body), undo=lambda _: _revert(client, server, steps))
    try:
        steps.run(partial(act, CONFIRM, {CONFIRM: None}))
    except DECIDED:
        if steps.read(lambda: _decision(client, server)) != CONFIRM:
            raise


def _decision(client: Client, server: str) -> str | None:
    """`CONFIRM` or `REVERT`, whichever nova did last to a server; None if it did neither. One round trip."""
    actions = actions_of(client, server)
    return next((done.action for done in actions if done.action in (CONFIRM, REVERT) and not done.failed), None)


def _revert(client: Client, server: str, steps: Steps) -> None:
    if steps.read(lambda: status_of(client, server)) == AWAITS_CONFIRMATION:
        steps.run(partial(act_on_server, client, server, REVERT, {REVERT: None}))
