"""Actions on the real nova, behind a proxy that makes faults. Nova's own log shows which actions it was asked for."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from servers.faulty_fault import (
    Drop,
    Fault,
    FreezeAfter,
    FreezeBefore,
    ResetAfter,
    ResetBefore,
    html_page,
    rate_limited,
    server_error,
    unauthorized,
    unavailable,
)
from servers.faulty_message import Request
from servers.faulty_proxy import FaultyProxy
from servers.openstack.openstack import OpenStack

import hvlib
from hvlib.runtime.retry import RetryPolicy

pytestmark = pytest.mark.timeout(300)

PATIENCE = 30.0
RECOVERS = None
FAULTS: dict[str, tuple[Callable[[], Fault], type[hvlib.HvlibError] | None, bool]] = {
    "reset before": (ResetBefore, hvlib.ConnectionFailed, False),
    "reset after": (ResetAfter, hvlib.ConnectionFailed, True),
    "closed": (lambda: Drop(0), hvlib.ConnectionFailed, True),
    "cut in head": (lambda: Drop(24), hvlib.ConnectionFailed, True),
    "frozen before": (FreezeBefore, hvlib.ConnectionTimeout, False),
    "frozen after": (FreezeAfter, hvlib.ConnectionTimeout, True),
    "401": (unauthorized, RECOVERS, True),
    "429": (lambda: rate_limited(0), RECOVERS, True),
    "503": (unavailable, hvlib.ConnectionFailed, False),
    "500": (server_error, hvlib.ProtocolError, False),
    "HTML": (html_page, hvlib.ProtocolError, False),
}
"""How to make each fault, the error it causes, and whether nova has been asked for the action at the end."""


@pytest.fixture
def proxy(region: OpenStack) -> Iterator[FaultyProxy]:
    host, _, port = region.addresses["nova"].removeprefix("http://").partition(":")
    with FaultyProxy((host, int(port))) as proxy:
        yield proxy


@pytest.fixture
def provider(
    region: OpenStack, proxy: FaultyProxy, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Iterator[hvlib.Provider]:
    """An administrator's provider, whose nova is behind the proxy."""
    cloud = json.loads(region.clouds.read_text())["clouds"]["admin"]
    cloud["compute_endpoint_override"] = f"http://127.0.0.1:{proxy.port}/v2.1"
    (tmp_path / "clouds.yaml").write_text(json.dumps({"clouds": {"faulty": cloud}}))
    monkeypatch.setenv("OS_CLIENT_CONFIG_FILE", str(tmp_path / "clouds.yaml"))
    retry = RetryPolicy(backoff=lambda attempt, error: 0.0)
    with hvlib.connect("openstack://faulty", retry=retry, timeout=3.0, poll_interval=0.2) as provider:
        yield provider


def is_action(request: Request) -> bool:
    return request.method == "POST" and request.path.endswith("/action")


def actions_on(region: OpenStack, server: str) -> int:
    """How many actions nova was asked for on this server."""
    return sum(
        times
        for name, times in region.requests().items()
        if name.startswith("nova POST") and name.endswith(f"{server}/action")
    )


@pytest.mark.parametrize("fault", FAULTS)
def test_no_action_is_sent_twice(region: OpenStack, proxy: FaultyProxy, provider: hvlib.Provider, fault: str) -> None:
    make, error, acted = FAULTS[fault]
    vm = provider.compute.vms.find("vm-00005")
    wanted = "halted" if vm.power_state == "running" else "running"
    act = vm.stop if vm.power_state == "running" else vm.start
    before = actions_on(region, vm.ref.id)
    met = proxy.next(make(), when=is_action)
    if error is RECOVERS:
        assert act().wait(timeout=PATIENCE).power_state == wanted
    else:
        with pytest.raises(error):
            act()
        if acted:
            vm.wait_for(power_state=wanted, timeout=PATIENCE)
    assert met.struck.is_set()
    assert actions_on(region, vm.ref.id) - before == acted
    assert vm.refresh().power_state == (wanted if acted else vm.power_state)


@pytest.mark.parametrize("fault", FAULTS)
def test_a_task_is_followed_despite_a_fault(
    region: OpenStack, proxy: FaultyProxy, provider: hvlib.Provider, fault: str
) -> None:
    make, _, _ = FAULTS[fault]
    vm = provider.compute.vms.find("vm-00006")
    wanted = "halted" if vm.power_state == "running" else "running"
    task = vm.stop() if vm.power_state == "running" else vm.start()
    met = proxy.next(make(), when=lambda request: request.method == "GET" and vm.ref.id in request.path)
    try:
        assert task.wait(timeout=PATIENCE).power_state == wanted
    except hvlib.ProtocolError:
        assert fault in ("500", "HTML")
        assert task.wait(timeout=PATIENCE).power_state == wanted
    assert met.struck.is_set()
