"""Compute's records in the OpenStack replay.

They have the format of microversion 2.96, whichever the client requests. The exception is hypervisors: only below 2.88
they have sizes, and clients must handle both formats.
"""

from __future__ import annotations

from servers.openstack_replay.region import (
    FLAVORS,
    IMAGES,
    NETWORKS,
    PROJECT_ID,
    USER_ID,
    Kind,
    Record,
    Region,
    address,
    mac,
    made_at,
    stamp,
    uuid,
)

__all__ = ["aggregate", "flavor", "hypervisor", "server", "sized_hypervisor"]


def server(region: Region, number: int) -> Record:
    """Return a server. Each tenth is off, each hundredth in error, and each fourth boots from its volume."""
    id, host, name, day = uuid(Kind.SERVER, number), region.host(number), f"server-{number:05}", stamp(made_at(number))
    status, vm_state, power = ("SHUTOFF", "stopped", 4) if number % 10 == 9 else ("ACTIVE", "active", 1)
    if number % 100 == 99:
        status, vm_state, power = "ERROR", "error", 0
    record: Record = {
        "id": id,
        "name": name,
        "status": status,
        "tenant_id": PROJECT_ID,
        "user_id": USER_ID,
        "metadata": {"role": f"web-{number % 7}"} if number % 2 else {},
        "hostId": f"{number % region.hosts:056x}",
        "image": "" if number % 4 == 0 else linked_image(region, number % IMAGES),
        "flavor": embedded_flavor(number % FLAVORS),
        "created": day,
        "updated": day,
        "addresses": addresses(number),
        "accessIPv4": "",
        "accessIPv6": "",
        "links": [
            {"rel": "self", "href": f"{region.origin}/compute/v2.1/servers/{id}"},
            {"rel": "bookmark", "href": f"{region.origin}/compute/servers/{id}"},
        ],
        "OS-DCF:diskConfig": "MANUAL",
        "progress": 0,
        "OS-EXT-AZ:availability_zone": "nova",
        "pinned_availability_zone": None,
        "config_drive": "",
        "key_name": "operator" if number % 3 else None,
        "OS-SRV-USG:launched_at": f"{day[:-1]}.000000",
        "OS-SRV-USG:terminated_at": None,
        "security_groups": [{"name": "default"}],
        "OS-EXT-SRV-ATTR:host": host,
        "OS-EXT-SRV-ATTR:instance_name": f"instance-{number:08x}",
        "OS-EXT-SRV-ATTR:hypervisor_hostname": f"{host}.example.org",
        "OS-EXT-SRV-ATTR:reservation_id": f"r-{number:08x}",
        "OS-EXT-SRV-ATTR:launch_index": 0,
        "OS-EXT-SRV-ATTR:hostname": name,
        "OS-EXT-SRV-ATTR:kernel_id": "",
        "OS-EXT-SRV-ATTR:ramdisk_id": "",
        "OS-EXT-SRV-ATTR:root_device_name": "/dev/vda",
        "OS-EXT-SRV-ATTR:user_data": None,
        "OS-EXT-STS:task_state": None,
        "OS-EXT-STS:vm_state": vm_state,
        "OS-EXT-STS:power_state": power,
        "os-extended-volumes:volumes_attached": (
            [{"id": uuid(Kind.VOLUME, number // 4), "delete_on_termination": True}] if number % 4 == 0 else []
        ),
        "host_status": "UP",
        "locked": False,
        "locked_reason": None,
        "description": None,
        "tags": ["production"] if number % 5 == 0 else [],
        "trusted_image_certificates": None,
    }
    if status == "ERROR":
        record["fault"] = {"code": 500, "created": day, "message": "No valid host was found. "}
    return record


def flavor(region: Region, number: int) -> Record:
    """Return a flavor."""
    embedded, id = embedded_flavor(number), str(number + 1)
    return {
        "id": id,
        "name": embedded["original_name"],
        "ram": embedded["ram"],
        "disk": embedded["disk"],
        "swap": 0,
        "OS-FLV-EXT-DATA:ephemeral": 0,
        "OS-FLV-DISABLED:disabled": False,
        "vcpus": embedded["vcpus"],
        "os-flavor-access:is_public": True,
        "rxtx_factor": 1.0,
        "links": [
            {"rel": "self", "href": f"{region.origin}/compute/v2.1/flavors/{id}"},
            {"rel": "bookmark", "href": f"{region.origin}/compute/flavors/{id}"},
        ],
        "description": None,
        "extra_specs": embedded["extra_specs"],
    }


def hypervisor(region: Region, number: int) -> Record:
    """Return a hypervisor in the format since 2.88."""
    return {
        "id": uuid(Kind.HYPERVISOR, number),
        "hypervisor_hostname": f"compute-{number:03}.example.org",
        "state": "up",
        "status": "enabled",
        "hypervisor_type": "QEMU",
        "hypervisor_version": 8002002,
        "host_ip": f"192.0.2.{number % 250 + 1}",
        "service": {
            "id": uuid(Kind.SERVICE, number),
            "host": f"compute-{number:03}",
            "disabled_reason": None,
        },
        "uptime": " 08:32:11 up 93 days, 18:25, 12 users,  load average: 0.20, 0.12, 0.14",
        "servers": [],
    }


def sized_hypervisor(region: Region, number: int) -> Record:
    """Return a hypervisor in the format before 2.88."""
    sizes = {
        "vcpus": 64,
        "memory_mb": 524_288,
        "local_gb": 4000,
        "vcpus_used": 40,
        "memory_mb_used": 262_144,
        "local_gb_used": 1000,
        "free_ram_mb": 262_144,
        "free_disk_gb": 3000,
        "current_workload": 0,
        "running_vms": 20,
        "disk_available_least": 2900,
        "cpu_info": {"arch": "x86_64", "model": "EPYC", "vendor": "AMD", "topology": {"cores": 32, "threads": 2}},
    }
    record = hypervisor(region, number)
    del record["uptime"]
    return {**record, **sizes}


def aggregate(region: Region, number: int) -> Record:
    """Return one of the four host aggregates, with each fourth host."""
    day = f"{stamp(made_at(number))[:-1]}.000000"
    return {
        "name": f"aggregate-{number}",
        "hosts": [region.host(host) for host in range(number, region.hosts, 4)],
        "metadata": {"ssd": "true"},
        "created_at": day,
        "updated_at": None,
        "deleted_at": None,
        "deleted": False,
        "id": number + 1,
        "uuid": uuid(Kind.AGGREGATE, number),
        "availability_zone": None,
    }


def linked_image(region: Region, number: int) -> Record:
    """Return an image as a server's record has it."""
    id = uuid(Kind.IMAGE, number)
    return {"id": id, "links": [{"rel": "bookmark", "href": f"{region.origin}/compute/images/{id}"}]}


def embedded_flavor(number: int) -> Record:
    """Return a flavor as a server's record has it: without its identifier."""
    vcpus = 1 << number % 6
    return {
        "vcpus": vcpus,
        "ram": vcpus * (1024 << number // 6),
        "disk": 20,
        "ephemeral": 0,
        "swap": 0,
        "original_name": f"m{number // 6 + 1}.{vcpus}",
        "extra_specs": {"hw:cpu_policy": "shared"} if number % 2 else {},
    }


def addresses(number: int) -> Record:
    """Return a server's addresses in its network. Each fifth server has two."""
    fixed = [(4, address(number))] + ([(6, f"fd00::{number:x}")] if number % 5 == 0 else [])
    port = {"OS-EXT-IPS-MAC:mac_addr": mac(number), "OS-EXT-IPS:type": "fixed"}
    return {f"net-{number % NETWORKS}": [{"version": version, "addr": addr, **port} for version, addr in fixed]}
