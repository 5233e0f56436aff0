"""A simulated XenServer or XCP-ng pool, faithful to the wire: ``python -m hvlib_xapi_simulator``.

It serves XenAPI over XML-RPC and JSON-RPC to any client. ``Simulator`` is the same in a Python process.
"""

from __future__ import annotations

from hvlib_xapi_simulator.settings import Settings
from hvlib_xapi_simulator.simulator import Simulator

__all__ = ["Settings", "Simulator"]
