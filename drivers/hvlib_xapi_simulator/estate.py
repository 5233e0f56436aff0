"""The contents of a new pool. The same settings make the same objects, with the same references and uuids."""

from __future__ import annotations

from typing import Any

from hvlib_xapi_simulator import machines
from hvlib_xapi_simulator.database import Database
from hvlib_xapi_simulator.inventory import Inventory
from hvlib_xapi_simulator.settings import Settings
from hvlib_xapi_simulator.values import now

__all__ = ["SR_OPERATIONS", "Estate"]

GIB = 2**30
CPUS = 4
MAC = "02:00:00:00:{:02x}:{:02x}"
SM_FEATURES = [
    "SR_PROBE", "SR_UPDATE", "VDI_CREATE", "VDI_DELETE", "VDI_ATTACH", "VDI_DETACH", "VDI_CLONE", "VDI_SNAPSHOT",
    "VDI_RESIZE", "VDI_RESIZE_ONLINE", "VDI_MIRROR", "VDI_GENERATE_CONFIG",
]  # fmt: skip
SR_OPERATIONS = [
    "vdi_introduce", "vdi_create", "vdi_destroy", "vdi_resize", "vdi_clone", "vdi_snapshot", "vdi_mirror",
    "vdi_enable_cbt", "vdi_disable_cbt", "vdi_data_destroy", "vdi_list_changed_blocks", "vdi_set_on_boot",
    "plug", "unplug", "update", "scan", "forget", "destroy", "pbd_create", "pbd_destroy",
]  # fmt: skip
HOST_OPERATIONS = [
    "provision", "evacuate", "shutdown", "reboot", "vm_start", "vm_resume", "vm_migrate", "apply_updates",
]  # fmt: skip
VERSION = {
    "product_version": "8.3.0",
    "product_version_text": "8.3",
    "product_version_text_short": "8.3",
    "product_brand": "XCP-ng",
    "platform_name": "XCP",
    "platform_version": "3.4.0",
    "hostname": "localhost",
    "build_number": "cloud",
    "xapi": "26.17",
    "xapi_build": "26.17.0",
    "network_backend": "openvswitch",
}
HOST: dict[str, Any] = {
    "name_description": "A simulated host",
    "enabled": True,
    "API_version_major": 2,
    "API_version_minor": 21,
    "API_version_vendor": "XenSource",
    "allowed_operations": HOST_OPERATIONS,
    "capabilities": ["xen-3.0-x86_64", "hvm-3.0-x86_64"],
    "other_config": {"agent_start_time": "1700000000.", "boot_time": "1700000000."},
    "edition": "xcp-ng",
    "sched_policy": "credit",
}
INTERFACE: dict[str, Any] = {
    "device": "eth0",
    "MTU": 1500,
    "VLAN": -1,
    "physical": True,
    "currently_attached": True,
    "ip_configuration_mode": "Static",
    "netmask": "255.255.255.0",
    "management": True,
}


class Estate:
    """The hosts, the storage, the networks and the machines of a new pool, as the settings say."""

    def __init__(self, settings: Settings, addresses: list[str]) -> None:
        self._settings = settings
        self._inventory = Inventory(settings.seed)
        self._addresses = addresses

    def fill(self, database: Database) -> list[str]:
        """Put everything into an empty database; return the hosts."""
        add = self._inventory.add
        pool = add("pool", name_label="hvlib", name_description="A simulated pool")
        network = add("network", name_label="Pool-wide network associated with eth0", bridge="xenbr0", MTU=1500)
        add("network", name_label="Isolated", bridge="xapi1", MTU=1500, other_config={"purpose": "tests"})
        hosts = [self._add_host(number, network) for number in range(self._settings.hosts)]
        shared = self._add_storage("Shared storage", "nfs", shared=True, hosts=hosts)
        for number, host in enumerate(hosts):
            self._add_storage(f"Local storage {number + 1}", "ext", shared=False, hosts=[host])
        self._inventory.objects["pool"][pool].update(master=hosts[0], default_SR=shared, suspend_image_SR=shared)
        self._add_plugins()
        machines.add(self._inventory, self._settings.vms, hosts, shared, network)
        self._inventory.load(database)
        return hosts

    def _add_host(self, number: int, network: str) -> str:
        add = self._inventory.add
        memory = (64 + 4 * self._settings.vms) * GIB
        metrics = add("host_metrics", memory_total=memory, memory_free=memory, live=True, last_updated=now())
        # Hosts that answer no calls have loopback addresses too, for clients that look for a new master.
        silent = f"127.1.{number // 256}.{number % 256}"
        address = self._addresses[number] if number < len(self._addresses) else silent
        name = f"host-{number + 1}"
        host = add(
            "host",
            name_label=name,
            hostname=name,
            address=address,
            metrics=metrics,
            software_version={**VERSION, "hostname": name},
            cpu_info=_cpu_info(),
            **HOST,
        )
        for cpu in range(CPUS):
            add("host_cpu", host=host, number=cpu, vendor="GenuineIntel", speed=2400, modelname="Simulated CPU")
        self._add_interface(number, network, host, address)
        return host

    def _add_interface(self, number: int, network: str, host: str, address: str) -> None:
        carrier = {"carrier": True, "speed": 10_000, "duplex": True, "device_name": "Simulated NIC"}
        metrics = self._inventory.add("PIF_metrics", **carrier)
        mac = MAC.format(number // 256, number % 256)
        self._inventory.add("PIF", network=network, host=host, MAC=mac, metrics=metrics, IP=address, **INTERFACE)

    def _add_storage(self, name: str, type: str, shared: bool, hosts: list[str]) -> str:
        repository = self._inventory.add(
            "SR",
            name_label=name,
            type=type,
            content_type="user",
            shared=shared,
            physical_size=(1024 + 32 * self._settings.vms) * GIB,
            allowed_operations=SR_OPERATIONS,
        )
        for host in hosts:
            config = {"server": "192.0.2.254", "serverpath": "/srv"} if shared else {"device": "/dev/sda3"}
            self._inventory.add("PBD", host=host, SR=repository, device_config=config, currently_attached=True)
        return repository

    def _add_plugins(self) -> None:
        for type in ("nfs", "ext", "iso"):
            self._inventory.add(
                "SM",
                name_label=type.upper(),
                type=type,
                vendor="hvlib",
                version="1.0",
                required_api_version="1.1",
                capabilities=SM_FEATURES,
                features=dict.fromkeys(SM_FEATURES, 1),
            )


def _cpu_info() -> dict[str, str]:
    return {
        "cpu_count": str(CPUS),
        "socket_count": "1",
        "vendor": "GenuineIntel",
        "speed": "2400.000",
        "modelname": "Simulated CPU",
        "features": "",
    }
