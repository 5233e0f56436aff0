"""nova: servers. Conductor, scheduler and hosts run in the API's process, where the fake message bus reaches them."""

from __future__ import annotations

import os
import sys
from pathlib import Path
from typing import Any
from uuid import uuid4

from servers.openstack.projects import HOSTS
from servers.openstack.settings import Settings

__all__ = ["application", "migrate"]


def migrate(_: Settings) -> None:
    os.environ["OS_NOVA_DISABLE_EVENTLET_PATCHING"] = "1"
    from nova.cmd import manage

    manage.config.parse_args(["nova-manage", "--config-file", "nova.conf"])
    manage.objects.register_all()
    manage.ApiDbCommands().sync()
    manage.CellV2Commands().map_cell0("sqlite:///nova_cell0.sqlite")
    manage.DbCommands().sync()
    manage.CellV2Commands().create_cell("cell1")
    Path("nova", "compute_id").write_text(str(uuid4()))  # without it a host that has a record already does not start


def application(_: Settings) -> Any:
    from nova.wsgi import osapi_compute  # the first import: it chooses threads instead of eventlet

    api = osapi_compute.application
    import nova.conf
    import os_vif
    from nova import context, service
    from nova.compute import rpcapi
    from nova.objects import host_mapping
    from nova.scheduler.client import report

    from servers.openstack.services import fake_compute

    # At each change of a server, nova sends this request for each server of its host, because of PCI devices. Fake
    # hosts have no such devices.
    report.SchedulerReportClient.get_allocations_for_provider_tree = lambda *_: {}
    sys.modules["nova.virt.fake_compute"] = fake_compute  # nova looks for drivers only in nova.virt
    os_vif.initialize()
    for binary in ("nova-conductor", "nova-scheduler"):
        service.Service.create(binary=binary).start()
    for host in HOSTS:
        nova.conf.CONF.set_override("host", host)
        service.Service.create(
            host=host, binary="nova-compute", topic=rpcapi.RPC_TOPIC, topic_alt=rpcapi.RPC_TOPIC_ALT
        ).start()
    host_mapping.discover_hosts(context.get_admin_context())  # nova itself would find them only later
    return api
