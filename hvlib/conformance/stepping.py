"""Actions of several requests: after a failure midway nothing is done twice, and the error names all that is left."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from itertools import count
from typing import Any

import pytest

import hvlib
from hvlib.conformance.acting import PATIENCE
from hvlib.conformance.fixtures import Administrator, Conformance, Wired, driver_session, serves
from hvlib.conformance.refusing import LastingRefusal, Refusal, RefusedRequest, RefusedUndo
from hvlib.conformance.site import Site
from hvlib.driver import Steps
from hvlib.model.actions import Action, CreateVM
from hvlib.model.errors import Closed, ConnectionFailed, HvlibError, PermissionDenied
from hvlib.model.ref import Ref
from hvlib.model.resources import VM, Flavor

__all__ = ["SteppingConformance"]

NAME = "conformance in steps"

LATE_SECONDS = 1.0
"""The seconds within which a server has carried out a request whose reply was lost."""

MAX_REQUESTS = 8
"""The number of an action's requests that are made to fail, one after the other."""


class Creating:
    """Creates VMs over a wire, and checks the outcome by the site's truth."""

    def __init__(self, site: Site, wired: Wired) -> None:
        self.wired = wired
        self._site = site
        self._numbers = count()
        self._name = NAME
        self._needed: dict[str, Any] = {"image": wired.provider.image.images.get_all().first()}
        if serves(wired.provider, Flavor.kind):
            self._needed["flavor"] = wired.provider.compute.flavors.get_all().first()

    def begin(self, provider: hvlib.Provider | None = None) -> hvlib.Task[VM]:
        """Begin to create a VM, with a new name."""
        self._name = f"{NAME} {next(self._numbers)}"
        vms = self.wired.vms if provider is None else provider.compute.vms
        return vms.create(self._name, start=True, **self._needed)

    def refused(self, steps_type: Callable[[Steps, Refusal], Steps], refusal: Refusal) -> HvlibError | None:
        """Create a VM with ``steps_type``, which refuses a request, and check the task. Returns its error."""
        adapter = driver_session(self.wired.provider).adapters[VM]
        take = adapter.take_steps

        def take_refused(ref: Ref | None, action: Action, steps: Steps) -> Ref | None:
            return take(ref, action, steps_type(steps, refusal))

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(adapter, "take_steps", take_refused)
            task = self.begin()
            failure_of(task)
        error = self.check(task)
        assert error is None or isinstance(error, PermissionDenied)
        return error

    def begin_and_leave(self, error: type[BaseException], turns: int) -> hvlib.Task[VM]:
        """Call `begin` in the block of a new provider, and leave the block by an error after ``turns`` requests."""
        with suppress(error), self._site.connect(self.wired.wire) as provider:
            task = self.begin(provider)
            self.until(turns, task)
            raise error
        return task

    def until(self, turns: int, task: hvlib.Task[VM]) -> None:
        """Wait until so many more requests are sent, or the task is over."""
        before = self.wired.wire.turns
        while self.wired.wire.turns - before < turns and not task.follower.ended:
            pass

    @property
    def made(self) -> set[str]:
        """The ids of the VMs that have the latest name."""
        return {id for id, fields in self._site.truth(VM).items() if fields["name_label"] == self._name}

    def check(self, task: hvlib.Task[VM]) -> HvlibError | None:
        """The task's error; None if it succeeded. The VMs are deleted.

        AssertionError unless the task made one VM and succeeded, or failed with an error that names the VMs left.
        """
        error = failure_of(task)
        if isinstance(error, ConnectionFailed):
            self._await_late()
            assert len(self.made) <= 1
        elif error is not None:
            unnamed = self.made - {ref.id for ref in error.left}
            assert not unnamed, f"a creation that failed left {unnamed}, which its error does not name: {error}"
        else:
            assert self.made == {task.wait().ref.id}
            assert {self._site.truth(VM)[id].get("power_state", "running") for id in self.made} == {"running"}
        self.clear()
        return error

    def _await_late(self) -> None:
        """Wait for a VM that the server may still be making, after a request whose reply was lost."""
        deadline = time.monotonic() + LATE_SECONDS
        while not self.made and time.monotonic() < deadline:
            pass

    def clear(self) -> None:
        """Delete the VMs that have the latest name."""
        for id in self.made:
            self._site.delete_vm(id)


