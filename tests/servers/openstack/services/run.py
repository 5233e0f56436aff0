"""``python -m servers.openstack.services.run serve|migrate PROJECT [DESCRIPTOR...]``, in the services' folder.

Serves a project at the listening sockets that it inherits, the public one first, or creates its databases. Prints a
line of JSON on standard output when it is ready, and ends when its standard input closes.
"""

from __future__ import annotations

import gc
import importlib
import json
import os
import socket
import sys
from pathlib import Path
from typing import Any, TextIO

import waitress

from servers.openstack.services.request_log import RequestLog
from servers.openstack.settings import Settings
from servers.openstack.tether import end_with_standard_input

__all__ = ["main"]

THREADS = 8
PATCHES = ("policy_memory", "sqlite_threads", "token_memory")


def main(action: str, project: str, *descriptors: str) -> None:
    gc.disable()  # imported objects stay: searching them for garbage took a fourth of the start
    end_with_standard_input()
    ready = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # a service's output goes to the log
    sys.argv = [project]  # the services read sys.argv, and our arguments are not for them
    for patch in PATCHES:
        _module(patch).install()
    settings = Settings.read(Path())
    module = _module(project)
    if action == "migrate":
        module.migrate(settings)
        _report(ready, project=project)
        return
    sockets = [socket.socket(fileno=int(descriptor)) for descriptor in descriptors]
    application = RequestLog(module.application(settings), project, sockets[0])
    gc.freeze()
    gc.enable()
    _report(ready, project=project)
    waitress.serve(application, sockets=sockets, threads=THREADS, ident=None, _quiet=True)


def _module(name: str) -> Any:
    return importlib.import_module(f"servers.openstack.services.{name}")


def _report(ready: TextIO, **values: str) -> None:
    with ready:
        print(json.dumps(values), file=ready)


if __name__ == "__main__":
    main(*sys.argv[1:])
