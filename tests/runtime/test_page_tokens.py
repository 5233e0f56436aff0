"""Page tokens: using one takes the listing over, or begins at the server's own token."""

from __future__ import annotations

import gc
from typing import Any

import pytest
from scripted.listings import PATIENCE, Hold, begun, in_thread, names, nine, settle

import hvlib


@pytest.fixture(params=[True, False], ids=["tokens", "no-tokens"])
def tokens(request: pytest.FixtureRequest) -> bool:
    """Whether the server's tokens are valid without the listing."""
    return bool(request.param)


def test_using_a_token_takes_the_listing_over(tokens: bool) -> None:
    provider, session = nine(tokens=tokens)
    earlier, token = begun(provider)
    assert names(provider.compute.vms.get_all(after=token)) == "cdefghi"
    assert session.log.count("page") == 5
    for _ in range(2):
        with pytest.raises(hvlib.CursorLost, match="another iteration") as caught:
            next(earlier)
        assert caught.value.provider is provider
    assert session.released == []


@pytest.mark.parametrize("pages", [2, 3, 4])
def test_a_listing_that_has_fetched_ahead_is_taken_over_too(tokens: bool, pages: int) -> None:
    """Where the server has tokens, the new listing begins at the server's token; the earlier iteration still ends."""
    provider, _ = nine(tokens=tokens)
    earlier, token = begun(provider, pages)
    settle()
    assert names(provider.compute.vms.get_all(after=token)) == "abcdefghi"[2 * pages :]
    for _ in range(2):
        with pytest.raises(hvlib.CursorLost, match="another iteration"):
            next(earlier)


def test_a_token_can_be_used_once_where_the_server_has_no_tokens() -> None:
    provider, _ = nine(tokens=False)
    _, token = begun(provider)
    vms = provider.compute.vms
    assert names(vms.get_all(after=token)) == "cdefghi"
    with pytest.raises(hvlib.CursorLost):
        vms.get_all(after=token).all()


def test_a_second_use_begins_at_the_servers_own_token() -> None:
    provider, _ = nine(tokens=True)
    earlier, token = begun(provider)
    vms = provider.compute.vms
    first, second = vms.get_all(after=token).pages(), vms.get_all(after=token).pages()
    assert [names(next(pages).items) for pages in (first, second, first, second)] == ["cd", "cd", "ef", "ef"]
    with pytest.raises(hvlib.CursorLost):
        next(earlier)


def test_a_token_is_valid_in_another_process_where_the_servers_token_is(tokens: bool) -> None:
    provider, _ = nine(tokens=tokens)
    _, token = begun(provider)
    other, _ = nine(tokens=tokens)
    if tokens:
        assert names(other.compute.vms.get_all(after=token)) == "cdefghi"
    else:
        with pytest.raises(hvlib.CursorLost):
            other.compute.vms.get_all(after=token).all()


@pytest.mark.parametrize("text", ["", "x", "x:y", "0123456789ab", "0123456789ab:", "🙂" * 12])
def test_text_that_is_not_a_token_is_cursor_lost(text: str, tokens: bool) -> None:
    provider, _ = nine(tokens=tokens)
    begun(provider)
    with pytest.raises(hvlib.CursorLost) as caught:
        provider.compute.vms.get_all(after=hvlib.PageToken(text)).all()
    assert caught.value.provider is provider


@pytest.mark.parametrize("other", [{"fields": ["vcpus"]}, {"vcpus": 104}, {"fields": ["name_label"]}, {"native": True}])
def test_other_fields_or_filters_do_not_continue_the_listing(other: dict[str, Any], tokens: bool) -> None:
    provider, _ = nine(tokens=tokens)
    earlier, token = begun(provider)
    vms = provider.compute.vms
    if tokens:
        assert [vm.ref.id for vm in vms.get_all(after=token, **other)] == list("h" if "vcpus" in other else "cdefghi")
    else:
        with pytest.raises(hvlib.CursorLost):
            vms.get_all(after=token, **other).all()
    assert names(vm for page in earlier for vm in page.items) == "cdefghi"


def test_the_same_filters_continue_a_listing(tokens: bool) -> None:
    provider, _ = nine(tokens=tokens)
    query = {"name_label": hvlib.glob("[beh]"), "fields": ["name_label"]}
    _, token = begun(provider, **query)
    assert names(provider.compute.vms.get_all(after=token, **query)) == "eh"


