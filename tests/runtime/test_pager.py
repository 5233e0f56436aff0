from __future__ import annotations

import gc

import pytest
from scripted.driver import ScriptedVMs, scripted

import hvlib
from hvlib.driver import PageToken, SessionLost
from hvlib.model.query import Query


def names(vms: list[hvlib.VM]) -> list[str]:
    return [vm.name_label for vm in vms]


def five() -> dict[str, dict[str, object]]:
    return {name: {"vcpus": number} for number, name in enumerate("abcde", 1)}


def test_a_listing_costs_its_pages_and_is_lazy() -> None:
    provider, session = scripted(**five())
    pager = provider.compute.vms.get_all()
    assert "page" not in session.log
    with provider.count_requests() as requests:
        assert names(list(pager)) == ["a", "b", "c", "d", "e"]
    assert requests.calls == {"page": 3}


def test_first_and_one_read_no_more_pages_than_they_need() -> None:
    provider, session = scripted(**five())
    vms = provider.compute.vms
    assert vms.fields
    with provider.count_requests() as requests:
        first = vms.get_all().first()
    assert first is not None
    assert (first.name_label, requests.total) == ("a", 1)
    assert session.released == ["b"]
    assert vms.get_all(name_label="c").one().vcpus == 3
    with pytest.raises(hvlib.NotFound):
        vms.get_all(name_label="x").one()
    with pytest.raises(hvlib.AmbiguousName) as caught:
        vms.get_all(name_label=["a", "b"]).one()
    assert len(caught.value.candidates) == 2
    assert vms.get_all(name_label="x").first() is None


def test_count_uses_the_servers_total_only_without_filters() -> None:
    provider, _ = scripted(**five())
    vms = provider.compute.vms
    assert vms.fields
    with provider.count_requests() as requests:
        assert vms.get_all().count() == 5
    assert requests.total == 1
    assert vms.get_all(vcpus=[1, 2]).count() == 2


def test_pages_resume_after_a_token() -> None:
    provider, _ = scripted(**five())
    vms = provider.compute.vms
    first = next(iter(vms.get_all().pages()))
    assert first.total == 5
    assert names(vms.get_all(after=first.next).all()) == ["c", "d", "e"]
    assert vms.get_all(after=first.next).count() == 3


def test_each_page_stops_when_the_handler_returns_false() -> None:
    provider, session = scripted(**five())
    seen: list[int] = []
    with provider.compute.vms.get_all() as pager:
        pager.each_page(lambda page: (seen.append(len(page.items)), False)[1])
        assert session.released == []
    assert seen == [2]
    assert session.released == ["b"]


def test_an_abandoned_iteration_is_freed_with_the_next_call() -> None:
    provider, session = scripted(**five())
    items = iter(provider.compute.vms.get_all())
    next(items)
    del items
    gc.collect()
    assert provider.about
    assert session.released == ["b"]


def test_a_token_that_was_handed_out_is_valid_until_its_pager_is_closed() -> None:
    provider, session = scripted(**five())
    session.tokens = False
    vms = provider.compute.vms
    with vms.get_all() as pager:
        lost = next(iter(pager.pages())).next
    assert session.released == ["b"]
    kept = next(iter(vms.get_all().pages())).next
    gc.collect()
    with pytest.raises(hvlib.CursorLost):
        vms.get_all(after=lost).all()
    assert names(vms.get_all(after=kept).all()) == ["c", "d", "e"]
    assert session.released == ["b"]


@pytest.mark.parametrize(
    "action",
    [hvlib.actions.Rename(5), hvlib.actions.Resize(vcpus=2.5), hvlib.actions.SetTags((1,))],  # type: ignore[arg-type]
)
def test_an_action_with_a_value_of_the_wrong_type_is_not_sent(action: hvlib.actions.Action) -> None:
    with hvlib.connect("sim://?vms=3") as provider:
        vm = provider.compute.vms.get_all().all()[0]
        with provider.count_requests() as requests, pytest.raises(hvlib.InvalidQuery, match=action.name):
            vm.do(action)
        assert requests.total == 0
        assert vm.refresh() == vm


