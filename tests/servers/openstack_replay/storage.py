"""Images and volumes in the OpenStack replay."""

from __future__ import annotations

from servers.openstack_replay.region import PROJECT_ID, USER_ID, Kind, Record, Region, made_at, stamp, uuid

__all__ = ["image", "volume"]


def image(region: Region, number: int) -> Record:
    """Return an image."""
    id, day = uuid(Kind.IMAGE, number), stamp(made_at(number))
    return {
        "hw_disk_bus": "virtio",
        "os_distro": "ubuntu",
        "os_version": "24.04",
        "name": f"image-{number:03}",
        "disk_format": "qcow2",
        "container_format": "bare",
        "visibility": "public",
        "size": 600_000_000 + number,
        "virtual_size": 3_758_096_384,
        "status": "active",
        "checksum": f"{number:032x}",
        "protected": False,
        "min_ram": 0,
        "min_disk": 4,
        "owner": PROJECT_ID,
        "os_hidden": False,
        "os_hash_algo": "sha512",
        "os_hash_value": f"{number:0128x}",
        "id": id,
        "created_at": day,
        "updated_at": day,
        "tags": [],
        "self": f"/v2/images/{id}",
        "file": f"/v2/images/{id}/file",
        "schema": "/v2/schemas/image",
    }


def volume(region: Region, number: int) -> Record:
    """Return the volume of the server with four times this number."""
    id, day, server = uuid(Kind.VOLUME, number), f"{stamp(made_at(number))[:-1]}.000000", number * 4
    attachment = {
        "id": id,
        "attachment_id": uuid(Kind.ATTACHMENT, number),
        "volume_id": id,
        "server_id": uuid(Kind.SERVER, server),
        "host_name": region.host(server),
        "device": "/dev/vda",
        "attached_at": day,
    }
    return {
        "id": id,
        "status": "in-use",
        "size": 20,
        "availability_zone": "nova",
        "created_at": day,
        "updated_at": day,
        "name": f"volume-{number:05}",
        "description": None,
        "volume_type": "fast" if number % 2 else "slow",
        "snapshot_id": None,
        "source_volid": None,
        "metadata": {},
        "links": [
            {"rel": "self", "href": f"{region.origin}/volume/v3/volumes/{id}"},
            {"rel": "bookmark", "href": f"{region.origin}/volume/volumes/{id}"},
        ],
        "user_id": USER_ID,
        "bootable": "true",
        "encrypted": False,
        "replication_status": None,
        "consistencygroup_id": None,
        "multiattach": False,
        "attachments": [attachment],
        "migration_status": None,
        "os-vol-host-attr:host": "storage-1@lvm#lvm",
        "os-vol-tenant-attr:tenant_id": PROJECT_ID,
        "os-vol-mig-status-attr:migstat": None,
        "os-vol-mig-status-attr:name_id": None,
        "group_id": None,
        "provider_id": None,
        "service_uuid": uuid(Kind.SERVICE, 0),
        "shared_targets": False,
        "cluster_name": None,
        "volume_type_id": uuid(Kind.TYPE, number % 2),
        "consumes_quota": True,
    }
