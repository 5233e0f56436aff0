"""Networks and the interfaces of hosts."""

from __future__ import annotations

from hvlib_xapi_simulator.table import table

__all__ = ["PIF", "VLAN", "Bond", "PIF_metrics", "network"]

network = table(
    "network",
    """
    uuid | string | ro
    name_label | string | rw | ""
    name_description | string | rw | ""
    allowed_operations | enum network_operations set | ro | {}
    current_operations | (string -> enum network_operations) map | ro | {}
    VIFs | VIF ref set | ro
    PIFs | PIF ref set | ro
    MTU | int | rw | 1500
    other_config | (string -> string) map | rw
    bridge | string | new | ""
    managed | bool | new | true
    blobs | (string -> blob ref) map | ro | {}
    tags | string set | rw | {}
    default_locking_mode | enum network_default_locking_mode | ro | unlocked
    assigned_ips | (VIF ref -> string) map | ro | {}
    purpose | enum network_purpose set | ro | {}
    """,
    """
    add_purpose(network ref self, enum network_purpose value)
    create_new_blob(network ref network, string name, string mime_type, bool public?): blob ref
    remove_purpose(network ref self, enum network_purpose value)
    set_default_locking_mode(network ref network, enum network_default_locking_mode value)
    """,
    made=True,
)

PIF = table(
    "PIF",
    """
    uuid | string | ro
    device | string | new
    network | network ref | new
    host | host ref | new
    MAC | string | new
    MTU | int | new
    VLAN | int | new
    metrics | PIF_metrics ref | ro
    physical | bool | ro | false
    currently_attached | bool | ro | true
    ip_configuration_mode | enum ip_configuration_mode | ro | None
    IP | string | ro | ""
    netmask | string | ro | ""
    gateway | string | ro | ""
    DNS | string | ro | ""
    bond_slave_of | Bond ref | ro | OpaqueRef:NULL
    bond_master_of | Bond ref set | ro
    VLAN_master_of | VLAN ref | ro | OpaqueRef:NULL
    VLAN_slave_of | VLAN ref set | ro
    management | bool | ro | false
    other_config | (string -> string) map | rw | {}
    disallow_unplug | bool | ro | false
    tunnel_access_PIF_of | tunnel ref set | ro
    tunnel_transport_PIF_of | tunnel ref set | ro
    ipv6_configuration_mode | enum ipv6_configuration_mode | ro | None
    IPv6 | string set | ro | {}
    ipv6_gateway | string | ro | ""
    primary_address_type | enum primary_address_type | ro | IPv4
    managed | bool | new | true
    properties | (string -> string) map | ro | {}
    capabilities | string set | ro | {}
    igmp_snooping_status | enum pif_igmp_status | ro | unknown
    sriov_physical_PIF_of | network_sriov ref set | ro
    sriov_logical_PIF_of | network_sriov ref set | ro
    PCI | PCI ref | ro | OpaqueRef:NULL
    """,
    """
    create_VLAN(string device, network ref network, host ref host, int VLAN): PIF ref
    db_forget(PIF ref self)
    db_introduce(string device, network ref network, host ref host, string MAC, int MTU, int VLAN, bool physical,
        enum ip_configuration_mode ip_configuration_mode, string IP, string netmask, string gateway, string DNS,
        Bond ref bond_slave_of, VLAN ref VLAN_master_of, bool management, (string -> string) map other_config,
        bool disallow_unplug?, enum ipv6_configuration_mode ipv6_configuration_mode?, string set IPv6?, string
        ipv6_gateway?, enum primary_address_type primary_address_type?, bool managed?, (string -> string) map
        properties?): PIF ref
    destroy(PIF ref self)
    forget(PIF ref self)
    introduce(host ref host, string MAC, string device, bool managed?): PIF ref
    plug(PIF ref self)
    reconfigure_ip(PIF ref self, enum ip_configuration_mode mode, string IP, string netmask, string gateway,
        string DNS)
    reconfigure_ipv6(PIF ref self, enum ipv6_configuration_mode mode, string IPv6, string gateway, string DNS)
    scan(host ref host)
    set_disallow_unplug(PIF ref self, bool value)
    set_primary_address_type(PIF ref self, enum primary_address_type primary_address_type)
    set_property(PIF ref self, string name, string value)
    unplug(PIF ref self)
    """,
)

PIF_metrics = table(
    "PIF_metrics",
    """
    uuid | string | ro
    io_read_kbs | float | ro | 0.
    io_write_kbs | float | ro | 0.
    carrier | bool | ro
    vendor_id | string | ro
    vendor_name | string | ro
    device_id | string | ro
    device_name | string | ro
    speed | int | ro
    duplex | bool | ro
    pci_bus_path | string | ro
    last_updated | datetime | ro
    other_config | (string -> string) map | rw | {}
    """,
    removed="get_io_read_kbs get_io_write_kbs",
)

Bond = table(
    "Bond",
    """
    uuid | string | ro
    master | PIF ref | new | OpaqueRef:NULL
    slaves | PIF ref set | ro
    other_config | (string -> string) map | rw | {}
    primary_slave | PIF ref | ro | OpaqueRef:NULL
    mode | enum bond_mode | ro | balance-slb
    properties | (string -> string) map | ro | {}
    links_up | int | ro | 0
    auto_update_mac | bool | ro | true
    """,
    """
    create(network ref network, PIF ref set members, string MAC, enum bond_mode mode?, (string -> string) map
        properties?): Bond ref
    destroy(Bond ref self)
    set_mode(Bond ref self, enum bond_mode value)
    set_property(Bond ref self, string name, string value)
    """,
)

VLAN = table(
    "VLAN",
    """
    uuid | string | ro
    tagged_PIF | PIF ref | new | OpaqueRef:NULL
    untagged_PIF | PIF ref | ro | OpaqueRef:NULL
    tag | int | new | -1
    other_config | (string -> string) map | rw | {}
    """,
    """
    create(PIF ref tagged_PIF, int tag, network ref network): VLAN ref
    destroy(VLAN ref self)
    """,
)
