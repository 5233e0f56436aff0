"""Ways to break core's rules of what is undone and named. Each docstring says what core would do."""

from __future__ import annotations

import sys
from contextlib import nullcontext, suppress
from typing import Any

import pytest

from hvlib.errors import ConnectionFailed, HvlibError, NotFound
from hvlib.runtime.session_manager import SessionManager
from hvlib.runtime.steps import remains, run
from hvlib.runtime.steps.run import Cleanup, StepsRun
from hvlib.runtime.steps.task import StepsTask

__all__ = [
    "cancel_an_undo",
    "drop_the_drivers_left",
    "fail_with_a_failed_afterwards",
    "follow_no_undo",
    "forget_all_that_is_gone",
    "forget_another_change",
    "forget_what_can_not_be_read",
    "name_nothing",
    "name_what_a_second_call_removed",
    "name_what_another_call_removed",
    "name_what_is_gone",
    "raise_the_last_failure",
    "repeat_an_undo_as_a_whole",
    "skip_what_comes_afterwards",
    "take_a_lost_record_for_a_removal",
    "take_a_lost_removal_for_done",
    "take_what_is_gone_for_cleaned_up",
    "undo_in_order",
    "undo_nothing_of_a_failed_step",
    "undo_until_the_first_failure",
    "undo_without_a_login",
]

Patch = pytest.MonkeyPatch


def undo_in_order(patch: Patch) -> None:
    """Undo the first step first."""
    patch.setattr(run, "reversed", list, raising=False)


def undo_until_the_first_failure(patch: Patch) -> None:
    """Give up the cleanup when one of its calls fails."""
    clean = StepsRun._clean

    def clean_or_give_up(self: StepsRun, cleanup: Any) -> None:
        if getattr(self, "given_up", False):
            return
        self.given_up = True  # type: ignore[attr-defined]
        clean(self, cleanup)
        self.given_up = False  # type: ignore[attr-defined]

    patch.setattr(StepsRun, "_clean", clean_or_give_up)


def name_nothing(patch: Patch) -> None:
    """Keep quiet about the objects that are left."""
    patch.setattr(StepsRun, "_named", lambda *_: [])


def skip_what_comes_afterwards(patch: Patch) -> None:
    """Make no call of `Steps.afterwards` after a success."""
    clean_up = StepsRun.clean_up
    patch.setattr(StepsRun, "clean_up", lambda self, failed: clean_up(self, failed) if failed else run.Remains((), ()))


def fail_with_a_failed_afterwards(patch: Patch) -> None:
    """Let a task fail whose last cleanup failed after a success."""
    end = StepsTask.end

    def fail(self: StepsTask, made: Any, error: HvlibError | None, left: Any) -> None:
        end(self, made, error or (HvlibError("the cleanup failed") if left else None), left)

    patch.setattr(StepsTask, "end", fail)


def undo_nothing_of_a_failed_step(patch: Patch) -> None:
    """Undo only steps that have succeeded."""
    undo_with = StepsRun._undo_with

    def undo_successes(self: StepsRun, undo: Any, made: Any) -> None:
        if sys.exc_info()[0] is None and not (self.followed and self.followed.error):  # type: ignore[attr-defined]
            undo_with(self, undo, made)

    operation_of = StepsRun._operation

    def remembered(self: StepsRun, outcome: Any) -> Any:
        self.followed = operation_of(self, outcome)  # type: ignore[attr-defined]
        return self.followed  # type: ignore[attr-defined]

    patch.setattr(StepsRun, "followed", None, raising=False)
    patch.setattr(StepsRun, "_operation", remembered)
    patch.setattr(StepsRun, "_undo_with", undo_successes)


def follow_no_undo(patch: Patch) -> None:
    """Take an undo at the server for done once it has begun."""

    class NeverStarted:
        """In the place of `Started`."""

    patch.setattr(run, "Started", NeverStarted)


def repeat_an_undo_as_a_whole(patch: Patch) -> None:
    """Repeat an undo of several steps from its first step on."""
    patch.setattr(StepsRun, "_requests", property(lambda _: 0, lambda *_: None), raising=False)


def name_what_is_gone(patch: Patch) -> None:
    """Name an object as left although the server says that it is gone."""

    class NeverFound(HvlibError):
        """In the place of `NotFound`."""

    patch.setattr(run, "NotFound", NeverFound)


def name_what_a_second_call_removed(patch: Patch) -> None:
    """Name an object as left that the second of two calls has removed."""
    patch.setattr(Cleanup, "repeats", lambda *_: False)


