"""A caller's mistake raises InvalidQuery (in connect: ConfigError), which names the argument. Nothing is sent."""

from __future__ import annotations

import uuid
from collections.abc import Callable, Iterator
from datetime import datetime
from typing import Any

import pytest
from scripted.driver import scripted

import hvlib
from hvlib.actions import Delete, Migrate, SetTags, Start

NAN = float("nan")
OTHER = "ffffffff-0000-4000-8000-000000000000"


def foreign(vm: Any) -> Any:
    return type(vm).from_dict({**vm.to_dict(), "ref": f"{OTHER}/VM/{vm.ref.id}"})


def image(vms: Any) -> hvlib.Ref:
    return hvlib.Ref(OTHER, "Image", "image-1")


MISTAKES: dict[str, Callable[[Any, Any], object]] = {
    "a name that is not text": lambda vms, vm: vms.get_by_name_label(5),
    "None for a name": lambda vms, vm: vms.get_by_name_label(None),
    "a name that can't be sent": lambda vms, vm: vms.get_by_name_label("\ud800"),
    "a uuid that is not text": lambda vms, vm: vms.get_by_uuid(5),
    "a name to find that is not text": lambda vms, vm: vms.find(b"web-1"),
    "text for a ref": lambda vms, vm: vms.get("x"),
    "a number for a ref": lambda vms, vm: vms.get(5),
    "texts for refs": lambda vms, vm: vms.get_many(["x"]),
    "a text for refs": lambda vms, vm: vms.get_many("x"),
    "None for a ref": lambda vms, vm: vms.get(None),
    "None among refs": lambda vms, vm: vms.get_many([None]),
    "None to wait for": lambda vms, vm: vms.wait_for(None, power_state="halted"),
    "an infinite time-out": lambda vms, vm: vm.wait_for(timeout=float("inf"), power_state="halted"),
    "a time-out that is too large": lambda vms, vm: hvlib.wait_all([], timeout=10**400),
    "an on_progress that is not a function": lambda vms, vm: vm.do(Start(), dry_run=True).wait(on_progress=1),
    "a VM for a task record": lambda vms, vm: vms.provider.tasks.follow(vm),
    "known records under other refs": lambda vms, vm: vms.watch(known={hvlib.Ref("a", "VM", "b"): vm}),
    "a number for refs": lambda vms, vm: vms.get_many(5),
    "texts for refs of any kind": lambda vms, vm: vms.provider.get_many(["x"]),
    "a kind that is not text": lambda vms, vm: vms.provider.collection(5),
    "fields that are not a list": lambda vms, vm: vms.get_all(fields=5),
    "fields that are a text": lambda vms, vm: vms.get_all(fields="uuid"),
    "a field that is not text": lambda vms, vm: vms.get_all(fields=[5]),
    "native that is not a list": lambda vms, vm: vms.get_all(native=5),
    "a native name that is not text": lambda vms, vm: vms.get_all(native=[5]),
    "a page size that is text": lambda vms, vm: vms.get_all(page_size="2"),
    "a page size that is a bool": lambda vms, vm: vms.get_all(page_size=True),
    "a page size below 1": lambda vms, vm: vms.get_all(page_size=0),
    "a token that is not text": lambda vms, vm: vms.get_all(after=5),
    "a handler that can't be called": lambda vms, vm: vms.get_all().each_page(5),
    "a field that does not exist": lambda vms, vm: vms.get_all(colour="red"),
    "a value that a field can't have": lambda vms, vm: vms.get_all(power_state="glowing"),
    "a cursor that is not text": lambda vms, vm: vms.watch(since=5),
    "known records that are not a list": lambda vms, vm: vms.watch(known=5),
    "a number among known records": lambda vms, vm: vms.watch(known=[5]),
    "a watch of a name": lambda vms, vm: vms.provider.watch("vms"),
    "a watch of no collection": lambda vms, vm: vms.provider.watch(),
    "a time-out that is text": lambda vms, vm: vm.wait_for(timeout="5", power_state="halted"),
    "a time-out that is NaN": lambda vms, vm: vm.wait_for(timeout=NAN, power_state="halted"),
    "a time-out below 0": lambda vms, vm: vm.wait_for(timeout=-1, power_state="halted"),
    "a word for an action": lambda vms, vm: vm.do("start"),
    "the class of an action": lambda vms, vm: vm.do(Start),
    "an action on a word": lambda vms, vm: vms.do("vm", Start()),
    "a word for a host": lambda vms, vm: vm.migrate(host="h1"),
    "a word for a host in an action": lambda vms, vm: vm.do(Migrate(host="h1")),
    "a word for a volume": lambda vms, vm: vm.attach_volume("v1"),
    "words for volumes": lambda vms, vm: vm.delete(keep_volumes=["v1"]),
    "a volume for volumes": lambda vms, vm: vm.delete(keep_volumes=vm.ref),
    "a text for tags": lambda vms, vm: vm.set_tags("web"),
    "numbers for tags": lambda vms, vm: vm.set_tags([5]),
    "a name that is a number": lambda vms, vm: vm.rename(5),
    "a new name that can't be sent": lambda vms, vm: vm.rename("\ud800"),
    "a tag that can't be sent": lambda vms, vm: vm.set_tags(["\ud800"]),
    "a value that can't be sent": lambda vms, vm: vms.get_all(name_label="\ud800"),
    "a uuid that can't be sent": lambda vms, vm: vms.get_by_uuid("\ud800"),
    "a word for an image": lambda vms, vm: vms.create("new", image="debian"),
    "a word for networks": lambda vms, vm: vms.create("new", image=vm.ref, networks="lan"),
    "a number among tasks to wait for": lambda vms, vm: hvlib.wait_all([5]),  # type: ignore[list-item]
    "a number for tasks to wait for": lambda vms, vm: hvlib.wait_all(5),  # type: ignore[arg-type]
    "a task's time-out that is NaN": lambda vms, vm: vm.do(Start(), dry_run=True).wait(timeout=NAN),
    "a time-out of wait_all that is text": lambda vms, vm: hvlib.wait_all([], timeout="5"),  # type: ignore[arg-type]
    "a ref to parse that is not text": lambda vms, vm: hvlib.Ref.parse(5),  # type: ignore[arg-type]
    "a VM for a host": lambda vms, vm: vm.migrate(host=vm),
    "a VM for an image": lambda vms, vm: vms.create("new", image=vm),
    "a VM among volumes": lambda vms, vm: vm.delete(keep_volumes=[vm]),
    "a VM for a host in a filter": lambda vms, vm: vms.get_all(host=vm),
    "another provider's host in a filter": lambda vms, vm: vms.get_all(host=hvlib.Ref(OTHER, "Host", vm.host.id)),
    "another provider's host": lambda vms, vm: vm.migrate(host=hvlib.Ref(OTHER, "Host", vm.host.id)),
    "another provider's known record": lambda vms, vm: vms.watch(known=[foreign(vm)]),
    "a moment without a time zone": lambda vms, vm: vms.get_all(created_at=datetime(2026, 1, 1)),
    "a ref that can't be sent": lambda vms, vm: vms.get(hvlib.Ref(vm.ref.provider_uuid, "VM", "\ud800")),
    "the text of a ref that can't be sent": lambda vms, vm: hvlib.Ref.parse(f"{OTHER}/VM/\ud800"),
    "a ref of a number": lambda vms, vm: vms.get_many([hvlib.Ref(vm.ref.provider_uuid, "VM", 5)]),
    "a ref of a list": lambda vms, vm: vms.provider.get_many([hvlib.Ref(vm.ref.provider_uuid, ["VM"], [])]),
    "a host that can't be sent": lambda vms, vm: vm.migrate(host=hvlib.Ref(vm.ref.provider_uuid, "Host", "\ud800")),
    "a host in a filter that can't be sent": lambda vms, vm: vms.get_all(
        host=hvlib.Ref(vm.ref.provider_uuid, "Host", "\ud800")
    ),
    "a list with a VM among volumes": lambda vms, vm: vm.do(Delete(keep_volumes=[vm.ref])),
    "a list of tags that can't be sent": lambda vms, vm: vm.do(SetTags(["\ud800"])),
    "an object among native parameters": lambda vms, vm: vms.create("new", image=image(vms), native={"a": object()}),
    "native text that can't be sent": lambda vms, vm: vms.create("new", image=image(vms), native={"a": ["\ud800"]}),
    "a native name that can't be sent": lambda vms, vm: vms.get_all(native=["\ud800"]),
    "a pattern that can't be sent": lambda vms, vm: vms.get_all(name_label=hvlib.glob("\ud800")),
    "bytes for a number": lambda vms, vm: vms.get_all(vcpus=b"\x01"),
    "many refs with a field that does not exist": lambda vms, vm: vms.provider.get_many([vm], fields=["colour"]),
    "many refs, of which one is another provider's": lambda vms, vm: vms.provider.get_many(
        [vm, hvlib.Ref(OTHER, "Host", "host-1")]
    ),
    "no refs, and fields that are not a list": lambda vms, vm: vms.provider.get_many([], fields=5),
    "a ref without a provider": lambda vms, vm: hvlib.Ref.parse(f"{OTHER}/VM/vm-1").get(),
    "a pattern that is not text": lambda vms, vm: hvlib.glob(5),  # type: ignore[arg-type]
}


