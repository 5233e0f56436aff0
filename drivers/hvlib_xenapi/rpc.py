"""The public native layer: every message of the API by name, with values of their declared types.

`messages` gives them in the session of one login::

    session = provider.native
    session.VM.get_all_records()
    session.Async.VM.start(ref, False, False)

The session's reference is added automatically. Numbers are numbers, moments are in UTC, null references are None.
"""

from __future__ import annotations

from collections.abc import Callable
from functools import lru_cache
from typing import Any

from hvlib_xenapi.login import Caller
from hvlib_xenapi.wire.conversion import converter
from hvlib_xenapi.wire.datamodel import FIELDS, RESULTS

__all__ = ["Message", "messages", "result_type"]

OF_EVERY_CLASS = {
    "get_all": "ref set",
    "get_all_where": "ref set",
    "get_by_uuid": "ref",
    "get_by_name_label": "ref set",
    "create": "ref",
}


class Message:
    """A message, or a part of its name: ``session.VM`` and ``session.VM.get_all``.

    A Python keyword takes an underscore: ``session.event.from_``.
    """

    def __init__(self, invoke: Callable[..., Any], name: str = "") -> None:
        self._invoke = invoke
        self._name = name

    def __getattr__(self, part: str) -> Message:
        if part.startswith("_"):
            raise AttributeError(part)
        part = part.removesuffix("_")
        return Message(self._invoke, f"{self._name}.{part}" if self._name else part)

    def __call__(self, *parameters: Any) -> Any:
        """Send the message: one round trip."""
        return self._invoke(self._name, *parameters)

    def __repr__(self) -> str:
        return f"<XenAPI message {self._name}>"


def messages(caller: Caller) -> Message:
    """Every message of the API by name, in a session."""

    def invoke(name: str, *parameters: Any) -> Any:
        result = caller.call(name, parameters)
        convert = converter(result_type(name))
        return result if convert is None else convert(result)

    return Message(invoke)


@lru_cache(maxsize=4096)
def result_type(name: str) -> str:
    """The type of a message's result, as the datamodel writes it; "" for a result that needs no conversion."""
    if name.startswith(("Async.", "InternalAsync.")):
        return "ref"
    cls, _, message = name.partition(".")
    for type, names in RESULTS.get(cls, {}).items():
        if message in names.split():
            return type
    if message in ("get_record", "get_all_records", "get_all_records_where"):
        return f"{cls} record" if message == "get_record" else f"(string -> {cls} record) map"
    if message in OF_EVERY_CLASS:
        return OF_EVERY_CLASS[message]
    return _field_type(cls, message.removeprefix("get_")) if message.startswith("get_") else ""


def _field_type(cls: str, field: str) -> str:
    return next((type for type, names in FIELDS.get(cls, {}).items() if field in names.split()), "")
