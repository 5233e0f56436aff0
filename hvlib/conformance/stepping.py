"""Actions of several requests: after a failure midway nothing is done twice, and the error names all that is left."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any

import pytest

import hvlib
from hvlib.conformance.acting import PATIENCE, Acting
from hvlib.conformance.disturbing import (
    BrokenConnection,
    Halt,
    Interference,
    LastingRefusal,
    LostReply,
    Refusal,
)
from hvlib.conformance.fixtures import Administrator, Conformance, Wired, driver_session, serves, skip_unverified
from hvlib.conformance.site import Site
from hvlib.conformance.stepped_cases import CASES
from hvlib.conformance.trials import Recorded, Trial, Trials
from hvlib.model.actions import Action
from hvlib.model.errors import Closed, ConnectionFailed, PermissionDenied, TaskCancelled
from hvlib.model.resources import Resource

__all__ = ["SteppingConformance"]


AT_ONCE_SECONDS = 5.0
"""The seconds within which a wait ends when its provider is closed. A test machine may be busy."""

HALT_SECONDS = 0.1
"""The seconds for which an action halts after its block was left."""


class Stepped:
    """The actions that a site's driver carries out in several requests, by kind and action.

    | actions: all of them
    | recorded: those that were carried out undisturbed
    """

    def __init__(self, site: Site) -> None:
        with site.connect() as provider:
            self.actions = frozenset(
                (kind, action)
                for kind, adapter in driver_session(provider).adapters.items()
                if serves(provider, kind.kind)
                for action, performer in adapter.performers.items()
                if performer.steps
            )
        self.recorded: dict[tuple[type[Resource], type[Action]], Recorded] = {}


class SteppingConformance(Conformance):
    """Tests of each action that the driver carries out in several requests."""

    @pytest.fixture(scope="class")
    @classmethod
    def stepped(cls, site: Site) -> Stepped:
        """The driver's actions of several requests."""
        return Stepped(site)

    @pytest.fixture(params=CASES, ids=lambda case: f"{case[0].kind}.{case[1].name}")
    def trials(self, request: pytest.FixtureRequest, site: Site, stepped: Stepped) -> Iterator[Trials]:
        """Carries out the action. Skips the test for a driver that does not, or in one request."""
        kind, action = request.param
        if request.param not in stepped.actions:
            pytest.skip(f"the driver does not carry out {kind.kind}.{action.name} in several requests")
        skip_unverified(site, f"{kind.kind}.{action.name}")
        wired: Wired = request.getfixturevalue("wired")
        acting = Acting(site, wired.provider, request.getfixturevalue("new_vm"))
        trials = Trials(acting, wired, request.param, stepped.recorded)
        yield trials
        wired.wire.cut_after(None)
        trials.clear()

    def test_all_steps_have_a_case(self, site: Site, stepped: Stepped) -> None:
        lacking = [f"{kind.kind}.{action.name}" for kind, action in stepped.actions - CASES.keys()]
        assert [name for name in lacking if name not in site.unverified] == []

    def test_steps_hold_one_changing_request_each(self, site: Site, trials: Trials) -> None:
        """By the server's log: a read sends none, and none is sent outside the steps."""
        skip_unverified(site, "log")
        assert trials.recording().breaches == []

    def test_steps_whose_replies_are_lost(self, trials: Trials) -> None:
        """The steps before the lost reply are undone. The request itself is not sent again.

        An action succeeds if a reply to its cleanup is lost, or if the driver finds out, by reading, that the request
        was carried out.
        """
        for lost in trials.disturbances(LostReply):
            error = trials.outcome(lost)
            assert isinstance(error, ConnectionFailed | None)
            assert error is not None or lost.begun <= trials.recording().requests

    def test_steps_whose_connections_break(self, trials: Trials) -> None:
        for cut in trials.disturbances(lambda number: BrokenConnection(number, trials.wired.wire.cut)):
            assert isinstance(trials.outcome(cut), ConnectionFailed | None)

    def test_steps_whose_replies_are_lost_on_the_wire(self, trials: Trials) -> None:
        """A reply that is no answer to the request itself may be lost instead: then the action may succeed."""
        lose_reply = trials.wired.wire.cut_after
        for cut in trials.disturbances(lambda number: BrokenConnection(number, lambda: lose_reply(0))):
            assert isinstance(trials.outcome(cut), ConnectionFailed | None)

    def test_steps_whose_sessions_are_lost(self, admin: Administrator, trials: Trials) -> None:
        """The server refused the request, so hvlib sends it again and the action continues."""
        for loss in trials.disturbances(lambda number: Interference(number, admin.expire_sessions)):
            assert trials.outcome(loss) is None

    def test_steps_that_are_refused(self, trials: Trials) -> None:
        """The steps before the refused one are undone, and the first refusal is the error. A deletion is not undone.

        A driver may do without the request: then the action succeeds.
        """
        for refusal in trials.disturbances(Refusal):
            error = trials.outcome(refusal)
            assert isinstance(error, PermissionDenied | None)
            assert error is None or error.left == () or trials.deletes

    def test_steps_that_are_all_refused_from_one_on(self, trials: Trials) -> None:
        """The error names the objects that an undo of several steps could not remove."""
        for refusal in trials.disturbances(LastingRefusal):
            assert isinstance(trials.outcome(refusal), PermissionDenied | None)

    def test_steps_whose_undo_is_refused(self, trials: Trials) -> None:
        """The rest is undone all the same, and the error names the objects that are left."""
        for refusal in trials.disturbed_cleanups(Refusal):
            assert isinstance(trials.outcome(refusal), PermissionDenied | None)

    def test_steps_whose_undo_loses_its_reply(self, trials: Trials) -> None:
        """The error names the object that may be left. Nothing is undone twice."""
        for lost in trials.disturbed_cleanups(LostReply):
            assert isinstance(trials.outcome(lost), PermissionDenied | None)

    def test_steps_whose_undo_loses_its_session(self, admin: Administrator, trials: Trials) -> None:
        """The undo goes on in a new session, and nothing is left. A deletion is not undone."""
        for loss in trials.disturbed_cleanups(lambda number: Interference(number, admin.expire_sessions)):
            error = trials.outcome(loss)
            assert isinstance(error, PermissionDenied | None)
            assert error is None or error.left == () or trials.deletes

    def test_steps_that_are_cancelled(self, trials: Trials) -> None:
        """Everything is undone, or a deletion completed. Only the last request may be carried out all the same."""
        for halt in trials.disturbances(Halt):
            with trials.begun(halt) as trial:
                await_request(halt, trial)
                with suppress(hvlib.InvalidState):
                    trial.task.cancel()
                halt.go_on()
            check_cancelled(trials, trial)

    def test_steps_at_the_end_of_a_block(self, site: Site, trials: Trials) -> None:
        trial = leave(site, trials, None, Halt(0))
        assert trials.check(trial) is None

    def test_steps_in_a_block_that_an_error_leaves(self, site: Site, trials: Trials) -> None:
        trial = leave(site, trials, LookupError, Halt(0))
        assert trials.check(trial) is None

    def test_steps_at_ctrl_c(self, site: Site, trials: Trials) -> None:
        for halt in trials.disturbances(Halt):
            check_cancelled(trials, leave(site, trials, KeyboardInterrupt, halt))

    def test_steps_when_the_provider_is_closed(self, site: Site, trials: Trials) -> None:
        """Also when another thread waits for the task: its wait ends at once."""
        for halt in trials.disturbances(Halt):
            provider = site.connect(trials.wired.wire)
            with ThreadPoolExecutor(2) as others, trials.begun(halt, provider) as trial:
                waiting = others.submit(trial.task.wait, timeout=PATIENCE)
                await_request(halt, trial)
                closing = others.submit(provider.close)
                assert isinstance(waiting.exception(AT_ONCE_SECONDS), Closed)
                halt.go_on()
                closing.result()
            check_cancelled(trials, trial)


