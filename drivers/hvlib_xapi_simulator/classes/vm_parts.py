"""The classes of parts of a VM: metrics, disks' and networks' attachments, consoles, appliances."""

from __future__ import annotations

from hvlib_xapi_simulator.table import table

__all__ = [
    "VBD",
    "VIF",
    "VBD_metrics",
    "VIF_metrics",
    "VM_appliance",
    "VM_guest_metrics",
    "VM_metrics",
    "console",
    "crashdump",
]

VM_metrics = table(
    "VM_metrics",
    """
    uuid | string | ro
    memory_actual | int | ro
    VCPUs_number | int | ro
    VCPUs_utilisation | (int -> float) map | ro | {}
    VCPUs_CPU | (int -> int) map | ro
    VCPUs_params | (string -> string) map | ro
    VCPUs_flags | (int -> string set) map | ro
    state | string set | ro
    start_time | datetime | ro
    install_time | datetime | ro
    last_updated | datetime | ro
    other_config | (string -> string) map | rw | {}
    hvm | bool | ro | false
    nested_virt | bool | ro | false
    nomigrate | bool | ro | false
    current_domain_type | enum domain_type | ro | unspecified
    numa_optimised | bool | new | false
    numa_nodes | int | new | 0
    numa_node_memory | (int -> int) map | ro | {}
    """,
    removed="get_VCPUs_utilisation",
)

VM_guest_metrics = table(
    "VM_guest_metrics",
    """
    uuid | string | ro
    os_version | (string -> string) map | ro
    netbios_name | (string -> string) map | ro | {}
    PV_drivers_version | (string -> string) map | ro
    PV_drivers_up_to_date | bool | ro
    memory | (string -> string) map | ro | {}
    disks | (string -> string) map | ro | {}
    networks | (string -> string) map | ro
    other | (string -> string) map | ro
    last_updated | datetime | ro
    other_config | (string -> string) map | rw | {}
    live | bool | ro | false
    can_use_hotplug_vbd | enum tristate_type | ro | unspecified
    can_use_hotplug_vif | enum tristate_type | ro | unspecified
    PV_drivers_detected | bool | ro | false
    services | (string -> string) map | ro | {}
    """,
    removed="get_disks get_memory",
)

VM_appliance = table(
    "VM_appliance",
    """
    uuid | string | ro
    name_label | string | rw | ""
    name_description | string | rw | ""
    allowed_operations | enum vm_appliance_operation set | ro | {}
    current_operations | (string -> enum vm_appliance_operation) map | ro | {}
    VMs | VM ref set | ro
    """,
    """
    assert_can_be_recovered(VM_appliance ref self, session ref session_to)
    clean_shutdown(VM_appliance ref self)
    get_SRs_required_for_recovery(VM_appliance ref self, session ref session_to): SR ref set
    hard_shutdown(VM_appliance ref self)
    recover(VM_appliance ref self, session ref session_to, bool force)
    shutdown(VM_appliance ref self)
    start(VM_appliance ref self, bool paused)
    """,
    made=True,
)

VBD = table(
    "VBD",
    """
    uuid | string | ro
    allowed_operations | enum vbd_operations set | ro | {}
    current_operations | (string -> enum vbd_operations) map | ro | {}
    VM | VM ref | new
    VDI | VDI ref | new
    device | string | new | ""
    userdevice | string | rw
    bootable | bool | rw
    mode | enum vbd_mode | new
    type | enum vbd_type | rw
    unpluggable | bool | rw | true
    storage_lock | bool | ro
    empty | bool | new
    other_config | (string -> string) map | rw
    currently_attached | bool | new | false
    status_code | int | ro
    status_detail | string | ro
    runtime_properties | (string -> string) map | ro
    qos_algorithm_type | string | rw
    qos_algorithm_params | (string -> string) map | rw
    qos_supported_algorithms | string set | ro
    metrics | VBD_metrics ref | ro | OpaqueRef:NULL
    """,
    """
    assert_attachable(VBD ref self)
    eject(VBD ref vbd)
    insert(VBD ref vbd, VDI ref vdi)
    plug(VBD ref self)
    set_mode(VBD ref self, enum vbd_mode value)
    unplug(VBD ref self)
    unplug_force(VBD ref self)
    """,
    made=True,
    removed="get_metrics",
)