def test_freeing_neither_logs_in_nor_repeats_nor_hides_the_answer() -> None:
    provider, session = scripted(**five())
    session.plan("close", SessionLost("expired"), hvlib.ConnectionFailed("reset"))
    assert provider.compute.vms.get_all().first() is not None
    assert provider.compute.vms.get_all().first() is not None
    assert (session.log.count("login"), session.log.count("close")) == (1, 2)


def test_a_listing_that_failed_frees_what_the_server_holds() -> None:
    provider, session = scripted(**five())
    session.plan("page", None, hvlib.PermissionDenied("no"))
    with pytest.raises(hvlib.PermissionDenied):
        provider.compute.vms.get_all().all()
    assert provider.about
    assert session.released == ["b"]


def test_a_listing_continues_with_its_token_after_a_lost_session() -> None:
    provider, session = scripted(**five())
    session.plan("page", None, SessionLost("expired"))
    assert names(provider.compute.vms.get_all().all()) == ["a", "b", "c", "d", "e"]
    assert session.log.count("login") == 2


def test_a_lost_token_raises_and_all_starts_over_once() -> None:
    provider, session = scripted(**five())
    session.plan("page", None, hvlib.CursorLost("gone"))
    assert names(provider.compute.vms.get_all().all()) == ["a", "b", "c", "d", "e"]
    session.plan("page", None, hvlib.CursorLost("gone"))
    with pytest.raises(hvlib.CursorLost):
        list(provider.compute.vms.get_all())
    session.plan("page", None, hvlib.CursorLost("gone"), None, hvlib.CursorLost("gone"))
    with pytest.raises(hvlib.CursorLost):
        provider.compute.vms.get_all().all()


def test_filters_are_checked_again() -> None:
    provider, _ = scripted(**five())
    vms = provider.compute.vms
    assert names(vms.get_all(name_label=hvlib.glob("[ab]")).all()) == ["a", "b"]
    assert names(vms.get_all(name_label=hvlib.glob("[AB]")).all()) == []
    assert names(vms.get_all(name_label=(name for name in ("a", "e"))).all()) == ["a", "e"]
    assert names(vms.get_all(name_label={"a": 1}.keys()).all()) == ["a"]
    assert names(vms.get_all(host=None).all()) == list("abcde")
    assert [len(page.items) for page in vms.get_all(vcpus=5).pages()] == [0, 0, 1]


def test_only_the_requested_fields_are_loaded() -> None:
    provider, _ = scripted(**five())
    vm = provider.compute.vms.get_all(fields=["name_label"], vcpus=1).first()
    assert vm is not None
    assert (vm.name_label, vm.vcpus) == ("a", 1)
    with pytest.raises(hvlib.FieldNotLoaded, match=r"VM\.uuid was not loaded"):
        _ = vm.uuid
    with pytest.raises(hvlib.FieldNotLoaded, match="native"):
        _ = vm.native
    with pytest.raises(hvlib.Unsupported):
        _ = vm.tags
    assert vm.refresh().uuid == "uuid-a"
    bare = provider.compute.vms.get_all(fields=[]).first()
    assert bare is not None
    assert bare.loaded == frozenset()


@pytest.mark.parametrize(
    ("query", "error", "hint"),
    [
        ({"fields": ["colour"]}, hvlib.InvalidQuery, "name_label"),
        ({"fields": ["tags"]}, hvlib.Unsupported, "name_label"),
        ({"fields": "name_label"}, hvlib.InvalidQuery, None),
        ({"colour": "red"}, hvlib.InvalidQuery, "name_label"),
        ({"power_state": "on"}, hvlib.InvalidQuery, "running halted"),
        ({"page_size": 0}, hvlib.InvalidQuery, None),
        ({"page_size": "5"}, hvlib.InvalidQuery, None),
        ({"native": "summary.config"}, hvlib.InvalidQuery, None),
        ({"vcpus": "4"}, hvlib.InvalidQuery, None),
        ({"vcpus": True}, hvlib.InvalidQuery, None),
        ({"vcpus": hvlib.glob("4*")}, hvlib.InvalidQuery, None),
        ({"host": "host-1"}, hvlib.InvalidQuery, None),
    ],
)
def test_a_wrong_query_is_refused_at_once(
    query: dict[str, object], error: type[hvlib.HvlibError], hint: str | None
) -> None:
    provider, _ = scripted(**five())
    with pytest.raises(error) as caught:
        provider.compute.vms.get_all(**query)  # type: ignore[arg-type]
    assert caught.value.provider is provider
    if hint:
        assert hint in (caught.value.hint or "")


