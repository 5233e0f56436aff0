"""A wire to a region whose services have an address each."""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import urlsplit

from hvlib.conformance import CountingProxy, Wire
from hvlib.conformance.wire import Turns

__all__ = ["RegionWire"]


class RegionWire(Wire):
    """A proxy for each service. Turns are counted over all of them."""

    def __init__(self, services: Mapping[str, str]) -> None:
        self._turns = Turns()
        self._proxies: dict[str, CountingProxy] = {}
        for name, address in services.items():
            parts = urlsplit(address)
            assert parts.hostname is not None
            assert parts.port is not None
            self._proxies[name] = CountingProxy(parts.hostname, parts.port, self._turns)

    @property
    def address(self) -> tuple[str, int]:
        """The address where clients log in; the other services are in `services`."""
        return self._proxies["keystone"].address

    @property
    def services(self) -> Mapping[str, str]:
        """The addresses that clients connect to, by service."""
        return {name: "http://{}:{}".format(*proxy.address) for name, proxy in self._proxies.items()}

    @property
    def turns(self) -> int:
        """`Wire.turns`."""
        return self._turns.number

    def cut(self) -> None:
        """`Wire.cut`."""
        for proxy in self._proxies.values():
            proxy.cut()

    def cut_after(self, turns: int | None) -> None:
        """`Wire.cut_after`."""
        self._turns.cut_after(turns)

    def close(self) -> None:
        """`Wire.close`."""
        for proxy in self._proxies.values():
            proxy.close()
