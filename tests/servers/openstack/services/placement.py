"""placement: the free resources of the hosts."""

from __future__ import annotations

import sys
from typing import Any

from servers.openstack.settings import Settings

__all__ = ["application", "migrate"]


def migrate(_: Settings) -> None:
    from placement.cmd import manage

    sys.argv = ["placement-manage", "--config-file", "placement.conf", "db", "sync"]
    try:
        manage.main()
    except SystemExit as end:
        if end.code:
            raise


def application(_: Settings) -> Any:
    from placement.wsgi import api

    return api.application
