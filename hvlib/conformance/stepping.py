"""Actions of several requests: after a failure midway nothing is done twice, and the error names all that is left."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from functools import cache

import pytest

import hvlib
from hvlib.conformance.acting import PATIENCE, Acting
from hvlib.conformance.disturbing import Disturbance, Halt, Interference, LastingRefusal, Refusal, RefusedUndo
from hvlib.conformance.fixtures import Administrator, Conformance, Wired, driver_session, serves, skip_unverified
from hvlib.conformance.site import Site
from hvlib.conformance.stepped_cases import CASES
from hvlib.conformance.trials import UNDISTURBED, Trial, Trials
from hvlib.model.actions import Action
from hvlib.model.errors import Closed, ConnectionFailed, PermissionDenied, TaskCancelled
from hvlib.model.resources import Resource

__all__ = ["SteppingConformance"]


class SteppingConformance(Conformance):
    """Tests of each action that the driver carries out in several requests."""

    @pytest.fixture(params=CASES, ids=lambda case: f"{case[0].kind}.{case[1].name}")
    def trials(self, request: pytest.FixtureRequest, site: Site) -> Iterator[Trials]:
        """Carries out the action. Skips the test for a driver that does not, or in one request."""
        kind, action = request.param
        if request.param not in steps_of(site):
            pytest.skip(f"the driver does not carry out {kind.kind}.{action.name} in several requests")
        skip_unverified(site, f"{kind.kind}.{action.name}")
        wired: Wired = request.getfixturevalue("wired")
        trials = Trials(Acting(site, wired.provider, request.getfixturevalue("new_vm")), wired, kind, action)
        yield trials
        wired.wire.cut_after(10**9)
        trials.clear()

    def test_all_steps_have_a_case(self, site: Site) -> None:
        assert steps_of(site) <= CASES.keys()

    def test_steps_whose_replies_are_lost(self, trials: Trials) -> None:
        lose_reply = trials.wired.wire.cut_after
        for cut in trials.disturbances(lambda number: Interference(number, lambda: lose_reply(0))):
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

    def test_steps_whose_undo_is_refused(self, trials: Trials) -> None:
        """The error names the objects that are left."""
        for refusal in trials.disturbances(RefusedUndo):
            assert isinstance(trials.outcome(refusal), PermissionDenied | None)

    def test_steps_that_are_all_refused_from_one_on(self, trials: Trials) -> None:
        """The error names the objects that an undo of several steps could not remove."""
        for refusal in trials.disturbances(LastingRefusal):
            assert isinstance(trials.outcome(refusal), PermissionDenied | None)

    def test_steps_that_are_cancelled(self, trials: Trials) -> None:
        """Nothing is left that the error does not name."""
        for halt in trials.disturbances(Halt):
            with trials.begun(halt) as trial:
                await_request(halt, trial)
                with suppress(hvlib.InvalidState):
                    trial.task.cancel()
                halt.go_on()
            assert isinstance(trials.check(trial), TaskCancelled | None)

    def test_steps_at_the_end_of_a_block(self, site: Site, trials: Trials) -> None:
        with site.connect() as provider, trials.begun(Disturbance(UNDISTURBED), provider) as trial:
            pass
        assert trials.check(trial) is None

    def test_steps_in_a_block_that_an_error_leaves(self, site: Site, trials: Trials) -> None:
        trial = leave(site, trials, LookupError, Halt(0))
        assert trials.check(trial) is None

    def test_steps_at_ctrl_c(self, site: Site, trials: Trials) -> None:
        trial = leave(site, trials, KeyboardInterrupt, Halt(0))
        assert isinstance(trials.check(trial), TaskCancelled | None)

    def test_steps_when_the_provider_is_closed(self, site: Site, trials: Trials) -> None:
        """Also when another thread waits for the task: its wait ends at once."""
        halt, provider = Halt(0), site.connect(trials.wired.wire)
        with ThreadPoolExecutor(2) as others, trials.begun(halt, provider) as trial:
            waiting = others.submit(trial.task.wait, timeout=PATIENCE)
            await_request(halt, trial)
            closing = others.submit(provider.close)
            assert isinstance(waiting.exception(), Closed | None)
            halt.go_on()
            closing.result()
        assert isinstance(trials.check(trial), TaskCancelled | None)


@cache
def steps_of(site: Site) -> frozenset[tuple[type[Resource], type[Action]]]:
    """The actions that a site's driver carries out in several requests, with their kinds."""
    with site.connect() as provider:
        return frozenset(
            (kind, action)
            for kind, adapter in driver_session(provider).adapters.items()
            if serves(provider, kind.kind)
            for action, performer in adapter.performers.items()
            if performer.steps
        )


def leave(site: Site, trials: Trials, error: type[BaseException], halt: Halt) -> Trial:
    """Begin the action in the block of a new provider, and leave the block by an error once a request was sent."""
    with suppress(error), site.connect(trials.wired.wire) as provider, trials.begun(halt, provider) as trial:
        await_request(halt, trial)
        halt.go_on()
        raise error
    return trial


def await_request(halt: Halt, trial: Trial) -> None:
    """Wait until the request is sent, or the action has ended without it."""
    while not (halt.sent.is_set() or trial.task.follower.ended):
        halt.sent.wait(0.005)