def refusals(refusal_type: type[Refusal]) -> Iterator[Refusal]:
    """Refusals of the first request, the second and so on, until one does not happen: there are no more requests."""
    for number in range(MAX_REQUESTS):
        refusal = refusal_type(number)
        yield refusal
        assert refusal.happened or number, "the driver uses the steps that core hands it"
        if not refusal.happened:
            return


def failure_of(task: hvlib.Task[Any]) -> HvlibError | None:
    """The error of a task, at its end; None if it succeeds."""
    with suppress(HvlibError):
        task.wait(timeout=PATIENCE)
    return task.error


class SteppingConformance(Conformance):
    """Tests of the creation of a VM, where the driver carries it out in several requests."""

    @pytest.fixture
    def creating(self, site: Site, wired: Wired) -> Iterator[Creating]:
        """Creates VMs. Skips the test for a driver that creates a VM in one request."""
        performer = driver_session(wired.provider).adapters[VM].performers.get(CreateVM)
        if performer is None or not performer.steps:
            pytest.skip("not verified: the driver does not create VMs in several requests")
        creating = Creating(site, wired)
        yield creating
        wired.wire.cut_after(10**9)
        creating.clear()

    def test_a_reply_lost_at_each_request(self, creating: Creating) -> None:
        for number in range(MAX_REQUESTS):
            creating.wired.wire.cut_after(number)
            creating.check(creating.begin())

    def test_a_session_lost_at_each_request(self, admin: Administrator, creating: Creating) -> None:
        """The server refused the request, so hvlib sends it again and the creation continues."""
        for number in range(MAX_REQUESTS):
            task = creating.begin()
            creating.until(number, task)
            admin.expire_sessions()
            assert creating.check(task) is None

    def test_a_request_refused_at_each_step(self, creating: Creating) -> None:
        """The steps before the refused one are undone, and the first refusal is the error.

        A driver may do without the request: then the VM is there, and runs.
        """
        for refusal in refusals(Refusal):
            error = creating.refused(RefusedRequest, refusal)
            assert error is None or error.left == (), "the steps before it are undone"

    def test_an_undo_that_is_refused(self, creating: Creating) -> None:
        """The error names the objects that are left."""
        for refusal in refusals(Refusal):
            creating.refused(RefusedUndo, refusal)

    def test_all_requests_refused_from_one_on(self, creating: Creating) -> None:
        """The error names the objects that an undo of several steps could not remove."""
        for refusal in refusals(LastingRefusal):
            creating.refused(RefusedRequest, refusal)

    def test_a_creation_cancelled_at_each_request_leaves_nothing_unnamed(self, creating: Creating) -> None:
        for number in range(MAX_REQUESTS):
            task = creating.begin()
            creating.until(number, task)
            with suppress(hvlib.InvalidState):
                task.cancel()
            error = creating.check(task)
            assert error is None or isinstance(error, hvlib.TaskCancelled)

    def test_the_end_of_a_block_waits_for_a_creation(self, site: Site, creating: Creating) -> None:
        with site.connect() as provider:
            creating.begin(provider)
        assert len(creating.made) == 1

    def test_a_block_that_an_error_leaves_waits_for_a_creation(self, creating: Creating) -> None:
        assert creating.begin_and_leave(LookupError, 0).state == "succeeded"
        assert len(creating.made) == 1

    def test_ctrl_c_undoes_a_creation(self, creating: Creating) -> None:
        for number in range(MAX_REQUESTS):
            task = creating.begin_and_leave(KeyboardInterrupt, number)
            assert len(creating.made) == (task.state == "succeeded")
            creating.clear()
            if task.state == "succeeded":
                break

    def test_closing_undoes_a_creation(self, creating: Creating) -> None:
        """Also when another thread waits for the task: its wait ends."""
        with ThreadPoolExecutor(1) as other:
            task = creating.begin()
            waiting = other.submit(task.wait, timeout=PATIENCE)
            creating.until(2, task)
            creating.wired.provider.close()
            assert isinstance(waiting.exception(), Closed | None)
        assert len(creating.made) == (task.state == "succeeded")
