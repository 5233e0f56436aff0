"""cinder: volumes. The scheduler and two backends run in the API's process, where the fake message bus reaches them."""

from __future__ import annotations

import os
import sys
from typing import Any

from servers.openstack.settings import Settings

__all__ = ["application", "migrate"]


def migrate(_: Settings) -> None:
    from cinder.cmd import manage

    sys.argv = ["cinder-manage", "--config-file", "cinder.conf", "db", "sync"]
    manage.main()


def application(_: Settings) -> Any:
    sys.argv = ["cinder", "--config-file", "cinder.conf"]
    os.environ["OS_CINDER_DISABLE_EVENTLET_PATCHING"] = "1"
    from cinder import monkey_patch

    monkey_patch.patch()  # chooses threads instead of eventlet
    import os_brick
    from cinder import service
    from cinder.wsgi import api
    from oslo_config import cfg

    settings = cfg.CONF
    os_brick.setup(settings)
    for name in settings.enabled_backends:
        settings.register_opt(cfg.StrOpt("backend_host"), group=name)  # as cinder-volume does
        service.Service.create(
            host=f"{settings.host}@{name}", service_name=name, binary="cinder-volume", coordination=True
        ).start()
    service.Service.create(binary="cinder-scheduler").start()
    return api.application