def test_lookups_are_exact_and_find_never_guesses() -> None:
    provider, _ = scripted(a={"name_label": "twin"}, b={"name_label": "twin"}, c={"name_label": "TWIN"})
    vms = provider.compute.vms
    assert [vm.ref.id for vm in vms.get_by_name_label("twin")] == ["a", "b"]
    assert vms.get_by_name_label("nobody") == []
    assert vms.get_by_uuid("uuid-b").name_label == "twin"
    with pytest.raises(hvlib.NotFound):
        vms.get_by_uuid("uuid-x")
    with pytest.raises(hvlib.AmbiguousName) as caught:
        vms.find("twin")
    assert [vm.ref.id for vm in caught.value.candidates] == ["a", "b"]
    assert "uuid-a uuid-b" in (caught.value.hint or "")
    assert vms.find("TWIN").ref.id == "c"
    with pytest.raises(hvlib.NotFound):
        vms.find("nobody")


def test_many_refs_are_read_in_as_few_calls_as_possible() -> None:
    provider, _ = scripted(**{f"vm-{number}": {} for number in range(501)})
    refs = [vm.ref for vm in provider.compute.vms.get_all(fields=[], page_size=1000)]
    with provider.count_requests() as requests:
        assert len(provider.get_many([*refs, *refs])) == 501
    assert requests.calls == {"get": 2}


def test_refs_get_one_or_many() -> None:
    provider, _ = scripted(**five())
    refs = [vm.ref for vm in provider.compute.vms.get_all(fields=[])]
    with provider.count_requests() as requests:
        assert provider.get_many(refs).keys() == set(refs)
    assert requests.total == 1
    assert refs[0].get().ref == refs[0]
    parsed = hvlib.Ref.parse(str(refs[1]))
    assert parsed == refs[1]
    assert provider.compute.vms.get(parsed).name_label == "b"
    with pytest.raises(hvlib.NotFound):
        provider.compute.vms.get(hvlib.Ref(refs[0].provider_uuid, "VM", "gone"))
    for foreign in (hvlib.Ref(refs[0].provider_uuid, "Host", "a"), hvlib.Ref("other", "VM", "a")):
        with pytest.raises(hvlib.InvalidQuery):
            provider.compute.vms.get(foreign)
    with pytest.raises(hvlib.HvlibError, match="not bound"):
        parsed.get()


def test_a_listing_that_repeats_its_first_page_is_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, _ = scripted(**five())
    page = ScriptedVMs.page
    monkeypatch.setattr(ScriptedVMs, "page", lambda adapter, query, after: page(adapter, query, None))
    with pytest.raises(hvlib.ProtocolError, match=r"(no|never) end"):
        provider.compute.vms.get_all().all()


@pytest.mark.parametrize("cycle", ["b", "bd", "bdf"])
def test_a_listing_whose_tokens_repeat_is_an_error(cycle: str, monkeypatch: pytest.MonkeyPatch) -> None:
    provider, _ = scripted(**five())
    tokens = {None: cycle[0], **dict(zip(cycle, cycle[1:] + cycle[0], strict=True))}
    monkeypatch.setattr(ScriptedVMs, "page", lambda _, query, after: hvlib.Page([], PageToken(tokens[after])))
    pages = provider.compute.vms.get_all().pages()
    assert [(next(pages).next or "").partition(":")[2] for _ in cycle] == list(cycle)
    with pytest.raises(hvlib.ProtocolError, match=r"(no|never) end"):
        next(pages)
    with pytest.raises(hvlib.ProtocolError, match=r"(no|never) end"):
        provider.compute.vms.get_all().all()


def test_an_empty_page_is_not_the_end(monkeypatch: pytest.MonkeyPatch) -> None:
    provider, _ = scripted(**five())
    page = ScriptedVMs.page

    def first_empty(adapter: ScriptedVMs, query: Query[hvlib.VM], after: PageToken | None) -> hvlib.Page[hvlib.VM]:
        if after is None:
            return hvlib.Page([], PageToken("a"))
        return page(adapter, query, after)

    monkeypatch.setattr(ScriptedVMs, "page", first_empty)
    assert names(provider.compute.vms.get_all().all()) == ["b", "c", "d", "e"]
