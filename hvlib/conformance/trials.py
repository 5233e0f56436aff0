"""Trials: an action of several requests is carried out again and again, each time disturbed at another request."""

from __future__ import annotations

import time
from collections import Counter
from collections.abc import Callable, Iterator
from contextlib import contextmanager, suppress
from typing import Any, NamedTuple, TypeVar
from weakref import WeakKeyDictionary

import pytest

import hvlib
from hvlib.conformance.acting import PATIENCE, Acting
from hvlib.conformance.disturbing import Disturbance, DisturbedSteps
from hvlib.conformance.fixtures import Wired, driver_session, listable
from hvlib.conformance.site import Site
from hvlib.conformance.stepped_cases import CASES, Case, Example
from hvlib.conformance.world import KINDS_THAT_CHANGE, Changes, Object, World
from hvlib.driver import Steps
from hvlib.model.actions import Action, Delete
from hvlib.model.errors import ConnectionFailed, HvlibError, NotFound
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Image, Resource

__all__ = ["UNDISTURBED", "Trial", "Trials"]

D = TypeVar("D", bound=Disturbance)

LATE_SECONDS = 1.0
"""The seconds within which a server has carried out a request whose reply was lost."""

UNDISTURBED = -1
"""The number of no request."""


class Requests(NamedTuple):
    """The numbers of an action's changing requests: of all, and of those before its cleanup."""

    all: int
    own: int


REQUESTS: WeakKeyDictionary[Site, dict[Case, Requests]] = WeakKeyDictionary()
"""The numbers of each action's changing requests."""


class Trial:
    """An action that is disturbed, and the site before it."""

    def __init__(self, example: Example, before: World, log: Counter[object], task: hvlib.Task[Any]) -> None:
        self.example = example
        self.before = before
        self.log = log
        self.task = task

    @property
    def left(self) -> set[str]:
        """The identifiers of the objects that the task names as left."""
        return {ref.id for ref in self.task.left}


class Trials:
    """Carries out one action of a driver over a wire, and checks each outcome by the site's truth and log."""

    def __init__(self, acting: Acting, wired: Wired, kind: type[Resource], action: type[Action]) -> None:
        self.wired = wired
        self._acting = acting
        self._site = acting.site
        self._kind = kind
        self._case = CASES[kind, action]
        listed = {each.kind for each in listable(self._site, wired.provider)}
        self._kinds = [each for each in KINDS_THAT_CHANGE if each in listed]
        self.deletes = action is Delete
        self._vm: hvlib.VM | None = None
        self._first = self._world()
        self._known: World | None = None
        """The site's objects, if nothing has changed them since."""

    def disturbances(self, disturbance: Callable[[int], D]) -> Iterator[D]:
        """Disturbances of each changing request of the action, in turn."""
        for number in range(self.requests().all):
            each = disturbance(number)
            yield each
            assert each.happened, "each time the action has the same number of changing requests, until it is disturbed"

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
        own = provider is None
        provider = provider or self.wired.provider
        example = self._example()
        before, log = self._known or self._world(), self._log()
        adapter = driver_session(provider).adapters[self._kind]
        take = adapter.take_steps

        def take_disturbed(ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
            made = take(ref, action, DisturbedSteps(steps, disturbance))
            disturbance.own = disturbance.begun
            return made

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(adapter, "take_steps", take_disturbed)
            task = provider.collection(self._kind.kind).do(example.target, example.action)
            yield Trial(example, before, log, task)
            with suppress(HvlibError):
                if own:
                    task.wait(timeout=PATIENCE)

    def check(self, trial: Trial) -> HvlibError | None:
        """The task's error; None if it succeeded. New objects are deleted.

        AssertionError unless the action was carried out, or undone but for what the task names; or if the server has
        carried out a request twice.
        """
        error = trial.task.error
        if isinstance(error, ConnectionFailed):
            self._await_late(trial)
        twice = [request for request, times in (self._log() - trial.log).items() if times > 1]
        assert not twice, f"the server has carried out requests twice: {twice}"
        now = self._world()
        changes = trial.before.changes(now, trial.left)
        assert self._is_right(trial, changes, now), (
            f"{trial.example} ended with {error!r}, and the site has other changes: {changes}"
        )
        self._known = now
        # A deletion that broke off may have changed more of its target than can be seen.
        if self.deletes or isinstance(error, ConnectionFailed) or not trial.before.changes(now).none:
            self._remove_new(now)
        return error

    def clear(self) -> None:
        """Delete all objects that are new since the first trial."""
        self._remove_new(self._world())

    def requests(self) -> Requests:
        """The numbers of the action's changing requests: counted once for each site, while nothing disturbs it."""
        counted = REQUESTS.setdefault(self._site, {})
        if self._case not in counted:
            undisturbed = Disturbance(UNDISTURBED)
            assert self.outcome(undisturbed) is None
            assert undisturbed.begun, "the driver uses the steps that core hands it"
            counted[self._case] = Requests(undisturbed.begun, undisturbed.own)
        return counted[self._case]

    def _is_right(self, trial: Trial, changes: Changes, now: World) -> bool:
        """Whether the site has the changes that follow from the task's error.

        After a lost reply they may be those of one request. A deletion that has begun is completed, even if cancelled.
        """
        error, example = trial.task.error, trial.example
        done = example.is_done(changes, now, trial.left)
        if isinstance(error, ConnectionFailed):
            of_one_request = not (changes.gone or changes.several_of_a_kind) and changes.ids() <= example.ids
            return done or of_one_request
        if error is None:
            return done
        return changes.none or (done and bool(example.gone))

    def _example(self) -> Example:
        """An example on the VM of the trials, which is made anew when the last trial has changed it."""
        state = self._case.power_state
        if state is not None and self._vm is None:
            self._known = None
            self._vm = self._acting.running() if state == "running" else self._acting.halted()
        example: Callable[[Acting, Any], Example] = self._case.example
        return example(self._acting, None if self._vm is None else self._vm.refresh())

    def _world(self) -> World:
        return World(self._site, self._kinds)

    def _log(self) -> Counter[object]:
        return Counter(self._site.log() if self._acting.can_verify("log") else ())

    def _await_late(self, trial: Trial) -> None:
        """Wait until the server has carried out a request whose reply was lost, if it does so in time."""
        deadline = time.monotonic() + LATE_SECONDS
        while time.monotonic() < deadline and not trial.before.changes(self._world()).new:
            pass

    def _remove_new(self, now: World) -> None:
        """Delete all objects that are new since the first trial, VMs first."""
        self._vm = self._known = None
        new = now.objects.keys() - self._first.objects.keys()
        for kind in self._kinds:
            for object in (object for object in new if object.kind == kind.kind):
                self._remove(object)

    def _remove(self, object: Object) -> None:
        """Delete an object, if it still exists."""
        if object.kind == VM.kind:
            return self._site.delete_vm(object.id)
        if object.kind == Image.kind:
            return self._acting.remove_image(object.id)
        collection = self.wired.provider.collection(object.kind)
        with suppress(NotFound):
            self._acting.remove(collection.get(Ref(self.wired.provider.about.uuid, *object)))
        return None
