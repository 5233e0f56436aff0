"""Recording: what each changing request of an action does to the site while nothing disturbs the action."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Hashable
from typing import Any, TypeVar

from hvlib.conformance.disturbing import DelegatingSteps, Undo
from hvlib.conformance.world import Signature, World
from hvlib.driver import Outcome, Steps
from hvlib.model.ref import Ref

__all__ = ["RecordedSteps", "Recording"]

T = TypeVar("T")

Log = Counter[Hashable]


class Recording:
    """The effects of an action's changing requests, and its breaches of the rule that a step holds one of them.

    ``look`` and ``log`` read the site's objects and its log.
    """

    def __init__(self, look: Callable[[], World], log: Callable[[], Log]) -> None:
        self.breaches: list[str] = []
        self._look = look
        self._log = log
        self._first = look()
        self._signatures = [Signature()]
        self._in_steps = 0
        self._before = log()
        self._unseen = 0

    @property
    def requests(self) -> int:
        """The number of changing requests, by the driver's word."""
        return len(self._signatures) - 1

    def effect(self, number: int) -> Signature:
        """The changes that the request with a number makes."""
        return self._signatures[number + 1] - self._signatures[number]

    def end(self) -> None:
        """Look for requests of the action that were sent outside its steps."""
        outside = (self._log() - self._before).total() - self._in_steps
        if outside > self._unseen:
            self.breaches.append(f"{outside} changing requests outside the steps")

    def step(self, call: Callable[[], T]) -> T:
        """Take a step with a changing request, and note its effect."""
        result = self.watched("step", 1, call)
        self._signatures.append(self._first.changes(self._look()).signature())
        return result

    def watched(self, what: str, limit: int, call: Callable[[], T]) -> T:
        """Make a call in which the server may log ``limit`` changing requests."""
        before = self._log()
        result = call()
        sent = self._log() - before
        self._in_steps += sent.total()
        if sent.total() > limit:
            self.breaches.append(f"more than {limit} changing requests in a {what}: {list(sent)}")
        return result

    def cleanup(self, do: Callable[..., object], about: tuple[Any, ...]) -> object:
        """Call a function of the cleanup. It may send one request without a step, even after its return."""
        steps = self.requests
        result = do(*about)
        self._unseen += steps == self.requests
        return result


class RecordedSteps(DelegatingSteps):
    """Steps that are recorded."""

    def __init__(self, wrapped: Steps, recording: Recording) -> None:
        super().__init__(wrapped)
        self._recording = recording

    def read(self, call: Callable[[], T]) -> T:
        """`Steps.read`."""
        return self._recording.watched("read", 0, lambda: super(RecordedSteps, self).read(call))

    def call(self, call: Callable[[], T], *, undo: Undo = None) -> T:
        """`Steps.call`."""
        return self._recording.step(lambda: super(RecordedSteps, self).call(call, undo=undo))

    def run(self, call: Callable[[], Outcome], *, undo: Undo = None) -> Ref | None:
        """`Steps.run`."""
        return self._recording.step(lambda: super(RecordedSteps, self).run(call, undo=undo))

    def afterwards(self, do: Callable[..., object], *about: Any) -> None:
        """`Steps.afterwards`."""
        super().afterwards(lambda *about: self._recording.cleanup(do, about), *about)
