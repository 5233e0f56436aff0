from __future__ import annotations

import threading
import time
from concurrent.futures import ThreadPoolExecutor

import pytest
from scripted.driver import QUICK, ScriptedFeed, scripted

import hvlib
from hvlib.driver import Batch, NotSent, SessionLost, Unavailable
from hvlib.runtime.retry import RetryPolicy


def test_nothing_is_sent_before_the_first_use() -> None:
    provider, session = scripted()
    assert session.log == []
    assert provider.about.product == "Script"
    assert session.log == ["login"]


def test_reads_are_repeated_and_actions_only_if_the_server_cannot_have_acted() -> None:
    provider, session = scripted(a={})
    session.plan("page", hvlib.ConnectionFailed("reset"), hvlib.RateLimited("slow"), Unavailable("busy"))
    vm = provider.compute.vms.get_all().first()
    assert vm is not None
    session.plan("start", NotSent("refused"), hvlib.RateLimited("slow"))
    vm.start()
    session.plan("start", hvlib.ConnectionFailed("reset while waiting"))
    with pytest.raises(hvlib.ConnectionFailed):
        vm.start()
    assert session.log.count("start") == 4


def test_a_time_out_is_not_repeated() -> None:
    provider, session = scripted()
    session.plan("page", hvlib.ConnectionTimeout("silent"))
    with pytest.raises(hvlib.ConnectionTimeout):
        provider.compute.vms.get_all().all()
    assert session.log.count("page") == 1


def test_retries_are_bounded_in_number_and_time() -> None:
    provider, session = scripted()
    session.plan("page", *[hvlib.ConnectionFailed("down")] * 9)
    with pytest.raises(hvlib.ConnectionFailed) as caught:
        provider.compute.vms.get_all().all()
    assert caught.value.provider is provider
    assert session.log.count("page") == 1 + QUICK.max_retries
    provider, session = scripted(RetryPolicy(max_elapsed=0.5))
    session.plan("page", hvlib.RateLimited("slow", retry_after=60.0))
    started = time.monotonic()
    with pytest.raises(hvlib.RateLimited):
        provider.compute.vms.get_all().all()
    assert time.monotonic() - started < 10


def test_retry_after_goes_before_the_backoff() -> None:
    policy = RetryPolicy(backoff=lambda attempt, error: float(attempt))
    assert policy.delay(2, hvlib.ConnectionFailed("x")) == 2.0
    assert policy.delay(2, hvlib.RateLimited("x", retry_after=7.0)) == 7.0
    assert policy.delay(2, Unavailable("x", retry_after=0.0)) == 0.0


def test_a_lost_session_is_logged_in_again_once_for_all_threads() -> None:
    provider, session = scripted(a={})
    provider.about  # noqa: B018 -- logs in
    all_threads_arrived = threading.Barrier(16)

    def lose() -> None:
        all_threads_arrived.wait(10)
        raise SessionLost("expired")

    session.plan("lookup", *[lose] * 16)
    with ThreadPoolExecutor(16) as pool:
        found = list(pool.map(lambda _: provider.compute.vms.get_by_name_label("a"), range(16)))
    assert [len(vms) for vms in found] == [1] * 16
    assert session.log.count("login") == 2


def test_threads_share_the_outcome_of_a_refused_login() -> None:
    provider, session = scripted()
    arrived = threading.Event()

    def refuse() -> None:
        arrived.wait(10)
        raise hvlib.AuthenticationFailed("wrong password")

    session.plan("login", refuse)
    with ThreadPoolExecutor(4) as pool:
        attempts = [pool.submit(lambda: provider.about) for _ in range(4)]
        while "login" not in session.log:
            time.sleep(0)
        arrived.set()
        errors = [attempt.exception(10) for attempt in attempts]
    assert session.log.count("login") <= 4
    assert any(isinstance(error, hvlib.AuthenticationFailed) for error in errors)


def test_three_lost_sessions_in_a_row_are_an_error() -> None:
    provider, session = scripted()
    session.plan("page", *[SessionLost("expired")] * 9)
    with pytest.raises(hvlib.ConnectionFailed, match="dropped 3 sessions"):
        provider.compute.vms.get_all().all()
    assert session.log.count("login") == 3


