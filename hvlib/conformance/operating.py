"""Actions and tasks: declared actions are carried out, others are not sent, and no action is carried out twice."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from typing import Any, cast

import msgspec
import pytest

import hvlib
from hvlib.conformance.acting import PATIENCE, Acting
from hvlib.conformance.action_checks import CHECKS
from hvlib.conformance.fixtures import (
    Administrator,
    Conformance,
    NewVM,
    Wired,
    collections,
    counted,
    driver_session,
    listable,
    skip_unverified,
)
from hvlib.conformance.following import power_of
from hvlib.conformance.site import Site
from hvlib.model.actions import Action, Create, Rename, SetTags, Start
from hvlib.model.ref import KINDS_OF_REFS, Ref
from hvlib.model.resources import VM, Resource

__all__ = ["OperatingConformance"]


class OperatingConformance(Conformance):
    """Tests of actions on resources and collections, and of the tasks that they return."""

    @pytest.fixture
    def acting(self, site: Site, provider: hvlib.Provider, new_vm: NewVM) -> Acting:
        """The helpers of the checks of actions."""
        return Acting(site, provider, new_vm)

    @pytest.mark.parametrize("checked", CHECKS, ids=lambda pair: f"{pair[0].kind}.{pair[1].name}")
    def test_what_is_declared_is_done(
        self, site: Site, acting: Acting, checked: tuple[type[Resource], type[Action]]
    ) -> None:
        if acting.provider.about and acting.declares(*checked):
            skip_unverified(site, f"{checked[0].kind}.{checked[1].name}")
            CHECKS[checked](acting)

    def test_names_and_tags_of_every_kind(self, site: Site, provider: hvlib.Provider) -> None:
        for collection in listable(site, provider):
            record = collection.get_all().first()
            if record is None:
                continue
            if Rename in collection.actions:
                assert record.do(Rename("other name")).wait(timeout=PATIENCE).name_label == "other name"
                assert site.truth(collection.kind)[record.ref.id]["name_label"] == "other name"
                record.do(Rename(record.name_label)).wait(timeout=PATIENCE)
            if SetTags in collection.actions:
                assert record.do(SetTags(("x",))).wait(timeout=PATIENCE).tags == ("x",)
                assert site.truth(collection.kind)[record.ref.id]["tags"] == ("x",)
                record.do(SetTags(record.tags)).wait(timeout=PATIENCE)

    def test_every_declared_action_has_a_check(self, site: Site, provider: hvlib.Provider) -> None:
        for collection in collections(provider):
            checked = {action for kind, action in CHECKS if kind is collection.kind} | {Rename, SetTags}
            unchecked = [f"{collection.kind.kind}.{action.name}" for action in collection.actions - checked]
            assert [name for name in unchecked if name not in site.unverified] == []

    def test_undeclared_actions_are_not_sent(self, wired: Wired) -> None:
        for collection in collections(wired.provider):
            ref = Ref(wired.provider.about.uuid, collection.kind.kind, "any")
            with counted(wired.wire) as turns:
                for action in all_actions():
                    if action not in collection.actions:
                        with pytest.raises(hvlib.Unsupported):
                            collection.do(None if issubclass(action, Create) else ref, example(action, ref))
                assert turns() == 0

    def test_what_is_not_declared_is_not_done(self, wired: Wired) -> None:
        """The adapter itself refuses undeclared actions too: core would not even pass them on."""
        for kind, adapter in driver_session(wired.provider).adapters.items():
            ref = Ref(wired.provider.about.uuid, kind.kind, "any")
            with counted(wired.wire) as turns:
                for action in all_actions():
                    if action not in adapter.actions:
                        with pytest.raises(hvlib.Unsupported):
                            adapter.submit(None if issubclass(action, Create) else ref, example(action, ref))
                assert turns() == 0

    def test_a_plan_is_not_sent(self, wired: Wired, new_vm: NewVM) -> None:
        vm = wired.vms.get(Ref(wired.provider.about.uuid, "VM", new_vm("planned")))
        with counted(wired.wire) as turns:
            for action in sorted(wired.vms.actions, key=lambda action: action.name):
                if not issubclass(action, Create):
                    assert vm.do(example(action, vm.ref), dry_run=True).state == "planned"
            assert turns() == 0

    def test_an_action_on_a_deleted_vm(self, site: Site, acting: Acting) -> None:
        vm = acting.halted()
        site.delete_vm(vm.ref.id)
        for action in (action for action in acting.provider.compute.vms.actions if not issubclass(action, Create)):
            if all(field.required is False for field in msgspec.structs.fields(action)):
                with pytest.raises(hvlib.NotFound):
                    vm.do(action()).wait(timeout=PATIENCE)

    @pytest.mark.usefixtures("powering")
    def test_a_timeout_is_not_a_failure(self, acting: Acting) -> None:
        """The task continues, and can be waited for again."""
        vm = acting.halted()
        task = vm.start()
        try:
            task.wait(timeout=0)
        except hvlib.TaskTimeout:
            assert task.wait(timeout=PATIENCE).power_state == "running"
        assert acting.fields(vm)["power_state"] == "running"

    @pytest.mark.usefixtures("powering")
    def test_many_tasks(self, acting: Acting) -> None:
        """`wait_all` returns results in order. It raises failures in a group, and the other tasks are carried out."""
        vms = [acting.halted() for _ in range(4)]
        started = hvlib.wait_all([vm.start() for vm in vms], timeout=PATIENCE)
        assert [vm.ref for vm in started] == [vm.ref for vm in vms]
        assert {vm.power_state for vm in started} == {"running"}
        tasks = [vms[0].stop()]
        with suppress(hvlib.InvalidState):
            tasks.append(vms[1].start())
            with pytest.raises(ExceptionGroup) as caught:
                hvlib.wait_all(tasks, timeout=PATIENCE)
            assert [type(error) for error in caught.value.exceptions] == [hvlib.InvalidState]
        tasks[0].wait(timeout=PATIENCE)
        assert acting.fields(vms[0])["power_state"] == "halted"

    @pytest.mark.usefixtures("powering")
    def test_an_action_goes_on_after_a_lost_session(self, admin: Administrator, acting: Acting) -> None:
        """The server refused the lost session, so it did not act: hvlib sends the action again."""
        vm = acting.halted()
        admin.expire_sessions()
        acting.check_result(vm, vm.start(), power_state="running")

    @pytest.mark.usefixtures("powering")
    def test_an_action_whose_reply_is_lost_is_not_sent_again(self, site: Site, wired: Wired, new_vm: NewVM) -> None:
        vm = wired.vms.get(Ref(wired.provider.about.uuid, "VM", new_vm("once")))
        # Core first reads the fields that a driver names in `only=`.
        reads = int(bool(driver_session(wired.provider).adapters[VM].performers[Start].only))
        wired.wire.cut_after(reads)
        with counted(wired.wire) as turns:
            with pytest.raises(hvlib.ConnectionFailed):
                vm.start()
            assert turns() == reads + 1
        vm.wait_for(power_state="running", timeout=PATIENCE)
        assert power_of(site, vm.ref.id) == "running"

    @pytest.mark.usefixtures("powering")
    def test_waiting_outlives_the_connection_and_the_session(
        self, admin: Administrator, wired: Wired, new_vm: NewVM
    ) -> None:
        vm = wired.vms.get(Ref(wired.provider.about.uuid, "VM", new_vm("followed")))
        task = vm.start()
        wired.wire.cut()
        assert task.wait(timeout=PATIENCE).power_state == "running"
        task = vm.stop()
        admin.expire_sessions()
        assert task.wait(timeout=PATIENCE).power_state == "halted"


def all_actions(base: type[Action] = Action) -> Iterator[type[Action]]:
    """Every action that hvlib defines."""
    for action in base.__subclasses__():
        if action is not Create:
            yield action
        yield from all_actions(action)


def example(action: type[Action], ref: Ref) -> Action:
    """An action whose required options have values of the right types and kinds."""
    required = [field for field in msgspec.structs.fields(action) if field.required]
    construct = cast(Any, action)
    return cast(Action, construct(**{field.name: sample(field, ref) for field in required}))


def sample(field: msgspec.structs.FieldInfo, ref: Ref) -> object:
    """A value for an action's field. A ref is of the field's kind, and of the provider of ``ref``."""
    if field.type is Ref:
        return Ref(ref.provider_uuid, KINDS_OF_REFS.get(field.name, (ref.kind,))[0], ref.id, ref.bound)
    return {str: "x", int: 1}.get(field.type, ())