VBD_metrics = table(
    "VBD_metrics",
    """
    uuid | string | ro
    io_read_kbs | float | ro | 0.
    io_write_kbs | float | ro | 0.
    last_updated | datetime | ro | 19700101T00:00:00Z
    other_config | (string -> string) map | rw | {}
    """,
    removed="""
    add_to_other_config get_all get_all_records get_by_uuid get_io_read_kbs get_io_write_kbs get_last_updated
    get_other_config get_record remove_from_other_config set_other_config
    """,
)

VIF = table(
    "VIF",
    """
    uuid | string | ro
    allowed_operations | enum vif_operations set | ro | {}
    current_operations | (string -> enum vif_operations) map | ro | {}
    device | string | new
    network | network ref | new
    VM | VM ref | new
    MAC | string | new
    MTU | int | new
    other_config | (string -> string) map | rw
    currently_attached | bool | new | false
    status_code | int | ro
    status_detail | string | ro
    runtime_properties | (string -> string) map | ro
    qos_algorithm_type | string | rw
    qos_algorithm_params | (string -> string) map | rw
    qos_supported_algorithms | string set | ro
    metrics | VIF_metrics ref | ro | OpaqueRef:NULL
    MAC_autogenerated | bool | ro | false
    locking_mode | enum vif_locking_mode | new | network_default
    ipv4_allowed | string set | new | {}
    ipv6_allowed | string set | new | {}
    ipv4_configuration_mode | enum vif_ipv4_configuration_mode | ro | None
    ipv4_addresses | string set | ro | {}
    ipv4_gateway | string | ro | ""
    ipv6_configuration_mode | enum vif_ipv6_configuration_mode | ro | None
    ipv6_addresses | string set | ro | {}
    ipv6_gateway | string | ro | ""
    trunks | int set | new | {}
    """,
    """
    add_ipv4_allowed(VIF ref self, string value)
    add_ipv6_allowed(VIF ref self, string value)
    add_trunks(VIF ref self, int value)
    configure_ipv4(VIF ref self, enum vif_ipv4_configuration_mode mode, string address?, string gateway?)
    configure_ipv6(VIF ref self, enum vif_ipv6_configuration_mode mode, string address?, string gateway?)
    move(VIF ref self, network ref network)
    plug(VIF ref self)
    remove_ipv4_allowed(VIF ref self, string value)
    remove_ipv6_allowed(VIF ref self, string value)
    remove_trunks(VIF ref self, int value)
    set_ipv4_allowed(VIF ref self, string set value)
    set_ipv6_allowed(VIF ref self, string set value)
    set_locking_mode(VIF ref self, enum vif_locking_mode value)
    set_trunks(VIF ref self, int set value)
    unplug(VIF ref self)
    unplug_force(VIF ref self)
    """,
    made=True,
    removed="get_metrics",
)

VIF_metrics = table(
    "VIF_metrics",
    """
    uuid | string | ro
    io_read_kbs | float | ro | 0.
    io_write_kbs | float | ro | 0.
    last_updated | datetime | ro
    other_config | (string -> string) map | rw | {}
    """,
    removed="get_all get_all_records get_by_uuid get_io_read_kbs get_io_write_kbs get_record",
)

console = table(
    "console",
    """
    uuid | string | ro
    protocol | enum console_protocol | ro
    location | string | ro
    VM | VM ref | ro
    other_config | (string -> string) map | rw
    """,
    made=True,
)

crashdump = table(
    "crashdump",
    """
    uuid | string | ro
    VM | VM ref | new
    VDI | VDI ref | new
    other_config | (string -> string) map | rw | {}
    """,
    """
    destroy(crashdump ref self)
    """,
)
