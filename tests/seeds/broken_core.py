"""Ways to break core's rules of steps. Each docstring says what core would do.

As a pytest plugin it applies the breakage that HVLIB_BREAKAGE names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from concurrent.futures import wait as wait_for_futures
from typing import Any, NamedTuple

import pytest
from seeds import broken_cleanups as cleanups

from hvlib.errors import ConnectionFailed, HvlibError
from hvlib.runtime import login
from hvlib.runtime.retry import action_repeatable
from hvlib.runtime.server_task import ServerTask
from hvlib.runtime.shared_watch import SharedWatch
from hvlib.runtime.steps import run, runner, task
from hvlib.runtime.steps.run import StepsRun
from hvlib.runtime.steps.runner import StepsRunner
from hvlib.runtime.steps.task import StepsTask

__all__ = ["BREAKAGES", "CoreBreakage"]

Patch = pytest.MonkeyPatch


class CoreBreakage(NamedTuple):
    """Replaces a part of core. ``caught_by``: the tests of which one must be the first that fails."""

    apply: Callable[[Patch], None]
    caught_by: tuple[str, ...]


def send_again_after_a_lost_reply(patch: Patch) -> None:
    """Send a request again whose reply was lost."""
    patch.setattr(
        run, "action_repeatable", lambda error: isinstance(error, ConnectionFailed) or action_repeatable(error)
    )


def send_never_again(patch: Patch) -> None:
    """Give up where the server did not act on the request."""
    patch.setattr(run, "action_repeatable", lambda _: False)


def cancel_nothing(patch: Patch) -> None:
    """Take a cancel, and go on."""
    patch.setattr(StepsTask, "check", lambda _: None)


def end_at_a_cancel(patch: Patch) -> None:
    """End a task as soon as it is cancelled, while its steps are still undone."""

    def cancel(self: StepsTask) -> None:
        self.cancelled = True
        self.end(None, task.TaskCancelled("cancelled"), ())

    patch.setattr(StepsTask, "cancel", cancel)


def cancel_by_a_failure(patch: Patch) -> None:
    """Cancel by an error that ``except HvlibError`` in a driver takes for a refusal."""

    class Cancelled(HvlibError):
        """In the place of `Cancellation`."""

    for module in (task, runner):
        patch.setattr(module, "Cancellation", Cancelled)


def run_all_at_a_time(patch: Patch) -> None:
    """Run any number of tasks at a time."""
    patch.setattr(runner, "ThreadPoolExecutor", lambda _, **options: ThreadPoolExecutor(1000, **options))


def run_in_the_call(patch: Patch) -> None:
    """Carry out the action in the call that begins it."""

    class NoPool(ThreadPoolExecutor):
        """Runs each function at once."""

        def submit(self, fn: Callable[..., Any], /, *arguments: Any, **options: Any) -> Future[Any]:
            future = super().submit(fn, *arguments, **options)
            future.exception(5)
            return future

    patch.setattr(runner, "ThreadPoolExecutor", NoPool)


def leave_at_once(patch: Patch) -> None:
    """Do not wait at the end of a block."""
    patch.setattr(StepsRunner, "wait", lambda *_: None)


def go_on_after_an_interrupt(patch: Patch) -> None:
    """Cancel nothing when a block is interrupted or the provider is closed."""
    patch.setattr(StepsRunner, "cancel", lambda _: None)


def log_out_before_the_undo(patch: Patch) -> None:
    """Log out while steps are undone."""
    patch.setattr(StepsRunner, "close", lambda _: None)


def leave_waiters_waiting(patch: Patch) -> None:
    """Let waits for a task last until its steps are undone, although the provider is closed."""
    patch.setattr(StepsTask, "close", lambda self: setattr(self, "cancelled", True))


def go_on_in_a_child(patch: Patch) -> None:
    """Use the parent's threads in a forked child."""
    patch.setattr(StepsRunner, "_check_process", lambda _: None)


def wait_in_a_child(patch: Patch) -> None:
    """Let a wait in a forked child go on for a task of the parent's."""
    patch.setattr(StepsTask, "_check_open", lambda _: None)


