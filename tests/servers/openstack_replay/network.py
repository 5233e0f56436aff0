"""Networking's records in the OpenStack replay."""

from __future__ import annotations

from servers.openstack_replay.region import (
    NETWORKS,
    PROJECT_ID,
    Kind,
    Record,
    Region,
    address,
    mac,
    made_at,
    stamp,
    uuid,
)

__all__ = ["network", "port", "subnet"]


def network(region: Region, number: int) -> Record:
    """Return a network with one subnet."""
    return {
        "id": uuid(Kind.NETWORK, number),
        "name": f"net-{number}",
        "admin_state_up": True,
        "status": "ACTIVE",
        "subnets": [uuid(Kind.SUBNET, number)],
        "shared": False,
        "router:external": False,
        "is_default": False,
        "availability_zones": ["nova"],
        "availability_zone_hints": [],
        "ipv4_address_scope": None,
        "ipv6_address_scope": None,
        "mtu": 1450,
        "port_security_enabled": True,
        "provider:network_type": "vxlan",
        "provider:physical_network": None,
        "provider:segmentation_id": 1000 + number,
        "qos_policy_id": None,
        **neutron_fields(number),
    }


def subnet(region: Region, number: int) -> Record:
    """Return a network's subnet."""
    return {
        "id": uuid(Kind.SUBNET, number),
        "name": f"subnet-{number}",
        "network_id": uuid(Kind.NETWORK, number),
        "ip_version": 4,
        "cidr": f"10.{number}.0.0/16",
        "gateway_ip": f"10.{number}.0.1",
        "allocation_pools": [{"start": f"10.{number}.0.2", "end": f"10.{number}.255.254"}],
        "enable_dhcp": True,
        "dns_nameservers": [],
        "host_routes": [],
        "ipv6_ra_mode": None,
        "ipv6_address_mode": None,
        "service_types": [],
        "subnetpool_id": None,
        "segment_id": None,
        **neutron_fields(number),
    }


def port(region: Region, number: int) -> Record:
    """Return the port of the server with this number."""
    return {
        "id": uuid(Kind.PORT, number),
        "name": "",
        "network_id": uuid(Kind.NETWORK, number % NETWORKS),
        "mac_address": mac(number),
        "admin_state_up": True,
        "status": "ACTIVE",
        "device_id": uuid(Kind.SERVER, number),
        "device_owner": "compute:nova",
        "fixed_ips": [{"subnet_id": uuid(Kind.SUBNET, number % NETWORKS), "ip_address": address(number)}],
        "allowed_address_pairs": [],
        "extra_dhcp_opts": [],
        "security_groups": [uuid(Kind.GROUP, 0)],
        "binding:vnic_type": "normal",
        "binding:profile": {},
        "binding:host_id": region.host(number),
        "binding:vif_type": "ovs",
        "binding:vif_details": {"port_filter": True, "bridge_name": "br-int"},
        "port_security_enabled": True,
        "qos_policy_id": None,
        **neutron_fields(number),
    }


def neutron_fields(number: int) -> Record:
    """Return the fields that all networking records have."""
    day = stamp(made_at(number))
    return {
        "description": "",
        "tags": [],
        "project_id": PROJECT_ID,
        "tenant_id": PROJECT_ID,
        "created_at": day,
        "updated_at": day,
        "revision_number": 2,
    }
