"""Remains: the objects that a cleanup has not removed, and the reasons."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple, Self

from hvlib.driver import in_calls
from hvlib.model.errors import HvlibError
from hvlib.model.query import make_query
from hvlib.model.ref import Ref
from hvlib.model.resources import TaskRecord
from hvlib.runtime.session_manager import SessionManager

__all__ = ["Remains"]


class Remains(NamedTuple):
    """The objects that a cleanup has not removed, and the reasons."""

    left: tuple[Ref, ...]
    reasons: Sequence[str]

    @classmethod
    def of(
        cls, manager: SessionManager, named: Iterable[Ref], failures: Sequence[tuple[HvlibError, Sequence[Ref]]]
    ) -> Self:
        """The remains of a failure that names objects, and of failed cleanups that have left objects.

        An object that is gone by now is left out: another call has removed it, or the reply to its removal was lost.
        """
        all_named = dict.fromkeys([*named, *(ref for _, refs in failures for ref in refs)])
        gone = _gone(manager, all_named) if all_named else set()
        left = tuple(ref for ref in all_named if ref not in gone)
        return cls(left, [str(error) for error, refs in failures if not refs or not gone.issuperset(refs)])


def _gone(manager: SessionManager, refs: Collection[Ref]) -> set[Ref]:
    """The objects that the server no longer has, by one read of each kind. The ones that can't be read may exist.

    Tasks are left out: an object that a task has made may exist after the task's record.
    """
    gone: set[Ref] = set()
    for kind, adapter in manager.session.adapters.items():
        own = [ref for ref in refs if ref.kind == kind.kind and kind is not TaskRecord]
        query = make_query(kind, adapter.fields, fields=[])
        for part in in_calls(own):
            with suppress(HvlibError):
                gone |= {*part} - {record.ref for record in manager.get(query, part)}
    return gone