def know_no_refs(patch: Patch) -> None:
    """Find no task of this process by its ref."""
    patch.setattr(StepsRunner, "find", lambda *_: None)


def subscribe_for_each_wait(patch: Patch) -> None:
    """Take a subscription for each wait."""
    subscribe = SharedWatch.subscribe
    patch.setattr(SharedWatch, "subscribe", lambda self, *details: subscribe(SharedWatch(self.manager), *details))


def log_in_again_and_again(patch: Patch) -> None:
    """Send a request again however often its session is lost."""
    patch.setattr(login, "SESSIONS_PER_CALL", 30)


def cancel_nothing_at_the_server(patch: Patch) -> None:
    """Wait for the server's task to end instead of cancelling it."""
    patch.setattr(ServerTask, "cancel", lambda _: None)


def wait_for_no_cancelled_step(patch: Patch) -> None:
    """End a cancelled task although the server still carries out its step."""
    follow = StepsRun._follow

    def follow_until_a_cancel(self: StepsRun, operation: Any) -> None:
        self._await(operation, cancellable=not self._undoing)
        self._task.check()
        follow(self, operation)

    patch.setattr(StepsRun, "_follow", follow_until_a_cancel)


def tell_no_progress(patch: Patch) -> None:
    """Keep the progress of a step secret."""
    patch.setattr(StepsTask, "go_on", lambda *_: None)


def abandon_a_step(patch: Patch) -> None:
    """Leave a server's task alone that can't be watched any more."""
    patch.setattr(StepsRun, "_abandon", lambda *_: None)


def leave_a_running_step_unnamed(patch: Patch) -> None:
    """Keep quiet about a server's task that goes on."""
    abandon = StepsRun._abandon

    def abandon_unnamed(self: StepsRun, operation: Any, error: HvlibError) -> None:
        abandon(self, operation, error)
        error.left = []

    patch.setattr(StepsRun, "_abandon", abandon_unnamed)


def close_during_a_step(patch: Patch) -> None:
    """Wait for no step of the server once the provider is closed."""
    patch.setattr(StepsRun, "_poll", lambda *_: None)


def let_a_cancelled_step_fail(patch: Patch) -> None:
    """Raise the error of a cancelled step, which a driver may handle."""

    def check_end(_: StepsRun, operation: Any) -> None:
        if operation.error is not None:
            raise operation.error

    patch.setattr(StepsRun, "_check_end", check_end)


def read_once(patch: Patch) -> None:
    """Repeat no read after a lost connection."""
    patch.setattr(StepsRun, "read", lambda self, call: self._manager.send(call, action_repeatable))


def wait_at_the_end_for_ever(patch: Patch) -> None:
    """Wait at the end of a block until all tasks have ended."""
    wait = StepsRunner.wait
    patch.setattr(StepsRunner, "wait", lambda self, _: wait(self, 60))


def undo_for_ever(patch: Patch) -> None:
    """Wait at a close until everything is undone."""
    close = StepsRunner.close

    def close_at_last(self: StepsRunner) -> None:
        wait_for_futures(self._running(), 60)
        close(self)

    patch.setattr(StepsRunner, "close", close_at_last)


