"""Ways to break core's rules of steps. Each docstring says what core would do.

As a pytest plugin it applies the breakage that HVLIB_BREAKAGE names.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Mapping
from concurrent.futures import Future, ThreadPoolExecutor
from typing import Any, NamedTuple

import pytest

from hvlib.errors import ConnectionFailed, HvlibError
from hvlib.runtime import login
from hvlib.runtime.retry import action_repeatable
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


def undo_in_order(patch: Patch) -> None:
    """Undo the first step first."""
    patch.setattr(run, "reversed", list, raising=False)


def undo_until_the_first_failure(patch: Patch) -> None:
    """Give up the cleanup when one of its calls fails."""
    clean = StepsRun._clean

    def clean_or_give_up(self: StepsRun, cleanup: Any) -> HvlibError | None:
        if getattr(self, "given_up", False):
            return None
        error = clean(self, cleanup)
        self.given_up = error is not None  # type: ignore[attr-defined]
        return error

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


BREAKAGES: Mapping[str, CoreBreakage] = {
    "sends again after a lost reply": CoreBreakage(
        send_again_after_a_lost_reply,
        ("test_a_request_whose_reply_was_lost_is_not_repeated_and_the_steps_are_undone",),
    ),
    "sends never again": CoreBreakage(
        send_never_again, ("test_only_the_request_that_the_server_did_not_act_on_is_repeated",)
    ),
    "undoes in order": CoreBreakage(
        undo_in_order, ("test_a_request_whose_reply_was_lost_is_not_repeated_and_the_steps_are_undone",)
    ),
    "undoes until a failure": CoreBreakage(
        undo_until_the_first_failure, ("test_every_undo_is_tried_and_the_objects_left_are_named",)
    ),
    "names nothing": CoreBreakage(name_nothing, ("test_every_undo_is_tried_and_the_objects_left_are_named",)),
    "nothing afterwards": CoreBreakage(
        skip_what_comes_afterwards, ("test_the_call_sends_nothing_and_the_code_runs_from_top_to_bottom",)
    ),
    "fails by a cleanup": CoreBreakage(
        fail_with_a_failed_afterwards, ("test_the_objects_left_after_success_are_named",)
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
    "knows no refs": CoreBreakage(know_no_refs, ("test_the_ref_of_a_task_is_valid_in_this_process",)),
}


def pytest_configure() -> None:
    """Apply the breakage, until the process ends."""
    BREAKAGES[os.environ["HVLIB_BREAKAGE"]].apply(Patch())