NEEDS_LOGIN = {*(name for name in MISTAKES if "another provider" in name), "a handler that can't be called"}
"""Mistakes that can be found only with the server's uuid, and one that needs a pager, whose query logs in."""


@pytest.fixture(scope="module")
def provider() -> Iterator[hvlib.Provider]:
    with hvlib.connect("sim://arguments?vms=12") as provider:
        yield provider


@pytest.mark.parametrize("mistake", MISTAKES)
def test_a_mistake_is_an_invalid_query_and_sends_nothing(provider: hvlib.Provider, mistake: str) -> None:
    vms = provider.compute.vms
    vm = vms.get_all(power_state="halted").all()[0]
    with provider.count_requests() as requests, pytest.raises(hvlib.InvalidQuery) as caught:
        MISTAKES[mistake](vms, vm)
    assert "driver" not in str(caught.value)
    assert not requests.total


@pytest.mark.parametrize("mistake", MISTAKES.keys() - NEEDS_LOGIN)
def test_a_mistake_is_found_before_the_login(provider: hvlib.Provider, mistake: str) -> None:
    vm = provider.compute.vms.get_all(power_state="halted").all()[0]
    with hvlib.connect("sim://arguments", fail="login:permission:99") as cold, pytest.raises(hvlib.InvalidQuery):
        MISTAKES[mistake](cold.compute.vms, vm)


