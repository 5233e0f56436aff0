"""A simulated XenServer or XCP-ng pool, faithful to the wire: ``python -m hvlib_xapi_simulator``.

It serves XenAPI over XML-RPC and JSON-RPC to any client. ``Simulator`` is the same in a Python process.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from hvlib_xapi_simulator.settings import Settings
    from hvlib_xapi_simulator.simulator import Simulator

__all__ = ["Settings", "Simulator"]


def __getattr__(name: str) -> Any:
    """Import the simulator when it is first used: ``hv --help`` imports this package for one command's help."""
    if name == "Settings":
        from hvlib_xapi_simulator.settings import Settings

        return Settings
    if name == "Simulator":
        from hvlib_xapi_simulator.simulator import Simulator

        return Simulator
    raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
