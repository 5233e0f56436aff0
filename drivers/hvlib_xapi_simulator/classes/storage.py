"""Storage: repositories, their plug-ins, their attachment to hosts, disks."""

from __future__ import annotations

from hvlib_xapi_simulator.table import table

__all__ = ["PBD", "SM", "SR", "VDI"]

SR = table(
    "SR",
    """
    uuid | string | ro
    name_label | string | new | ""
    name_description | string | new | ""
    allowed_operations | enum storage_operations set | ro | {}
    current_operations | (string -> enum storage_operations) map | ro | {}
    VDIs | VDI ref set | ro
    PBDs | PBD ref set | ro
    virtual_allocation | int | ro
    physical_utilisation | int | ro
    physical_size | int | new
    type | string | new
    content_type | string | new
    shared | bool | ro
    other_config | (string -> string) map | rw
    tags | string set | rw | {}
    sm_config | (string -> string) map | rw | {}
    blobs | (string -> blob ref) map | ro | {}
    local_cache_enabled | bool | ro | false
    introduced_by | DR_task ref | ro | OpaqueRef:NULL
    clustered | bool | ro | false
    is_tools_sr | bool | ro | false
    """,
    """
    assert_can_host_ha_statefile(SR ref sr)
    assert_supports_database_replication(SR ref sr)
    create(host ref host, (string -> string) map device_config, int physical_size, string name_label, string
        name_description, string type, string content_type, bool shared, (string -> string) map sm_config?): SR
        ref
    create_new_blob(SR ref sr, string name, string mime_type, bool public?): blob ref
    destroy(SR ref sr)
    disable_database_replication(SR ref sr)
    enable_database_replication(SR ref sr)
    forget(SR ref sr)
    sync forget_data_source_archives(SR ref sr, string data_source)
    sync get_data_sources(SR ref sr): data_source record set
    sync get_supported_types(): string set
    introduce(string uuid, string name_label, string name_description, string type, string content_type, bool
        shared, (string -> string) map sm_config?): SR ref
    make(host ref host, (string -> string) map device_config, int physical_size, string name_label, string
        name_description, string type, string content_type, (string -> string) map sm_config?): string
    probe(host ref host, (string -> string) map device_config, string type, (string -> string) map sm_config?):
        string
    probe_ext(host ref host, (string -> string) map device_config, string type, (string -> string) map
        sm_config?): probe_result record set
    sync query_data_source(SR ref sr, string data_source): float
    sync record_data_source(SR ref sr, string data_source)
    scan(SR ref sr)
    set_name_description(SR ref sr, string value)
    set_name_label(SR ref sr, string value)
    sync set_physical_size(SR ref self, int value)
    set_shared(SR ref sr, bool value)
    update(SR ref sr)
    """,
)

SM = table(
    "SM",
    """
    uuid | string | ro
    name_label | string | ro | ""
    name_description | string | ro | ""
    type | string | ro
    vendor | string | ro
    copyright | string | ro
    version | string | ro
    required_api_version | string | ro
    configuration | (string -> string) map | ro
    capabilities | string set | ro | {}
    features | (string -> int) map | ro | {}
    other_config | (string -> string) map | rw | {}
    driver_filename | string | ro | ""
    required_cluster_stack | string set | ro | {}
    supported_image_formats | enum image_format_type set | ro | {}
    """,
)

VDI = table(
    "VDI",
    """
    uuid | string | ro
    name_label | string | new | ""
    name_description | string | new | ""
    allowed_operations | enum vdi_operations set | ro | {}
    current_operations | (string -> enum vdi_operations) map | ro | {}
    SR | SR ref | new
    VBDs | VBD ref set | ro
    crash_dumps | crashdump ref set | ro
    virtual_size | int | new
    physical_utilisation | int | ro
    type | enum vdi_type | new
    sharable | bool | new
    read_only | bool | new
    other_config | (string -> string) map | rw
    storage_lock | bool | ro
    location | string | ro | ""
    managed | bool | ro
    missing | bool | ro
    parent | VDI ref | ro
    xenstore_data | (string -> string) map | rw | {}
    sm_config | (string -> string) map | rw | {}
    is_a_snapshot | bool | ro | false
    snapshot_of | VDI ref | ro | OpaqueRef:NULL
    snapshots | VDI ref set | ro
    snapshot_time | datetime | ro | 19700101T00:00:00Z
    tags | string set | rw | {}
    allow_caching | bool | ro | false
    on_boot | enum on_boot | ro | persist
    metadata_of_pool | pool ref | ro | OpaqueRef:NULL
    metadata_latest | bool | ro | false
    is_tools_iso | bool | ro | false
    cbt_enabled | bool | ro | false
    """,
    """
    clone(VDI ref vdi, (string -> string) map driver_params?): VDI ref
    copy(VDI ref vdi, SR ref sr?, VDI ref base_vdi?, VDI ref into_vdi?): VDI ref
    data_destroy(VDI ref self)
    disable_cbt(VDI ref self)
    enable_cbt(VDI ref self)
    forget(VDI ref vdi)
    sync get_nbd_info(VDI ref self): vdi_nbd_server_info record set
    introduce(string uuid, string name_label, string name_description, SR ref SR, enum vdi_type type, bool
        sharable, bool read_only, (string -> string) map other_config, string location, (string -> string) map
        xenstore_data?, (string -> string) map sm_config?, bool managed?, int virtual_size?, int
        physical_utilisation?, pool ref metadata_of_pool?, bool is_a_snapshot?, datetime snapshot_time?, VDI ref
        snapshot_of?): VDI ref
    list_changed_blocks(VDI ref vdi_from, VDI ref vdi_to): string
    open_database(VDI ref self): session ref
    pool_migrate(VDI ref vdi, SR ref sr, (string -> string) map options): VDI ref
    read_database_pool_uuid(VDI ref self): string
    resize(VDI ref vdi, int size)
    resize_online(VDI ref vdi, int size)
    revert(VDI ref snapshot)
    set_allow_caching(VDI ref self, bool value)
    set_name_description(VDI ref self, string value)
    set_name_label(VDI ref self, string value)
    set_on_boot(VDI ref self, enum on_boot value)
    sync set_read_only(VDI ref self, bool value)
    sync set_sharable(VDI ref self, bool value)
    snapshot(VDI ref vdi, (string -> string) map driver_params?): VDI ref
    update(VDI ref vdi)
    """,
    made=True,
)

PBD = table(
    "PBD",
    """
    uuid | string | ro
    host | host ref | new
    SR | SR ref | new
    device_config | (string -> string) map | new
    currently_attached | bool | ro
    other_config | (string -> string) map | rw | {}
    """,
    """
    plug(PBD ref self)
    set_device_config(PBD ref self, (string -> string) map value)
    unplug(PBD ref self)
    """,
    made=True,
)
