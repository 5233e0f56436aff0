"""Refusing: steps of a driver of which one is refused, as by a server on which the user lacks a permission."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, NoReturn, TypeVar

from hvlib.driver import Outcome, Steps
from hvlib.model.errors import PermissionDenied
from hvlib.model.ref import Ref

__all__ = ["DelegatingSteps", "LastingRefusal", "Refusal", "RefusedRequest", "RefusedUndo"]

T = TypeVar("T")


class Refusal:
    """Refuses one changing request, by its number from 0. The request is not sent."""

    def __init__(self, number: int) -> None:
        self.happened = False
        """Whether the request was made, and so refused."""
        self._left = number

    def check(self) -> None:
        """Raise `PermissionDenied` for the request that is refused."""
        self._left -= 1
        if self.refuses(self._left):
            self.happened = True
            refuse()

    def refuses(self, left: int) -> bool:
        """Whether a request is refused. ``left``: the requests before the refused one that are still to come, or -1."""
        return left == -1


class LastingRefusal(Refusal):
    """Refuses one changing request and all later ones, also those of an undo."""

    def refuses(self, left: int) -> bool:
        """`Refusal.refuses`."""
        return left < 0


class DelegatingSteps:
    """`hvlib.driver.Steps` that passes every call on."""

    def __init__(self, wrapped: Steps) -> None:
        self.wrapped = wrapped

    def read(self, call: Callable[[], T]) -> T:
        """`Steps.read`."""
        return self.wrapped.read(call)

    def call(self, call: Callable[[], T], *, undo: Callable[[Any], object] | None = None) -> T:
        """`Steps.call`."""
        result: T = self.wrapped.call(call, undo=undo)
        return result

    def run(self, call: Callable[[], Outcome], *, undo: Callable[[Any], object] | None = None) -> Ref | None:
        """`Steps.run`."""
        return self.wrapped.run(call, undo=undo)

    def until(self, ref: Ref, values: Mapping[str, object], **options: Any) -> None:
        """`Steps.until`."""
        self.wrapped.until(ref, values, **options)

    def afterwards(self, do: Callable[..., object], *about: Any) -> None:
        """`Steps.afterwards`."""
        self.wrapped.afterwards(do, *about)


class RefusedRequest(DelegatingSteps):
    """Steps of which one request is refused."""

    def __init__(self, wrapped: Steps, refusal: Refusal) -> None:
        super().__init__(wrapped)
        self._refusal = refusal

    def call(self, call: Callable[[], T], *, undo: Callable[[Any], object] | None = None) -> T:
        """`Steps.call`."""
        self._refusal.check()
        return super().call(call, undo=self.undoing(undo))

    def run(self, call: Callable[[], Outcome], *, undo: Callable[[Any], object] | None = None) -> Ref | None:
        """`Steps.run`."""
        self._refusal.check()
        return super().run(call, undo=self.undoing(undo))

    def undoing(self, undo: Callable[[Any], object] | None) -> Callable[[Any], object] | None:
        """The function that undoes a step."""
        return undo


class RefusedUndo(RefusedRequest):
    """And what would undo the requests before it is refused where the driver leaves it to core to name what is left."""

    def undoing(self, undo: Callable[[Any], object] | None) -> Callable[[Any], object] | None:
        """One that is refused for an object that has a ref."""
        return undo and (lambda made: refuse() if isinstance(made, Ref) else undo(made))


def refuse(*_: object) -> NoReturn:
    raise PermissionDenied("the suite refuses this request")
