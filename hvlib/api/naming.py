"""Naming: the one object that a person means by a uuid or a name."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import TypeVar
from uuid import UUID

from hvlib.model.errors import AmbiguousName, NotFound
from hvlib.model.resources import Resource

__all__ = ["canonical_uuid", "is_uuid", "only_one", "only_one_of_uuid"]

R = TypeVar("R", bound=Resource)

UUID_FORM = re.compile(r"[0-9a-f]{8}-?(?:[0-9a-f]{4}-?){3}[0-9a-f]{12}", re.IGNORECASE)


def is_uuid(text: str) -> bool:
    """Whether a text has the form of a uuid, with or without its hyphens."""
    return UUID_FORM.fullmatch(text) is not None


def canonical_uuid(text: str) -> str:
    """A uuid in the spelling of servers: lower case, with hyphens. Other text is returned unchanged."""
    return str(UUID(text)) if is_uuid(text) else text


def only_one(kind: type[R], wanted: str, candidates: Sequence[R]) -> R:
    """The only candidate. Raises `NotFound` if there is none, `AmbiguousName` if there are more."""
    if not candidates:
        raise NotFound(f"no {kind.kind} {wanted!r}")
    if len(candidates) > 1:
        uuids = " ".join(record.uuid for record in candidates)
        raise AmbiguousName(
            f"{len(candidates)} {kind.kind}s are named {wanted!r}",
            candidates=candidates,
            hint=f"say which by uuid: {uuids}",
        )
    return candidates[0]


def only_one_of_uuid(kind: type[R], uuid: str, candidates: Sequence[R]) -> R:
    """The only candidate, of one or more. Raises `AmbiguousName` if there are more."""
    if len(candidates) > 1:
        refs = " ".join(str(record.ref) for record in candidates)
        raise AmbiguousName(
            f"{len(candidates)} {kind.kind}s have the uuid {uuid}",
            candidates=candidates,
            hint=f"say which by ref: {refs}",
        )
    return candidates[0]
