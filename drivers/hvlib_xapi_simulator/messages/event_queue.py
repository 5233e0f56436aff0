"""event.register and event.next, which event.from has replaced: each session has a queue (ocaml/xapi/xapi_event.ml).

Changes of one object between two calls are one event here. The real server keeps them all.
"""

from __future__ import annotations

from typing import Any

from hvlib_xapi_simulator.call import Call, handles
from hvlib_xapi_simulator.events import FOREVER, Subscriptions
from hvlib_xapi_simulator.failure import Failure

__all__: list[str] = []


@handles("event.register")
def register(call: Call, classes: list[str]) -> None:
    """Subscribe the session to classes, from now on."""
    queues = call.pool.events.queues
    texts, token = queues.get(call.session, ([], f"{call.database.generation - 1},0"))
    queues[call.session] = ([*texts, *classes], token)


@handles("event.unregister")
def unregister(call: Call, classes: list[str]) -> None:
    """End the session's subscription to classes."""
    queues = call.pool.events.queues
    if call.session in queues:
        texts, token = queues[call.session]
        queues[call.session] = ([text for text in texts if text not in classes], token)


@handles("event.next")
def next_events(call: Call) -> list[dict[str, Any]]:
    """Return the events since the last call; wait if there are none."""
    queues = call.pool.events.queues
    if call.session not in queues:
        raise Failure("SESSION_NOT_REGISTERED", call.session)
    texts, token = queues[call.session]
    batch = call.pool.events.wait(call.session, Subscriptions(texts), token, FOREVER)
    queues[call.session] = (texts, batch["token"])
    return list(batch["events"])