def leave(site: Site, trials: Trials, error: type[BaseException] | None, halt: Halt) -> Trial:
    """Begin the action in the block of a new provider, and leave the block, by an error if one is given, while the
    action halts. It goes on a little later; after Ctrl-C, once it is cancelled.
    """
    with suppress(error or LookupError), site.connect(trials.wired.wire) as provider:
        with trials.begun(halt, provider) as trial:
            await_request(halt, trial)
            seconds = PATIENCE if error is KeyboardInterrupt else HALT_SECONDS
            threading.Thread(target=go_on_later, args=(halt, trial, seconds), daemon=True).start()
        if error is not None:
            raise error
    return trial


def check_cancelled(trials: Trials, trial: Trial) -> None:
    """Check a trial that was cancelled at a request. Nothing is left: the server has refused nothing."""
    error, halt = trials.check(trial), trial.disturbance
    was_last = halt.own is not None and halt.number + 1 >= halt.own
    assert isinstance(error, TaskCancelled) or (error is None and was_last)
    assert error is None or error.left == ()


def go_on_later(halt: Halt, trial: Trial, seconds: float) -> None:
    """Let an action go on once it is cancelled, or after so many ``seconds``."""
    follower: Any = trial.task.follower
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline and not follower.cancelled:
        time.sleep(0.005)
    halt.go_on()


def await_request(halt: Halt, trial: Trial) -> None:
    """Wait until the request is sent, or the action has ended without it."""
    while not (halt.sent.is_set() or trial.task.follower.ended):
        halt.sent.wait(0.005)
