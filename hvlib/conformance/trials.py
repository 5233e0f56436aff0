"""Trials: an action of several requests is carried out again and again, each time disturbed at another request."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Hashable, Iterator, Sequence
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, TypeVar

import pytest

import hvlib
from hvlib.conformance.acting import PATIENCE, Acting
from hvlib.conformance.disturbing import Disturbance, DisturbedCleanup, DisturbedSteps
from hvlib.conformance.fixtures import Wired, driver_session, listable
from hvlib.conformance.recording import RecordedSteps, Recording
from hvlib.conformance.removing import Remover
from hvlib.conformance.stepped_cases import CASES, Example
from hvlib.conformance.world import KINDS_THAT_CHANGE, Changes, Object, Signature, World
from hvlib.driver import Steps
from hvlib.model import actions
from hvlib.model.actions import Action
from hvlib.model.errors import ConnectionFailed, HvlibError, InvalidState, NotFound
from hvlib.model.ref import Ref
from hvlib.model.resources import PowerState, Resource
from hvlib.runtime.steps.runner import NOT_UNDONE

__all__ = ["Recorded", "Trial", "Trials"]

D = TypeVar("D", bound=Disturbance)

LATE_SECONDS = 1.0
"""The seconds within which a server has carried out a request whose reply was lost."""

LOOK_SECONDS = 0.02
"""The seconds between two looks at what the server carries out."""

UNDISTURBED = -1
"""The number of no request."""


class Recorded(NamedTuple):
    """An action that was carried out while nothing disturbed it, and the power state that its VM then had."""

    recording: Recording
    power_state: PowerState | None


class Trial(NamedTuple):
    """An action that is disturbed, and the site's objects and its log before it."""

    example: Example
    disturbance: Disturbance
    before: World
    log: Counter[Hashable]
    task: hvlib.Task[Any]

    @property
    def left(self) -> set[Object]:
        """The objects that the task names as left."""
        return {Object.of(ref) for ref in self.task.left}

    @property
    def cleanup_failed(self) -> bool:
        """Whether a call of the cleanup failed that may: it was disturbed, or met a request whose reply was lost."""
        notes = getattr(self.task.error, "__notes__", ())
        failed = any(note.startswith(NOT_UNDONE) for note in notes) or (self.task.error is None and bool(self.left))
        return failed and (self.disturbance.disturbs_cleanup or self.disturbance.loses_replies)


