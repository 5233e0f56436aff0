"""Disturbing: steps of a driver in which something goes wrong at one changing request, or in the cleanup after it."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from contextlib import suppress
from functools import partial
from typing import Any, TypeVar

from hvlib.conformance.acting import PATIENCE
from hvlib.driver import Outcome, Reached, Started, Steps
from hvlib.model.errors import ConnectionFailed, HvlibError, PermissionDenied
from hvlib.model.ref import Ref

__all__ = [
    "BrokenConnection",
    "DelegatingSteps",
    "Disturbance",
    "DisturbedCleanup",
    "DisturbedSteps",
    "Halt",
    "Interference",
    "LastingRefusal",
    "LostReply",
    "Refusal",
]

T = TypeVar("T")

Undo = Callable[[Any], object] | None


class Disturbance:
    """Something that goes wrong at one changing request of an action: the one with this number, from 0."""

    loses_replies = False
    """Whether a request may be carried out although its reply is lost."""

    def __init__(self, number: int) -> None:
        self.number = number
        self.happened = False
        """Whether the action had a request with this number."""
        self.begun = 0
        """The number of changing requests that the action has begun."""
        self.own: int | None = None
        """The number of those before its cleanup; None while the action goes on."""
        self.cleanups = 0
        """The number of functions that were called in the cleanup."""

    @property
    def disturbs_cleanup(self) -> bool:
        """Whether the request that is disturbed is one of the cleanup."""
        return self.own is not None and self.number >= self.own

    @property
    def lost(self) -> object:
        """The result of the call whose reply was lost; None if none was."""
        return None

    def around(self, call: Callable[[], T]) -> Callable[[], T]:
        """A changing request of the action, disturbed if it is the one with the number."""
        number, self.begun = self.begun, self.begun + 1
        return partial(self._disturb, call) if self.hits(number - self.number) else call

    def cleanup(self, do: Callable[..., T]) -> Callable[..., T]:
        """A function for the cleanup: it undoes a request, or is called in the end in any case."""

        def counted(*about: Any) -> T:
            self.cleanups += 1
            return do(*about)

        return counted

    def hits(self, later: int) -> bool:
        """Whether a request is disturbed that comes so many ``later`` than the one with the number."""
        return later == 0

    def before(self) -> None:
        """Happens before the request is sent."""

    def after(self, result: object) -> None:
        """Happens after the request was sent and has had a ``result``."""

    def _disturb(self, call: Callable[[], T]) -> T:
        again, self.happened = self.happened, True
        if again and not self.hits(1):
            return call()  # Core sends the request again: it is disturbed once.
        self.before()
        result = call()
        self.after(result)
        return result


class Refusal(Disturbance):
    """The request is refused, as by a server on which the user lacks a permission. It is not sent."""

    def before(self) -> None:
        """Raise `PermissionDenied`."""
        raise PermissionDenied("the suite refuses this request")


class LastingRefusal(Refusal):
    """The request is refused, and all later ones, also those of an undo."""

    @property
    def disturbs_cleanup(self) -> bool:
        """`Disturbance.disturbs_cleanup`."""
        return True

    def hits(self, later: int) -> bool:
        """`Disturbance.hits`."""
        return later >= 0


class LostReply(Disturbance):
    """The request is sent, and its reply does not arrive."""

    loses_replies = True

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self._lost: object = None

    @property
    def lost(self) -> object:
        """`Disturbance.lost`."""
        return self._lost

    def after(self, result: object) -> None:
        """Raise `ConnectionFailed`."""
        self._lost = result
        raise ConnectionFailed("the suite lost the reply to this request")


class Interference(Disturbance):
    """Something is done to the server before the request is sent: ``do`` is called."""

    def __init__(self, number: int, do: Callable[[], object]) -> None:
        super().__init__(number)
        self._do = do

    def before(self) -> None:
        """Call ``do``."""
        self._do()


class BrokenConnection(Interference):
    """The connection breaks while the request is sent, or its reply: ``do`` sees to it."""

    loses_replies = True


class DisturbedCleanup(Refusal):
    """The request is refused, and in the cleanup that follows something else goes wrong: ``second``.

    If the action has no request with this number, it succeeds, and only its cleanup is disturbed. The numbers of
    ``second`` count the functions of the cleanup and the requests that these make.
    """

    def __init__(self, number: int, second: Disturbance) -> None:
        super().__init__(number)
        self.second = second
        self.not_requests: set[int] = set()
        """The numbers of the functions that send nothing themselves: they make requests by steps, or fail without."""
        self.loses_replies = second.loses_replies

    @property
    def disturbs_cleanup(self) -> bool:
        """`Disturbance.disturbs_cleanup`."""
        return True

    @property
    def lost(self) -> object:
        """`Disturbance.lost`."""
        return self.second.lost

    def around(self, call: Callable[[], T]) -> Callable[[], T]:
        """`Disturbance.around`."""
        if not self.happened and self.own is None:
            return super().around(call)
        self.begun += 1
        return self.second.around(call)

    def cleanup(self, do: Callable[..., T]) -> Callable[..., T]:
        """`Disturbance.cleanup`."""
        counted = super().cleanup(do)

        def disturbed(*about: Any) -> T:
            number = self.second.begun
            try:
                result = self.second.around(partial(counted, *about))()
            except HvlibError:
                self.not_requests.add(number)
                raise
            if self.second.begun > number + 1:
                self.not_requests.add(number)
            return result

        return disturbed


class Halt(Disturbance):
    """The action halts once the request is sent, until `go_on`."""

    def __init__(self, number: int) -> None:
        super().__init__(number)
        self.sent = threading.Event()
        """Set once the request was sent."""
        self._going_on = threading.Event()

    def after(self, result: object) -> None:  # noqa: ARG002 -- whatever the result is
        """Wait for `go_on`."""
        self.sent.set()
        self._going_on.wait(PATIENCE)

    def go_on(self) -> None:
        """Let the action go on."""
        self._going_on.set()


class DelegatingSteps:
    """`hvlib.driver.Steps` that passes every call on."""

    def __init__(self, wrapped: Steps) -> None:
        self.wrapped = wrapped

    def read(self, call: Callable[[], T]) -> T:
        """`Steps.read`."""
        return self.wrapped.read(call)

    def call(self, call: Callable[[], T], *, undo: Undo = None) -> T:
        """`Steps.call`."""
        result: T = self.wrapped.call(call, undo=undo)
        return result

    def run(self, call: Callable[[], Outcome], *, undo: Undo = None) -> Ref | None:
        """`Steps.run`."""
        return self.wrapped.run(call, undo=undo)

    def until(self, ref: Ref, values: Mapping[str, object], **options: Any) -> None:
        """`Steps.until`."""
        self.wrapped.until(ref, values, **options)

    def afterwards(self, do: Callable[..., object], *about: Any) -> None:
        """`Steps.afterwards`."""
        self.wrapped.afterwards(do, *about)


class DisturbedSteps(DelegatingSteps):
    """Steps with a disturbance."""

    def __init__(self, wrapped: Steps, disturbance: Disturbance) -> None:
        super().__init__(wrapped)
        self._disturbance = disturbance
        self._cleanups: list[tuple[Callable[..., object], Callable[..., object]]] = []
        wrapped.afterwards(self._follow_lost)

    def call(self, call: Callable[[], T], *, undo: Undo = None) -> T:
        """`Steps.call`."""
        return super().call(self._disturbance.around(call), undo=undo and self._disturbed(undo))

    def run(self, call: Callable[[], Outcome], *, undo: Undo = None) -> Ref | None:
        """`Steps.run`."""
        return super().run(self._disturbance.around(call), undo=undo and self._disturbed(undo))

    def afterwards(self, do: Callable[..., object], *about: Any) -> None:
        """`Steps.afterwards`."""
        super().afterwards(self._disturbed(do), *about)

    def _disturbed(self, do: Callable[..., object]) -> Callable[..., object]:
        """A function of the cleanup, disturbed. For the same function it is the same: core compares them."""
        for known, disturbed in self._cleanups:
            if known == do:
                return disturbed
        self._cleanups.append((do, self._disturbance.cleanup(do)))
        return self._cleanups[-1][1]

    def _follow_lost(self) -> None:
        """At the end of the cleanup, follow what the server carries out although its reply was lost."""
        lost = self._disturbance.lost
        if isinstance(lost, (Started, Reached)):
            with suppress(HvlibError):
                self.wrapped.run(lambda: lost)