def forget_another_change(patch: Patch) -> None:
    """Take an object for cleaned up once one of its changes is undone."""
    patch.setattr(Cleanup, "repeats", lambda self, other: self.about == other.about)


def take_a_lost_record_for_a_removal(patch: Patch) -> None:
    """Take an object for gone when the record of its removal is."""
    patch.setattr(run, "TaskFailed", NotFound)


def drop_the_drivers_left(patch: Patch) -> None:
    """Name only what core itself could not undo."""
    clean_up, end = StepsRun.clean_up, StepsTask.end

    def clean_up_and_keep(self: StepsRun, failed: bool) -> Any:
        remains = clean_up(self, failed)
        self._task.remains = remains.left  # type: ignore[attr-defined]
        return remains

    def end_with_cores(self: StepsTask, made: Any, error: HvlibError | None, _: Any) -> None:
        left = self.remains  # type: ignore[attr-defined]
        if error is not None:
            error.left = left
        end(self, made, error, left)

    patch.setattr(StepsRun, "clean_up", clean_up_and_keep)
    patch.setattr(StepsTask, "end", end_with_cores)


def name_what_another_call_removed(patch: Patch) -> None:
    """Name an object as left that another call has removed."""
    patch.setattr(remains, "_gone", lambda *_: set())


def forget_all_that_is_gone(patch: Patch) -> None:
    """Name no object that is gone, although more than the object may be left."""
    note = StepsRun._clean_and_note

    def note_all(self: StepsRun, cleanup: Cleanup, failures: Any, cleaned: set[Any]) -> None:
        note(self, cleanup, failures, cleaned)
        cleaned.update(self._refs(cleanup))

    patch.setattr(StepsRun, "_clean_and_note", note_all)


def take_what_is_gone_for_cleaned_up(patch: Patch) -> None:
    """Forget an earlier failure when a later call finds its object gone."""
    clean = StepsRun._clean

    def clean_or_find_nothing(self: StepsRun, cleanup: Cleanup) -> None:
        with suppress(NotFound):
            clean(self, cleanup)

    patch.setattr(StepsRun, "_clean", clean_or_find_nothing)


def forget_what_can_not_be_read(patch: Patch) -> None:
    """Take an object for gone that can't be read."""
    get = SessionManager.get

    def get_some(self: SessionManager, query: Any, refs: Any) -> Any:
        try:
            return get(self, query, refs)
        except HvlibError:
            return ()

    patch.setattr(SessionManager, "get", get_some)


def take_a_lost_removal_for_done(patch: Patch) -> None:
    """Take an object for removed when the reply to its removal is lost."""
    clean = StepsRun._clean

    def clean_or_assume(self: StepsRun, cleanup: Cleanup) -> None:
        try:
            clean(self, cleanup)
        except ConnectionFailed as error:
            if type(error) is not ConnectionFailed:
                raise

    patch.setattr(StepsRun, "_clean", clean_or_assume)


def cancel_an_undo(patch: Patch) -> None:
    """Break off an undo at a second cancel."""
    check, cancel = StepsRun._check, StepsTask.cancel

    def check_twice(self: StepsRun) -> None:
        if getattr(self._task, "cancels", 0) > 1:
            self._task.check()
        check(self)

    def count(self: StepsTask) -> None:
        self.cancels = getattr(self, "cancels", 0) + 1  # type: ignore[attr-defined]
        cancel(self)

    patch.setattr(StepsRun, "_check", check_twice)
    patch.setattr(StepsTask, "cancel", count)


def raise_the_last_failure(patch: Patch) -> None:
    """Raise the error of an undo instead of the first failure."""
    clean, end = StepsRun._clean, StepsTask.end

    def clean_and_keep(self: StepsRun, cleanup: Any) -> None:
        try:
            clean(self, cleanup)
        except HvlibError as error:
            self._task.last = error  # type: ignore[attr-defined]
            raise

    def end_with_the_last(self: StepsTask, made: Any, error: HvlibError | None, left: Any) -> None:
        end(self, made, getattr(self, "last", None) or error if error else None, left)

    patch.setattr(StepsRun, "_clean", clean_and_keep)
    patch.setattr(StepsTask, "end", end_with_the_last)


def undo_without_a_login(patch: Patch) -> None:
    """Let the requests of an undo fail once the provider is closed."""
    patch.setattr(SessionManager, "finishing", lambda _: nullcontext())
