"""Action: the base class of all actions, which are in `hvlib.model.actions`."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import ClassVar, Self

import msgspec

from hvlib.model.arguments import can_be_sent
from hvlib.model.errors import InvalidQuery
from hvlib.model.ref import Ref, check_kind, checked

__all__ = ["Action", "Create"]

PRIVATE = frozenset({"user_data", "native"})
"""Fields that may hold secrets: they are never shown."""


class Action(msgspec.Struct, frozen=True):
    """The base of all actions. ``name`` is the action's name in text for people."""

    name: ClassVar[str] = ""

    def refs(self) -> Iterator[Ref]:
        """The refs in the action's fields. Its target is not one of them."""
        return (value for _, value in self._values() if isinstance(value, Ref))

    def checked(self) -> Self:
        """The action, ready to be sent: its lists become tuples.

        Raises `InvalidQuery` for a value of a wrong type, a ref of a wrong kind, and a value that can't be sent.
        """
        try:
            action = msgspec.convert(msgspec.structs.asdict(self), type(self))
        except msgspec.ValidationError as error:
            raise InvalidQuery(f"{self.name} has an invalid option: {error}") from error
        for field, value in action._values():
            check_kind(field, value)
            self._check_sendable(value)
        return action

    def _check_sendable(self, value: object) -> None:
        """Raise `InvalidQuery` for text that can't be sent, and for a value that is not plain, at any depth."""
        match value:
            case Ref():
                checked(value)
            case str():
                if not can_be_sent(value):
                    raise InvalidQuery(f"{self.name} has an invalid option: {value!r} can't be sent")
            case Mapping():
                for each in (*value.keys(), *value.values()):
                    self._check_sendable(each)
            case list() | tuple():
                for each in value:
                    self._check_sendable(each)
            case None | bool() | int() | float():
                pass
            case _:
                raise InvalidQuery(f"{self.name} has an invalid option: {value!r} is not a plain value")

    def _values(self) -> Iterator[tuple[str, object]]:
        """Pairs of a field and its value; a field with several values gives a pair for each of them."""
        for field in self.__struct_fields__:
            value = getattr(self, field)
            yield from ((field, each) for each in (value if isinstance(value, tuple) else (value,)))

    def __str__(self) -> str:
        values = ((field, getattr(self, field)) for field in self.__struct_fields__)
        defaults = dict(zip(reversed(self.__struct_fields__), reversed(self.__struct_defaults__), strict=False))
        given = [(field, value) for field, value in values if value != defaults.get(field, msgspec.NODEFAULT)]
        shown = [f"{field}={'...' if field in PRIVATE else repr(value)}" for field, value in given]
        return " ".join([self.name, *shown])

    def __repr__(self) -> str:
        return f"<{self}>"


class Create(Action, frozen=True):
    """The base of the actions that create an object. A collection takes them; a resource takes the others."""

    name = "create"
