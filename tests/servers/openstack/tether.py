"""End together with the process that started us: our standard input closes when it ends, even if it is killed.

``python -m servers.openstack.tether MODULE ARGUMENT...`` runs a module this way.
"""

from __future__ import annotations

import os
import runpy
import sys
import threading

__all__ = ["end_with_standard_input"]


def end_with_standard_input() -> None:
    """End this process at once when its standard input closes."""
    threading.Thread(target=_watch, name="tether", daemon=True).start()


def _watch() -> None:
    while os.read(0, 1024):
        pass
    os._exit(0)


if __name__ == "__main__":
    end_with_standard_input()
    sys.argv = sys.argv[1:]
    runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
