"""Drivers that carry out actions of several requests wrongly. Each docstring says what the driver would do."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any, ClassVar, TypeVar

from seeds.delegating import DelegatingAdapter

from hvlib.actions import Action, Delete, Rename
from hvlib.conformance.disturbing import DelegatingSteps
from hvlib.driver import Outcome, SessionLost, Steps
from hvlib.errors import ConnectionFailed, HvlibError, InvalidState, NotFound, PermissionDenied
from hvlib.model.query import make_query
from hvlib.model.ref import Ref
from hvlib.model.resources import VM

__all__ = [
    "BeginsAgain",
    "ChangesOutsideSteps",
    "ChangesWhileItReads",
    "LostSessionIsStepRefusal",
    "NamesOthers",
    "NamesWhatIsGone",
    "OutlivesCancel",
    "PretendsToUndo",
    "StepOfTwoRequests",
    "StepSentTwice",
    "StepTakenAgain",
    "SwallowsRefusal",
    "UndoesNothing",
]

T = TypeVar("T")


class WithoutUndo(DelegatingSteps):
    def run(self, call: Callable[[], Outcome], *, undo: Callable[[Any], object] | None = None) -> Ref | None:
        return super().run(call)


class Twice(DelegatingSteps):
    def run(self, call: Callable[[], Outcome], *, undo: Callable[[Any], object] | None = None) -> Ref | None:
        def call_twice() -> Outcome:
            try:
                return call()
            except ConnectionFailed:
                return call()

        return super().run(call_twice, undo=undo)


class Meddling(DelegatingSteps):
    """``meddle`` sends another changing request."""

    def __init__(self, wrapped: Steps, meddle: Callable[[], object]) -> None:
        super().__init__(wrapped)
        self.meddle = meddle


class MeddlingReads(Meddling):
    def read(self, call: Callable[[], T]) -> T:
        return super().read(lambda: (self.meddle(), call())[1])


class MeddlingRuns(Meddling):
    def run(self, call: Callable[[], Outcome], *, undo: Callable[[Any], object] | None = None) -> Ref | None:
        return super().run(lambda: (self.meddle(), call())[1], undo=undo)


class Swallowing(DelegatingSteps):
    def run(self, call: Callable[[], Outcome], *, undo: Callable[[Any], object] | None = None) -> Ref | None:
        try:
            return super().run(call, undo=undo)
        except PermissionDenied:
            return None


class RefusedByLostSessions(DelegatingSteps):
    def run(self, call: Callable[[], Outcome], *, undo: Callable[[Any], object] | None = None) -> Ref | None:
        def refuse() -> Outcome:
            try:
                return call()
            except SessionLost as error:
                raise PermissionDenied("there is no session") from error

        return super().run(refuse, undo=undo)


class Again(DelegatingSteps):
    def run(self, call: Callable[[], Outcome], *, undo: Callable[[Any], object] | None = None) -> Ref | None:
        try:
            return super().run(call, undo=undo)
        except ConnectionFailed:
            with suppress(NotFound, InvalidState):
                return super().run(call, undo=undo)
        return None


class MeddlingAdapter(DelegatingAdapter):
    """Also renames a VM that it deletes."""

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        if ref is not None and isinstance(action, Delete):
            steps = self.meddled(steps, lambda: self.wrapped.submit(ref, Rename("about to be deleted")))
        return super().take_steps(ref, action, steps)

    def meddled(self, steps: Steps, meddle: Callable[[], object]) -> Steps:
        """The steps of the deletion, at which ``meddle`` renames the VM."""
        raise NotImplementedError


class StepOfTwoRequests(MeddlingAdapter):
    """Send two changing requests in one step."""

    def meddled(self, steps: Steps, meddle: Callable[[], object]) -> Steps:
        return MeddlingRuns(steps, meddle)


class ChangesWhileItReads(MeddlingAdapter):
    """Send a changing request as a read, which core repeats."""

    def meddled(self, steps: Steps, meddle: Callable[[], object]) -> Steps:
        return MeddlingReads(steps, meddle)


class ChangesOutsideSteps(MeddlingAdapter):
    """Send a changing request outside the steps."""

    def meddled(self, steps: Steps, meddle: Callable[[], object]) -> Steps:
        meddle()
        return steps


class SteppingAdapter(DelegatingAdapter):
    """Carries out actions with other steps than core's."""

    steps_type: ClassVar[type[DelegatingSteps]]

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        return super().take_steps(ref, action, self.steps_type(steps))


class SwallowsRefusal(SteppingAdapter):
    """Go on after a refused request, and end as if the action had succeeded."""

    steps_type = Swallowing


class LostSessionIsStepRefusal(SteppingAdapter):
    """Take the loss of a session for a refusal of the request."""

    steps_type = RefusedByLostSessions


class NamesOthers(DelegatingAdapter):
    """Name all VMs as left."""

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        try:
            return super().take_steps(ref, action, steps)
        except ConnectionFailed as error:
            all_vms: Any = self.wrapped.open(make_query(VM, self.wrapped.fields, fields=[]), None).fetch()
            error.left = [*error.left, *(record.ref for record in all_vms.items)]
            raise


class NamesWhatIsGone(DelegatingAdapter):
    """Name an object as left that does not exist."""

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        try:
            return super().take_steps(ref, action, steps)
        except PermissionDenied as error:
            error.left = [*error.left, Ref(self.session.about().uuid, "VM", "gone")]
            raise


class PretendingUndo(DelegatingSteps):
    def run(self, call: Callable[[], Outcome], *, undo: Callable[[Any], object] | None = None) -> Ref | None:
        def refuse(_: object) -> None:
            raise PermissionDenied("an undo is not allowed")

        return super().run(call, undo=undo and refuse)


class PretendsToUndo(SteppingAdapter):
    """Send nothing to undo a step, and say that the server has refused it."""

    steps_type = PretendingUndo


class UndoesNothing(SteppingAdapter):
    """Leave the objects of the earlier requests behind when a later request fails."""

    steps_type = WithoutUndo


class OutlivesCancel(DelegatingAdapter):
    """End a cancelled task as if it had succeeded."""

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        try:
            return super().take_steps(ref, action, steps)
        except HvlibError:
            raise
        except BaseException:
            return ref


class StepSentTwice(SteppingAdapter):
    """Send a request again if its reply is lost."""

    steps_type = Twice


class StepTakenAgain(SteppingAdapter):
    """Take a step again if its reply is lost, and go on if the server says that it is done already."""

    steps_type = Again


class BeginsAgain(DelegatingAdapter):
    """Carry out an action from its first request again if the connection breaks."""

    def take_steps(self, ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
        try:
            return super().take_steps(ref, action, steps)
        except ConnectionFailed:
            return super().take_steps(ref, action, steps)
