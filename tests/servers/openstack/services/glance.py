"""glance: images."""

from __future__ import annotations

import sys
from typing import Any

from servers.openstack.settings import Settings

__all__ = ["application", "migrate"]


def migrate(_: Settings) -> None:
    from glance.cmd import manage

    sys.argv = ["glance-manage", "--config-file", "glance-api.conf", "db_sync"]
    manage.main()


def application(_: Settings) -> Any:
    from glance.wsgi import api

    return api.application