def test_lists_are_sent_as_tuples_and_tags_once() -> None:
    assert SetTags(["b", "a", "a"]).checked() == SetTags(("a", "b"))  # type: ignore[arg-type]
    assert Delete(keep_volumes=[]).checked() == Delete()  # type: ignore[arg-type]


def test_wait_all_of_a_plan_is_an_invalid_state(provider: hvlib.Provider) -> None:
    vm = provider.compute.vms.get_all(power_state="halted").all()[0]
    with pytest.raises(ExceptionGroup) as caught:
        hvlib.wait_all([vm.do(Start(), dry_run=True)])
    assert [type(error) for error in caught.value.exceptions] == [hvlib.InvalidState]


def test_a_watch_takes_a_time_out_in_seconds(provider: hvlib.Provider) -> None:
    with provider.compute.vms.watch() as watch:
        for wrong in ("5", NAN, -1):
            with pytest.raises(hvlib.InvalidQuery, match="timeout"):
                watch.next(timeout=wrong)  # type: ignore[arg-type]


def test_a_record_is_taken_as_its_ref_and_a_uuid_as_its_text() -> None:
    provider, session = scripted(a={"uuid": "00000000-0000-4000-8000-00000000000a"})
    vms = provider.compute.vms
    vm = vms.get_all().one()
    assert vms.get(vm) == vm
    assert vms.get_many([vm, vm.ref]) == {vm.ref: vm}
    assert provider.get_many([vm]) == {vm.ref: vm}
    assert vms.get_by_uuid(uuid.UUID(vm.uuid)) == vm
    assert vms.find(uuid.UUID(vm.uuid)) == vm
    assert vms.get_all(uuid=uuid.UUID(vm.uuid)).one().ref == vm.ref
    assert vms.do(vm, Start()).target == vm.ref
    assert session.log.count("start") == 1


@pytest.mark.parametrize(
    "given",
    [
        {"target": 5},
        {"timeout": NAN},
        {"timeout": float("inf")},
        {"timeout": 0},
        {"timeout": "5"},
        {"timeout": True},
        {"username": 5},
        {"username": "\ud800"},
        {"password": 5},
        {"verify": "no"},
        {"cacert": 5},
        {"retry": 3},
        {"colour": "red"},
        {"vms": "many"},
        {"latency": -1},
    ],
    ids=str,
)
def test_connect_raises_a_config_error(given: dict[str, Any]) -> None:
    with pytest.raises(hvlib.ConfigError, match=next(iter(given))):
        hvlib.connect(**{"target": "sim://", **given})


@pytest.mark.parametrize(
    "given",
    [
        {"max_retries": -1},
        {"max_retries": "x"},
        {"max_retries": True},
        {"backoff": 1},
        {"max_elapsed": None},
        {"max_outage": NAN},
    ],
    ids=str,
)
def test_a_retry_policy_is_checked(given: dict[str, Any]) -> None:
    with pytest.raises(hvlib.ConfigError, match=next(iter(given))):
        hvlib.RetryPolicy(**given)
