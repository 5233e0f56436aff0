"""The way from a request to its result: find the message, check its parameters and session, call its handler.

The order of the checks is that of ocaml/idl/ocaml_backend/gen_server.ml and ocaml/xapi/server_helpers.ml: parameters
are counted and read before the session is checked.
"""

from __future__ import annotations

import threading
import traceback
import uuid
from collections.abc import Mapping, Sequence
from functools import cache
from typing import Any

from hvlib_xapi_simulator.call import Call, Handler
from hvlib_xapi_simulator.classes import CLASSES
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.implied import implied_messages
from hvlib_xapi_simulator.members import Member
from hvlib_xapi_simulator.messages import HANDLERS
from hvlib_xapi_simulator.messages.records import record_handler
from hvlib_xapi_simulator.pool import Pool
from hvlib_xapi_simulator.table import Message
from hvlib_xapi_simulator.values import NULL, WrongType

__all__ = ["Dispatcher"]

LIST_METHODS = "system.listMethods"
NO_TASKS = ("task", "event")


class Dispatcher:
    """All messages, and the handlers that answer them."""

    def __init__(self, pool: Pool) -> None:
        self._pool = pool
        self._messages, self._handlers = _all_messages()
        self._aliases = {name.replace(".", "_", 1): name for name in self._messages}

    def dispatch(self, member: Member, name: str, parameters: Sequence[Any], local: bool = False) -> Any:
        """Answer a call. Raises `Failure`."""
        if name == LIST_METHODS:
            return list(self._messages)
        plain = name.removeprefix("InternalAsync.").removeprefix("Async.")
        message = self._messages.get(self._aliases.get(plain, plain))
        call = Call(self._pool, member, plain, local=local)
        if message is None:
            raise self._unknown(call, plain, parameters)
        arguments = _read(message, plain, parameters)
        if message.session:
            call.session = str(parameters[0])
            self._check_session(call)
        if message.removed:
            raise Failure("MESSAGE_REMOVED")
        if plain != name and not message.asynchronous:
            raise Failure("Fault", f"No async mode for this operation (rpc: {plain})")
        return self._start(call, message, name, arguments)

    def _start(self, call: Call, message: Message, label: str, arguments: Sequence[Any]) -> Any:
        found = self._handlers.get(message.name)
        if found is None:
            raise Failure("NOT_IMPLEMENTED", message.name)
        guarded = _guarded(found)
        handler = guarded if call.local else self._logged(message, guarded)
        asynchronous = label != call.name
        if asynchronous or (message.asynchronous and message.name.partition(".")[0] not in NO_TASKS):
            call.task = self._pool.tasks.create(label, call.session)
        call.key = call.task if call.task != NULL else f"DummyRef:|{uuid.uuid4()}|{label}"
        if not asynchronous:
            return self._answer(call, handler, arguments)

        def run() -> None:
            self._pool.tasks.run(call.task, lambda: handler(call, *arguments))

        threading.Thread(target=run, name=label, daemon=True).start()
        return call.task

    def _logged(self, message: Message, handler: Handler) -> Handler:
        """Return a handler that logs a message once it is carried out."""

        def answer(*arguments: Any) -> Any:
            result = handler(*arguments)
            self._pool.log.append((message.name, arguments[1:]))
            return result

        return answer

    def _answer(self, call: Call, handler: Handler, arguments: Sequence[Any]) -> Any:
        """Answer at once. If the call has a task, it is removed afterwards (ocaml/xapi/context.ml)."""
        if call.task == NULL:
            return handler(call, *arguments)
        try:
            result = handler(call, *arguments)
        except Failure as failure:
            self._pool.tasks.fail(call.task, failure)
            raise
        else:
            self._pool.tasks.complete(call.task, result)
        finally:
            if call.database.exists(call.task):
                self._pool.tasks.destroy(call.task)
        return result

    def _check_session(self, call: Call) -> None:
        """Raise SESSION_INVALID, or HOST_IS_SLAVE if the session is the master's (ocaml/xapi/session_check.ml)."""
        self._pool.sessions.check(call.session)
        local = call.local or self._pool.sessions.is_local(call.session)
        if not (local or self._pool.members.is_master(call.member)):
            raise Failure("HOST_IS_SLAVE", self._pool.members.master.address)

    def _unknown(self, call: Call, name: str, parameters: Sequence[Any]) -> Failure:
        if parameters:
            call.session = str(parameters[0])
            self._check_session(call)
        return Failure("MESSAGE_METHOD_UNKNOWN", name)


@cache
def _all_messages() -> tuple[Mapping[str, Message], Mapping[str, Handler]]:
    """Return the messages by name, and the handlers of the implemented ones. They are the same for every pool."""
    messages: dict[str, Message] = {}
    handlers: dict[str, Handler] = {}
    for of in CLASSES.values():
        for message in (*of.messages, *implied_messages(of)):
            messages[message.name] = message
            handler = HANDLERS.get(message.name) or record_handler(of, message)
            if handler:
                handlers[message.name] = handler
    return messages, handlers


def _guarded(handler: Handler) -> Handler:
    """Return a handler whose unexpected errors are INTERNAL_ERROR, as on a real server (ocaml/xapi/exnHelper.ml)."""

    def answer(*arguments: Any) -> Any:
        try:
            return handler(*arguments)
        except Failure:
            raise
        except WrongType as error:
            raise Failure("INTERNAL_ERROR", str(error)) from error
        except Exception as error:
            traceback.print_exc()
            raise Failure("INTERNAL_ERROR", repr(error)) from error

    return answer


def _read(message: Message, name: str, parameters: Sequence[Any]) -> list[Any]:
    """Read a call's parameters, without the session. If the last ones are optional, any number is accepted."""
    received = len(parameters) - message.session
    optional = message.required < len(message.parameters)
    if received < message.required or (received > message.required and not optional):
        raise Failure("MESSAGE_PARAMETER_COUNT_MISMATCH", name, str(message.required), str(received))
    try:
        given = parameters[1:] if message.session else parameters
        return [parameter.type.read(value) for parameter, value in zip(message.parameters, given, strict=False)]
    except WrongType as error:
        raise Failure("INTERNAL_ERROR", str(error)) from error
