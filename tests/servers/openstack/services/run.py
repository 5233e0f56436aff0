"""``python -m servers.openstack.services.run serve|migrate PROJECT [DESCRIPTOR...]``, in the services' folder.

Serves a project at the listening sockets that it inherits, the public one first, or makes its databases. Says so in a
line of JSON on standard output, and ends when its standard input closes.
"""

from __future__ import annotations

import importlib
import json
import os
import socket
import sys
from pathlib import Path
from typing import TextIO

import waitress

from servers.openstack.services import sqlite_threads, token_memory
from servers.openstack.services.request_log import RequestLog
from servers.openstack.settings import Settings
from servers.openstack.tether import end_with_standard_input

__all__ = ["main"]

THREADS = 8


def main(action: str, project: str, *descriptors: str) -> None:
    end_with_standard_input()
    ready = os.fdopen(os.dup(1), "w")
    os.dup2(2, 1)  # what a service prints is for the log
    sys.argv = [project]  # ours are not the services', which read them
    sqlite_threads.install()
    token_memory.install()
    settings = Settings.read(Path())
    module = importlib.import_module(f"servers.openstack.services.{project}")
    if action == "migrate":
        module.migrate(settings)
        _say(ready, project=project)
        return
    sockets = [socket.socket(fileno=int(descriptor)) for descriptor in descriptors]
    application = RequestLog(module.application(settings), Path("requests", project), sockets[0])
    _say(ready, project=project)
    waitress.serve(application, sockets=sockets, threads=THREADS, ident=None, _quiet=True)


def _say(ready: TextIO, **what: str) -> None:
    with ready:
        print(json.dumps(what), file=ready)


if __name__ == "__main__":
    main(*sys.argv[1:])
