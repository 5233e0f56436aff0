"""Remains: the objects that a run of an action may have left, and the reasons."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from contextlib import suppress
from typing import NamedTuple, Self

from hvlib.driver import in_calls
from hvlib.model.errors import HvlibError
from hvlib.model.query import make_query
from hvlib.model.ref import Ref
from hvlib.runtime.session_manager import SessionManager

__all__ = ["Remains"]


class Remains(NamedTuple):
    """The objects that may be left, and why the cleanup calls failed."""

    left: tuple[Ref, ...]
    reasons: Sequence[str]

    def without_removed(self, manager: SessionManager, cleaned: Collection[Ref]) -> Self:
        """The remains without the objects that one cleanup call could not remove, and another one did.

        | cleaned: the objects about which a cleanup call has succeeded. Only these are read, one round trip for each
          kind: the call may have undone another change of the object, so its success does not show that it is gone.
        """
        doubtful = [ref for ref in self.left if ref in cleaned]
        gone = _gone(manager, doubtful) if doubtful else ()
        return self._replace(left=tuple(ref for ref in self.left if ref not in gone))


def _gone(manager: SessionManager, refs: Iterable[Ref]) -> set[Ref]:
    """The objects that the server no longer has. The ones that can't be read may exist."""
    gone: set[Ref] = set()
    for kind, adapter in manager.session.adapters.items():
        query = make_query(kind, adapter.fields, fields=[])
        for part in in_calls([ref for ref in refs if ref.kind == kind.kind]):
            with suppress(HvlibError):
                gone |= {*part} - {record.ref for record in manager.get(query, part)}
    return gone