class Trials:
    """Carries out one action of a driver over a wire, and checks each outcome by the site's truth and log.

    ``recorded``: the actions that were carried out undisturbed at this site, by kind and action.
    """

    def __init__(
        self,
        acting: Acting,
        wired: Wired,
        action: tuple[type[Resource], type[Action]],
        recorded: dict[tuple[type[Resource], type[Action]], Recorded],
    ) -> None:
        self.wired = wired
        self._acting = acting
        self._site = acting.site
        self._action = action
        self._kind = action[0]
        self._remover = Remover(acting)
        self._case = CASES[action]
        self._recorded = recorded
        listed = {each.kind for each in listable(self._site, wired.provider)}
        self._kinds = [each for each in KINDS_THAT_CHANGE if each in listed]
        self.deletes = action[1] is actions.Delete
        self._vm: hvlib.VM | None = None
        self._first = self._world()
        self._known: World | None = None
        """The site's objects, if nothing has changed them since."""

    def disturbances(self, disturbance: Callable[[int], D]) -> Iterator[D]:
        """Disturbances of each changing request of the action, in turn."""
        for number in range(self.recording().requests):
            each = disturbance(number)
            yield each
            assert each.happened, "the action has the same requests each time, until it is disturbed"

    def disturbed_cleanups(self, second: Callable[[int], Disturbance]) -> Iterator[DisturbedCleanup]:
        """Refusals of each changing request of the action, and of none; each request of the cleanup is disturbed."""
        for number in range(self.recording().requests + 1):
            refused = DisturbedCleanup(number, second(UNDISTURBED))
            yield refused
            for later in sorted(set(range(refused.second.begun)) - refused.not_requests):
                each = DisturbedCleanup(number, second(later))
                yield each
                assert each.second.happened, "the cleanup has the same requests each time, until it is disturbed"

    def outcome(self, disturbance: Disturbance) -> HvlibError | None:
        """Carry out the action with a disturbance, and `check` it. The task's error."""
        with self.begun(disturbance) as trial:
            pass
        return self.check(trial)

    @contextmanager
    def begun(self, disturbance: Disturbance, provider: hvlib.Provider | None = None) -> Iterator[Trial]:
        """Begin the action. At the end of the block, wait for its end if the provider is the trials' own.

        The end of another provider's own block has to wait.
        """
        self.recording()
        example = self._example()
        before, log = self._known or self._world(), self._log()

        def disturb(steps: Steps) -> Steps:
            return DisturbedSteps(steps, disturbance)

        with self._carried_out(example, disturb, disturbance, provider) as task:
            yield Trial(example, disturbance, before, log, task)
            with suppress(HvlibError):
                if provider is None:
                    task.wait(timeout=PATIENCE)

    def check(self, trial: Trial) -> HvlibError | None:
        """The task's error; None if it succeeded. New objects are deleted.

        AssertionError unless the action was carried out, or undone but for what the task names; or if the server has
        carried out a request twice, or more requests than there were steps.
        """
        error = trial.task.error
        assert error is None or error.left == trial.task.left
        if isinstance(error, ConnectionFailed):
            self._await_late(trial)
        self._check_log(trial)
        now = self._world()
        self._check_left(trial, now)
        changes = trial.before.changes(now, self._excused(trial, now))
        assert self._is_right(trial, changes, now), (
            f"{trial.example} ended with {error!r}, and the site has other changes: {changes}"
        )
        self._known = now
        # A deletion that broke off may have changed more of its target than can be seen.
        if self.deletes or trial.disturbance.loses_replies or trial.left or not trial.before.changes(now).none:
            self._remove_new(now)
        return error

    def clear(self) -> None:
        """Delete all objects that are new since the first trial."""
        self._remove_new(self._world())

    def recording(self) -> Recording:
        """The action's requests and their effects, recorded once for each site, while nothing disturbs the action."""
        if self._action not in self._recorded:
            self._recorded[self._action] = self._record()
        return self._recorded[self._action].recording

    def _record(self) -> Recorded:
        """Carry out the action undisturbed, on a VM in the first power state that the server allows."""
        states: Sequence[PowerState | None] = self._case.power_states or [None]
        for state in states:
            example = self._example(state)
            recording, before = Recording(self._world, self._log), self._world()
            undisturbed = Disturbance(UNDISTURBED)

            def record(steps: Steps, recording: Recording = recording) -> Steps:
                return RecordedSteps(steps, recording)

            with self._carried_out(example, record, undisturbed, None) as task, suppress(InvalidState):
                task.wait(timeout=PATIENCE)
            recording.end()
            now = self._world()
            done = example.is_done(before.changes(now), now)
            self._remove_new(now)
            if task.error is None:
                break
        assert task.error is None, f"{example}: {task.error!r}"
        assert done, f"{example}: {before.changes(now)}"
        assert recording.requests, "the driver uses the steps that core hands it"
        return Recorded(recording, state)

    @contextmanager
    def _carried_out(
        self,
        example: Example,
        disturb: Callable[[Steps], Steps],
        disturbance: Disturbance,
        provider: hvlib.Provider | None,
    ) -> Iterator[hvlib.Task[Any]]:
        """A block during which an example is carried out by disturbed steps."""
        provider = provider or self.wired.provider
        adapter = driver_session(provider).adapters[self._kind]
        take = adapter.take_steps

        def take_disturbed(ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
            try:
                return take(ref, action, disturb(steps))
            finally:
                disturbance.own = disturbance.begun

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(adapter, "take_steps", take_disturbed)
            yield provider.collection(self._kind.kind).do(example.target, example.action)

    def _check_log(self, trial: Trial) -> None:
        requests = self._log() - trial.log
        twice = [request for request, times in requests.items() if times > 1]
        assert not twice, f"the server has carried out requests twice: {twice}"
        steps = trial.disturbance.begun + trial.disturbance.cleanups
        assert requests.total() <= steps, f"the server has carried out more requests than the {steps} steps: {requests}"

    def _check_left(self, trial: Trial, now: World) -> None:
        """AssertionError unless the objects that the task names as left are its own, and exist.

        A deletion whose target is gone must name all others that are not.
        """
        error, example, left = trial.task.error, trial.example, trial.left
        others = (left & trial.before.objects.keys()) - example.objects
        assert not others, f"{error!r} names objects that the action has nothing to do with: {others}"
        gone = [ref for ref in trial.task.left if not self._exists(ref, now)]
        may_be_gone = trial.disturbance.loses_replies or trial.cleanup_failed
        assert may_be_gone or not gone, f"{error!r} names objects that are gone: {gone}"
        if error is not None and self.deletes and example.target and Object.of(example.target) not in now.objects:
            untold = {Object.of(ref) for ref in example.gone if Object.of(ref) in now.objects} - left
            assert not untold, f"{error!r} does not name what it has not deleted: {untold}"

    def _excused(self, trial: Trial, now: World) -> set[Object]:
        """The objects that need not be as before: those that the task names, where not everything can be undone.

        That is so if the cleanup failed, and once a deletion has deleted its target.
        """
        target = trial.example.target
        deleted = self.deletes and target is not None and not self._exists(target, now)
        return trial.left if trial.cleanup_failed or deleted else set()

    def _exists(self, ref: Ref, now: World) -> bool:
        return Object.of(ref) in now.objects or self._can_be_read(ref)

    def _is_right(self, trial: Trial, changes: Changes, now: World) -> bool:
        """Whether the site has the changes that follow from the task's error.

        After a lost reply they may be those of that request. A deletion that has begun is completed, even if cancelled.
        """
        done = trial.example.is_done(changes, now, trial.left)
        if trial.task.error is None or (done and self.deletes):
            return done
        if isinstance(trial.task.error, ConnectionFailed):
            return changes.signature() <= self._effect(trial) and changes.old() <= trial.example.objects
        return changes.none

    def _effect(self, trial: Trial) -> Signature:
        """The changes by the one request that is disturbed."""
        number = trial.disturbance.number
        return self.recording().effect(number) if number < self.recording().requests else Signature()

    def _example(self, state: PowerState | None = None) -> Example:
        """An example on the VM of the trials, which is made anew when the last trial has changed it."""
        if self._action in self._recorded:
            state = self._recorded[self._action].power_state
        if state is not None and self._vm is None:
            self._known = None
            self._vm = self._acting.running() if state == "running" else self._acting.halted()
        example: Callable[[Acting, Any], Example] = self._case.example
        return example(self._acting, None if self._vm is None else self._vm.refresh())

    def _world(self) -> World:
        return World(self._site, self._kinds)

    def _can_be_read(self, ref: Ref) -> bool:
        """Whether an object exists that a listing leaves out."""
        try:
            return bool(self.wired.provider.collection(ref.kind).get(ref))
        except NotFound:
            return False

    def _log(self) -> Counter[Hashable]:
        return Counter(self._site.log() if self._acting.can_verify("log") else ())

    def _await_late(self, trial: Trial) -> None:
        """Wait until the server has carried out the request whose reply was lost on the wire, if it does so in time."""
        deadline, effect = time.monotonic() + LATE_SECONDS, self._effect(trial)
        while time.monotonic() < deadline and not effect <= trial.before.changes(self._world()).signature():
            time.sleep(LOOK_SECONDS)

    def _remove_new(self, now: World) -> None:
        """Delete all objects that are new since the first trial, VMs first."""
        self._vm = self._known = None
        new = now.objects.keys() - self._first.objects.keys()
        for kind in self._kinds:
            for object in (object for object in new if object.kind == kind.kind):
                self._remover.remove(object)
