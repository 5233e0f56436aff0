"""The caller's backoff function: it may use its own provider, and its errors are the caller's mistakes."""

from __future__ import annotations

from typing import Any

import pytest
from scripted.driver import scripted

import hvlib


def test_a_backoff_may_use_its_own_provider() -> None:
    """The calls that it makes are repeated like any others, and the call that it belongs to is repeated after it."""
    seen: set[str] = set()

    def backoff(attempt: int, error: hvlib.HvlibError) -> float:
        if str(error) not in seen:
            seen.add(str(error))
            assert len(provider.compute.vms.get_all().all()) == 2
        return 0.0

    provider, session = scripted(hvlib.RetryPolicy(max_retries=3, backoff=backoff), a={}, b={})
    assert provider.about
    session.plan("start", hvlib.RateLimited("slow down"))
    session.plan("page", hvlib.ConnectionFailed("reset"))
    vm = provider.compute.vms.get_many([hvlib.Ref(provider.about.uuid, "VM", "a")]).popitem()[1]
    assert vm.start().state == "succeeded"
    assert session.log.count("start") == 2
    assert seen == {"slow down", "reset"}
    session.plan("lookup", hvlib.ConnectionFailed("cut"))
    assert [vm.ref.id for vm in provider.compute.vms.get_by_name_label("a")] == ["a"]
    assert "cut" in seen


@pytest.mark.parametrize(
    "backoff",
    [lambda: 0.0, lambda attempt, error: None, lambda attempt, error: "1", lambda attempt, error: -1.0,
     lambda attempt, error: float("nan"), lambda attempt, error: 1e300, lambda attempt, error: 1 / 0],
)  # fmt: skip
def test_an_error_of_the_backoff_is_not_the_drivers(backoff: Any) -> None:
    provider, session = scripted(hvlib.RetryPolicy(backoff=backoff, max_elapsed=float("inf")), a={})
    assert provider.about
    session.plan("page", hvlib.ConnectionFailed("reset"))
    with pytest.raises(hvlib.ConfigError, match="backoff") as caught:
        provider.compute.vms.get_all().all()
    assert caught.value.provider is provider