def test_a_session_dropped_twice_in_mid_login_is_logged_in_again() -> None:
    """The server accepted the password: if it had refused it, the driver would have raised AuthenticationFailed."""
    provider, session = scripted()
    session.plan("login", SessionLost("dropped"), SessionLost("dropped"))
    assert provider.about
    assert session.log == ["login"] * 3


def test_a_session_dropped_in_each_login_is_not_a_wrong_password() -> None:
    provider, session = scripted()
    session.plan("login", *[SessionLost("dropped")] * 3)
    with pytest.raises(hvlib.ConnectionFailed, match="dropped 3 sessions"):
        _ = provider.about
    assert session.log == ["login"] * 3
    assert provider.about


def test_a_watch_outlives_sessions_dropped_in_mid_login() -> None:
    provider, session = scripted(a={})
    session.feeds += [ScriptedFeed(SessionLost("expired")), ScriptedFeed(Batch(synced=True))]
    with provider.compute.vms.watch() as watch:
        session.plan("login", *[SessionLost("dropped")] * 3)
        event = watch.next(timeout=10)
    assert event is not None
    assert event.type is hvlib.EventType.SYNCED
    assert session.log.count("login") == 5


def test_native_exceptions_never_escape() -> None:
    provider, session = scripted()
    session.plan("page", KeyError("surprise"))
    with pytest.raises(hvlib.ProtocolError) as caught:
        provider.compute.vms.get_all().all()
    assert isinstance(caught.value.native, KeyError)


def test_close_ends_waits_in_other_threads_and_later_calls() -> None:
    provider, session = scripted(RetryPolicy(backoff=lambda attempt, error: 60.0, max_elapsed=600))
    waiting = threading.Event()

    def fail() -> None:
        waiting.set()
        raise hvlib.ConnectionFailed("down")

    session.plan("page", fail)
    with ThreadPoolExecutor(1) as pool:
        listing = pool.submit(provider.compute.vms.get_all().all)
        assert waiting.wait(10)
        provider.close()
        assert isinstance(listing.exception(5), hvlib.Closed)
    with pytest.raises(hvlib.Closed):
        provider.compute.vms.get_all()
    provider.close()
    assert session.closed == 1


def test_close_ends_waits_for_a_login() -> None:
    provider, session = scripted()
    stuck, late = threading.Event(), threading.Event()

    def hang() -> None:
        stuck.set()
        late.wait(30)

    session.plan("login", hang)
    with ThreadPoolExecutor(2) as pool:
        first = pool.submit(lambda: provider.about)
        assert stuck.wait(10)
        second = pool.submit(lambda: provider.about)
        provider.close()
        assert isinstance(second.exception(1), hvlib.Closed)
        late.set()
        assert isinstance(first.exception(10), hvlib.Closed)
    assert session.closed == 2  # Once by `close`, and once after the login that succeeded later.


def test_an_action_is_not_repeated_after_a_time_out_or_503() -> None:
    provider, session = scripted(a={})
    vm = provider.compute.vms.get_all().one()
    for error in (hvlib.ConnectionTimeout("slow"), Unavailable("busy"), hvlib.ProtocolError("garbled")):
        session.plan("start", error)
        with pytest.raises(hvlib.HvlibError):
            vm.start()
    assert session.log.count("start") == 3


def test_a_login_that_failed_is_tried_again_by_the_next_call() -> None:
    provider, session = scripted()
    session.plan("login", hvlib.AuthenticationFailed("no"))
    with pytest.raises(hvlib.AuthenticationFailed):
        provider.about  # noqa: B018
    assert provider.about.product == "Script"


def test_an_unreferenced_provider_is_logged_out() -> None:
    import gc

    provider, session = scripted(a={})
    provider.compute.vms.get_all().all()
    del provider
    gc.collect()
    assert session.closed == 1


def test_a_kind_or_action_that_a_driver_lacks_is_unsupported_before_anything_is_sent() -> None:
    provider, session = scripted(a={})
    with pytest.raises(hvlib.Unsupported, match="no Network"):
        provider.network.networks.get_all()
    vm = provider.compute.vms.get_all().first()
    assert vm is not None
    sent = len(session.log)
    with pytest.raises(hvlib.Unsupported) as caught:
        vm.suspend()
    assert "start" in (caught.value.hint or "")
    assert len(session.log) == sent
    planned = vm.do(hvlib.actions.Start(), dry_run=True)
    assert (planned.state, str(planned), len(session.log)) == ("planned", "start VM a", sent)