BREAKAGES: Mapping[str, CoreBreakage] = {
    "sends again after a lost reply": CoreBreakage(
        send_again_after_a_lost_reply,
        ("test_a_request_whose_reply_was_lost_is_not_repeated_and_the_steps_are_undone",),
    ),
    "sends never again": CoreBreakage(
        send_never_again, ("test_only_the_request_that_the_server_did_not_act_on_is_repeated",)
    ),
    "undoes in order": CoreBreakage(
        cleanups.undo_in_order, ("test_a_request_whose_reply_was_lost_is_not_repeated_and_the_steps_are_undone",)
    ),
    "undoes until a failure": CoreBreakage(
        cleanups.undo_until_the_first_failure, ("test_every_undo_is_tried_and_the_objects_left_are_named",)
    ),
    "names nothing": CoreBreakage(cleanups.name_nothing, ("test_every_undo_is_tried_and_the_objects_left_are_named",)),
    "nothing afterwards": CoreBreakage(
        cleanups.skip_what_comes_afterwards, ("test_the_call_sends_nothing_and_the_code_runs_from_top_to_bottom",)
    ),
    "fails by a cleanup": CoreBreakage(
        cleanups.fail_with_a_failed_afterwards,
        (
            "test_an_object_is_named_whose_removal_has_failed_midway",
            "test_the_objects_left_after_success_are_named",
        ),
    ),
    "cancels nothing": CoreBreakage(cancel_nothing, ("test_a_cancelled_task_is_undone",)),
    "ends at a cancel": CoreBreakage(end_at_a_cancel, ("test_a_cancelled_task_is_undone",)),
    "cancels by a failure": CoreBreakage(cancel_by_a_failure, ("test_a_cancelled_task_is_undone",)),
    "runs all at a time": CoreBreakage(
        run_all_at_a_time, ("test_a_queued_task_is_cancelled_at_once", "test_a_bounded_number_runs_at_a_time")
    ),
    "runs in the call": CoreBreakage(
        run_in_the_call, ("test_the_call_sends_nothing_and_the_code_runs_from_top_to_bottom",)
    ),
    "leaves at once": CoreBreakage(leave_at_once, ("test_the_end_of_the_block_waits",)),
    "goes on after an interrupt": CoreBreakage(go_on_after_an_interrupt, ("test_an_interrupted_block_cancels",)),
    "logs out before the undo": CoreBreakage(
        log_out_before_the_undo,
        ("test_an_interrupted_block_cancels", "test_closing_ends_waits_at_once_and_undoes_before_the_logout"),
    ),
    "leaves waiters waiting": CoreBreakage(
        leave_waiters_waiting, ("test_closing_ends_waits_at_once_and_undoes_before_the_logout",)
    ),
    "goes on in a child": CoreBreakage(go_on_in_a_child, ("test_a_forked_child_begins_anew",)),
    "waits in a child": CoreBreakage(wait_in_a_child, ("test_a_forked_child_begins_anew",)),
    "subscribes for each wait": CoreBreakage(
        subscribe_for_each_wait, ("test_many_waits_take_one_subscription_at_a_time",)
    ),
    "logs in again and again": CoreBreakage(
        log_in_again_and_again, ("test_a_request_fails_after_three_lost_sessions",)
    ),
    "cancels nothing at the server": CoreBreakage(
        cancel_nothing_at_the_server, ("test_a_cancel_goes_to_the_server_and_its_outcome_is_awaited",)
    ),
    "waits for no cancelled step": CoreBreakage(
        wait_for_no_cancelled_step,
        (
            "test_closing_while_an_object_is_awaited",
            "test_a_cancel_goes_to_the_server_and_its_outcome_is_awaited",
        ),
    ),
    "tells no progress": CoreBreakage(tell_no_progress, ("test_the_progress_is_that_of_the_step",)),
    "undoes nothing of a failed step": CoreBreakage(
        cleanups.undo_nothing_of_a_failed_step,
        (
            "test_a_cancel_goes_to_the_server_and_its_outcome_is_awaited",
            "test_an_object_of_a_failed_step_is_removed",
        ),
    ),
    "abandons a step": CoreBreakage(
        abandon_a_step, ("test_a_step_that_can_not_be_watched_any_more_is_cancelled_and_read",)
    ),
    "follows no undo": CoreBreakage(cleanups.follow_no_undo, ("test_an_undo_at_the_server_is_followed_to_its_end",)),
    "repeats an undo as a whole": CoreBreakage(
        cleanups.repeat_an_undo_as_a_whole,
        (
            "test_an_undo_that_took_a_step_is_not_repeated_as_a_whole",
            "test_an_undo_of_several_steps_is_not_repeated_as_a_whole",
        ),
    ),
    "names what is gone": CoreBreakage(
        cleanups.name_what_is_gone,
        (
            "test_an_object_is_named_whose_removal_has_failed_midway_and_then_found_nothing",
            "test_an_object_that_is_gone_is_not_left",
        ),
    ),
    "names what is removed": CoreBreakage(
        cleanups.name_what_a_second_call_removed, ("test_an_object_that_a_second_call_removes_is_not_left",)
    ),
    "forgets another change": CoreBreakage(
        cleanups.forget_another_change, ("test_an_object_stays_named_when_another_of_its_changes_is_undone",)
    ),
    "names what another call removed": CoreBreakage(
        cleanups.name_what_another_call_removed, ("test_an_object_that_another_call_has_removed_is_not_left",)
    ),
    "forgets what can't be read": CoreBreakage(
        cleanups.forget_what_can_not_be_read, ("test_an_object_that_can_not_be_read_may_be_left",)
    ),
    "forgets all that is gone": CoreBreakage(
        cleanups.forget_all_that_is_gone, ("test_an_object_is_named_whose_removal_has_failed_midway",)
    ),
    "takes what is gone for cleaned up": CoreBreakage(
        cleanups.take_what_is_gone_for_cleaned_up,
        ("test_an_object_is_named_whose_removal_has_failed_midway_and_then_found_nothing",),
    ),
    "takes a lost removal for done": CoreBreakage(
        cleanups.take_a_lost_removal_for_done,
        (
            "test_an_undo_that_took_a_step_is_not_repeated_as_a_whole",
            "test_an_object_is_named_when_the_reply_to_its_removal_is_lost",
        ),
    ),
    "takes a lost record for a removal": CoreBreakage(
        cleanups.take_a_lost_record_for_a_removal,
        ("test_an_undo_whose_record_is_gone_may_not_have_removed_its_object",),
    ),
    "leaves a running step unnamed": CoreBreakage(
        leave_a_running_step_unnamed, ("test_a_step_that_still_runs_is_named",)
    ),
    "closes during a step": CoreBreakage(
        close_during_a_step,
        (
            "test_closing_awaits_a_step_and_undoes_it",
            "test_a_step_that_can_not_be_watched_any_more_is_cancelled_and_read",
        ),
    ),
    "lets a cancelled step fail": CoreBreakage(
        let_a_cancelled_step_fail,
        (
            "test_a_driver_can_not_go_on_after_a_cancelled_step",
            "test_an_undo_whose_record_is_gone_may_not_have_removed_its_object",
        ),
    ),
    "drops the driver's left": CoreBreakage(
        cleanups.drop_the_drivers_left,
        ("test_the_left_of_a_broken_undo_is_kept", "test_the_drivers_own_left_is_kept"),
    ),
    "cancels an undo": CoreBreakage(cleanups.cancel_an_undo, ("test_a_second_cancel_does_not_interrupt_the_undo",)),
    "reads once": CoreBreakage(read_once, ("test_a_read_is_repeated_after_a_lost_connection",)),
    "raises the last failure": CoreBreakage(
        cleanups.raise_the_last_failure, ("test_every_undo_is_tried_and_the_objects_left_are_named",)
    ),
    "undoes without a login": CoreBreakage(
        cleanups.undo_without_a_login,
        (
            "test_an_interrupted_block_cancels",
            "test_a_block_that_waited_long_enough_cancels",
            "test_closing_ends_waits_at_once_and_undoes_before_the_logout",
        ),
    ),
    "waits at the end for ever": CoreBreakage(
        wait_at_the_end_for_ever, ("test_a_block_that_waited_long_enough_cancels",)
    ),
    "undoes for ever": CoreBreakage(undo_for_ever, ("test_closing_waits_for_an_undo_for_a_limited_time",)),
    "knows no refs": CoreBreakage(know_no_refs, ("test_the_ref_of_a_task_is_valid_in_this_process",)),
}


def pytest_configure() -> None:
    """Apply the breakage, until the process ends."""
    BREAKAGES[os.environ["HVLIB_BREAKAGE"]].apply(Patch())
