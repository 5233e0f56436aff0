"""A provider that is not referenced any more is freed and logged out, whatever it was used for."""

from __future__ import annotations

import gc
import time
import weakref
from collections.abc import Callable
from typing import Any

import pytest

import hvlib

PATIENCE = 5.0

USES: dict[str, Callable[[Any, Any], object]] = {
    "all": lambda vms, host: vms.get_all().all(),
    "a ref in a filter": lambda vms, host: vms.get_all(host=host).all(),
    "a record in a filter": lambda vms, host: vms.get_all(host=host.get()).first(),
    "native properties": lambda vms, host: vms.get_all(native=True).all(),
    "an abandoned listing": lambda vms, host: next(iter(vms.get_all(page_size=2, host=host))),
    "a page token": lambda vms, host: next(vms.get_all(page_size=2, host=host).pages()),
    "pages that were fetched ahead": lambda vms, host: list(zip(vms.get_all(page_size=2).pages(), "ab", strict=False)),
    "a watch": lambda vms, host: vms.watch(host=host).close(),
}


@pytest.mark.parametrize("use", USES)
@pytest.mark.parametrize("closed", [True, False])
def test_an_unreferenced_provider_is_freed_and_logged_out(use: str, closed: bool) -> None:
    provider = hvlib.connect("sim://?vms=12")
    lab = provider.native
    host = next(vm.host for vm in provider.compute.vms.get_all() if vm.host)
    USES[use](provider.compute.vms, host)
    if closed:
        provider.close()
    known = weakref.ref(provider)
    del provider, host
    until = time.monotonic() + PATIENCE
    while known() is not None and time.monotonic() < until:  # A page that is being fetched ahead holds its provider.
        gc.collect()
    assert known() is None
    assert lab.open_sessions == 0