def test_another_page_size_begins_at_the_servers_token_or_is_ignored(tokens: bool) -> None:
    provider, _ = nine(tokens=tokens)
    _, token = begun(provider)
    pages = list(provider.compute.vms.get_all(after=token, page_size=3).pages())
    assert [names(page.items) for page in pages] == (["cde", "fgh", "i"] if tokens else ["cd", "ef", "gh", "i"])


def test_only_the_latest_pages_token_continues_the_listing() -> None:
    provider, session = nine(tokens=False)
    listing, first = begun(provider)
    second = next(listing).next
    vms = provider.compute.vms
    with pytest.raises(hvlib.CursorLost):
        vms.get_all(after=first).all()
    assert names(vms.get_all(after=second)) == "efghi"
    assert session.released == []


def test_a_listing_that_was_taken_over_is_taken_over_again() -> None:
    provider, session = nine(tokens=False)
    first, token = begun(provider)
    second = provider.compute.vms.get_all(after=token).pages()
    page = next(second)
    third = provider.compute.vms.get_all(after=page.next).pages()
    assert (names(page.items), names(next(third).items)) == ("cd", "ef")
    for earlier in (first, second):
        with pytest.raises(hvlib.CursorLost):
            next(earlier)
    del first, second, earlier
    gc.collect()
    assert provider.about
    assert names(vm for page in third for vm in page.items) == "ghi"
    assert session.released == []


def test_a_token_is_valid_again_after_an_error() -> None:
    provider, session = nine(tokens=False)
    earlier, token = begun(provider)
    session.plan("page", hvlib.PermissionDenied("no"))
    with pytest.raises(hvlib.PermissionDenied):
        next(earlier)
    assert names(provider.compute.vms.get_all(after=token)) == "cdefghi"
    with pytest.raises(hvlib.CursorLost):
        next(earlier)


def test_after_an_error_the_iteration_gives_the_missing_page(tokens: bool) -> None:
    provider, session = nine(tokens=tokens)
    session.plan("page", None, hvlib.PermissionDenied("no"), None, hvlib.PermissionDenied("no"))
    listing, _ = begun(provider)
    seen = ""
    for expected in ("", "cd", "", "ef", "gh", "i"):
        try:
            page = next(listing)
        except hvlib.PermissionDenied:
            assert expected == ""
        else:
            assert names(page.items) == expected
            seen += expected
    assert next(listing, None) is None
    assert seen == "cdefghi"


def test_a_listing_is_not_taken_over_while_a_page_is_fetched(tokens: bool) -> None:
    provider, session = nine(tokens=tokens)
    listing, token = begun(provider)
    slow = Hold()
    session.plan("page", slow)
    thread, outcome = in_thread(lambda: next(listing))
    assert slow.asked.wait(PATIENCE)
    if tokens:
        assert names(provider.compute.vms.get_all(after=token)) == "cdefghi"
    else:
        with pytest.raises(hvlib.CursorLost):
            provider.compute.vms.get_all(after=token).all()
    slow.answer.set()
    thread.join(PATIENCE)
    page = outcome[0]
    assert isinstance(page, hvlib.Page)
    assert names([*page.items, *(vm for page in listing for vm in page.items)]) == "cdefghi"


def test_an_interrupted_fetch_leaves_no_gap() -> None:
    """The page may have been fetched: the listing can't continue, but the server's own token can."""
    for tokens in (False, True):
        provider, session = nine(tokens=tokens)
        listing, token = begun(provider)
        session.plan("page", KeyboardInterrupt())
        with pytest.raises(KeyboardInterrupt):
            next(listing)
        with pytest.raises(hvlib.CursorLost):
            next(listing)
        after = provider.compute.vms.get_all(after=token)
        if tokens:
            assert names(after) == "cdefghi"
        else:
            with pytest.raises(hvlib.CursorLost):
                after.all()


def test_a_lost_session_does_not_end_a_listing(tokens: bool) -> None:
    provider, session = nine(tokens=tokens)
    _, token = begun(provider)
    session.plan("page", hvlib.driver.SessionLost("expired"))
    assert names(provider.compute.vms.get_all(after=token)) == "cdefghi"
    assert session.log.count("login") == 2
