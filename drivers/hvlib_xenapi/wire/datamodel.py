"""The types of XenAPI's values that need a conversion: numbers, moments and references.

XML-RPC sends numbers as text. Both wires send moments as text, and null references as ``OpaqueRef:NULL``. Only the
declared type shows that a text is one of these. All other types (text, booleans, enumerations, sets and maps of them)
need no conversion and are not named here.
"""

from __future__ import annotations

from collections.abc import Mapping

__all__ = ["FIELDS", "RESULTS"]

FIELDS: Mapping[str, Mapping[str, str]] = {
    "blob": {
        "datetime": "last_updated",
        "int": "size",
    },
    "Bond": {
        "int": "links_up",
        "ref": "master primary_slave",
        "ref set": "slaves",
    },
    "Caller": {
        "datetime": "last_access",
        "ref": "rate_limit",
    },
    "Certificate": {
        "datetime": "not_after not_before",
        "ref": "host",
    },
    "Cluster": {
        "float": "token_timeout token_timeout_coefficient",
        "int": "cluster_stack_version expected_hosts live_hosts quorum",
        "ref set": "cluster_hosts",
    },
    "Cluster_host": {
        "datetime": "last_update_live",
        "ref": "PIF cluster host",
    },
    "console": {
        "ref": "VM",
    },
    "crashdump": {
        "ref": "VDI VM",
    },
    "data_source": {
        "float": "max min value",
    },
    "DR_task": {
        "ref set": "introduced_SRs",
    },
    "Driver_variant": {
        "float": "priority",
        "ref": "driver",
    },
    "event": {
        "datetime": "timestamp",
        "int": "id",
    },
    "Feature": {
        "ref": "host",
    },
    "GPU_group": {
        "ref set": "PGPUs VGPUs enabled_VGPU_types supported_VGPU_types",
    },
    "host": {
        "(string -> ref) map": "blobs",
        "datetime": "last_software_update ssh_expiry",
        "int": "API_version_major API_version_minor console_idle_timeout memory_overhead ssh_enabled_timeout",
        "int set": "virtual_hardware_platform_versions",
        "ref": "control_domain crash_dump_sr local_cache_sr metrics suspend_image_sr",
        "ref set": (
            "PBDs PCIs PGPUs PIFs PUSBs certificates crashdumps features host_CPUs patches resident_VMs updates"
            " updates_requiring_reboot"
        ),
    },
    "host_cpu": {
        "float": "utilisation",
        "int": "family model number speed",
        "ref": "host",
    },
    "host_crashdump": {
        "datetime": "timestamp",
        "int": "size",
        "ref": "host",
    },
    "Host_driver": {
        "ref": "active_variant host selected_variant",
        "ref set": "variants",
    },
    "host_metrics": {
        "datetime": "last_updated",
        "int": "memory_free memory_total",
    },
    "host_patch": {
        "datetime": "timestamp_applied",
        "int": "size",
        "ref": "host pool_patch",
    },
    "message": {
        "datetime": "timestamp",
        "int": "priority",
    },
    "network": {
        "(ref -> string) map": "assigned_ips",
        "(string -> ref) map": "blobs",
        "int": "MTU",
        "ref set": "PIFs VIFs",
    },
    "network_sriov": {
        "ref": "logical_PIF physical_PIF",
    },
    "Observer": {
        "ref set": "hosts",
    },
    "PBD": {
        "ref": "SR host",
    },
    "PCI": {
        "ref": "host",
        "ref set": "dependencies",
    },
    "PGPU": {
        "(ref -> int) map": "supported_VGPU_max_capacities",
        "ref": "GPU_group PCI host",
        "ref set": "enabled_VGPU_types resident_VGPUs supported_VGPU_types",
    },
    "PIF": {
        "int": "MTU VLAN",
        "ref": "PCI VLAN_master_of bond_slave_of host metrics network",
        "ref set": (
            "VLAN_slave_of bond_master_of sriov_logical_PIF_of sriov_physical_PIF_of tunnel_access_PIF_of"
            " tunnel_transport_PIF_of"
        ),
    },
    "PIF_metrics": {
        "datetime": "last_updated",
        "float": "io_read_kbs io_write_kbs",
        "int": "speed",
    },
    "pool": {
        "(string -> ref) map": "blobs",
        "datetime": "last_update_sync telemetry_next_collection",
        "int": (
            "ext_auth_cache_expiry ext_auth_cache_size ext_auth_max_threads ha_host_failures_to_tolerate"
            " ha_plan_exists_for local_auth_max_threads update_sync_day vm_console_idle_timeout"
        ),
        "ref": "crash_dump_SR default_SR master redo_log_vdi repository_proxy_password suspend_image_SR telemetry_uuid",
        "ref set": "metadata_VDIs repositories",
    },
    "pool_patch": {
        "int": "size",
        "ref": "pool_update",
        "ref set": "host_patches",
    },
    "pool_update": {
        "int": "installation_size",
        "ref": "vdi",
        "ref set": "hosts",
    },
    "probe_result": {
        "sr_stat record": "sr",
    },
    "PUSB": {
        "float": "speed",
        "ref": "USB_group host",
    },
    "PVS_cache_storage": {
        "int": "size",
        "ref": "SR VDI host site",
    },
    "PVS_proxy": {
        "ref": "VIF site",
    },
    "PVS_server": {
        "int": "first_port last_port",
        "ref": "site",
    },
    "PVS_site": {
        "ref set": "cache_storage proxies servers",
    },
    "Rate_limit": {
        "float": "burst_size fill_rate",
        "ref set": "callers",
    },
    "role": {
        "ref set": "subroles",
    },
    "SDN_controller": {
        "int": "port",
    },
    "session": {
        "datetime": "last_active validation_time",
        "ref": "parent subject this_host this_user",
        "ref set": "tasks",
    },
    "SM": {
        "(string -> int) map": "features",
    },
    "SR": {
        "(string -> ref) map": "blobs",
        "int": "physical_size physical_utilisation virtual_allocation",
        "ref": "introduced_by",
        "ref set": "PBDs VDIs",
    },
    "sr_stat": {
        "int": "free_space total_space",
    },
    "subject": {
        "ref set": "roles",
    },
    "task": {
        "datetime": "created finished",
        "float": "progress",
        "ref": "resident_on subtask_of",
        "ref set": "subtasks",
    },
    "tunnel": {
        "ref": "access_PIF transport_PIF",
    },
    "USB_group": {
        "ref set": "PUSBs VUSBs",
    },
    "VBD": {
        "int": "status_code",
        "ref": "VDI VM metrics",
    },
    "VBD_metrics": {
        "datetime": "last_updated",
        "float": "io_read_kbs io_write_kbs",
    },
    "VDI": {
        "datetime": "snapshot_time",
        "int": "physical_utilisation virtual_size",
        "ref": "SR metadata_of_pool parent snapshot_of",
        "ref set": "VBDs crash_dumps snapshots",
    },
    "vdi_nbd_server_info": {
        "int": "port",
    },
    "VGPU": {
        "ref": "GPU_group PCI VM resident_on scheduled_to_be_resident_on type",
    },
    "VGPU_type": {
        "int": "framebuffer_size max_heads max_resolution_x max_resolution_y",
        "ref set": (
            "VGPUs compatible_types_in_vm enabled_on_GPU_groups enabled_on_PGPUs supported_on_GPU_groups"
            " supported_on_PGPUs"
        ),
    },
    "VIF": {
        "int": "MTU status_code",
        "int set": "trunks",
        "ref": "VM metrics network",
    },
    "VIF_metrics": {
        "datetime": "last_updated",
        "float": "io_read_kbs io_write_kbs",
    },
    "VLAN": {
        "int": "tag",
        "ref": "tagged_PIF untagged_PIF",
    },
    "VM": {
        "(string -> ref) map": "blobs",
        "datetime": "snapshot_time",
        "float": "HVM_shadow_multiplier",
        "int": (
            "VCPUs_at_startup VCPUs_max domid hardware_platform_version memory_dynamic_max memory_dynamic_min"
            " memory_overhead memory_static_max memory_static_min memory_target order shutdown_delay start_delay"
            " user_version version"
        ),
        "ref": (
            "affinity appliance guest_metrics metrics parent protection_policy resident_on"
            " scheduled_to_be_resident_on snapshot_of snapshot_schedule suspend_SR suspend_VDI"
        ),
        "ref set": "VBDs VGPUs VIFs VTPMs VUSBs attached_PCIs children consoles crash_dumps groups snapshots",
    },
    "VM_appliance": {
        "ref set": "VMs",
    },
    "VM_group": {
        "ref set": "VMs",
    },
    "VM_guest_metrics": {
        "datetime": "last_updated",
    },
    "VM_metrics": {
        "(int -> float) map": "VCPUs_utilisation",
        "(int -> int) map": "VCPUs_CPU numa_node_memory",
        "(int -> string) map": "VCPUs_flags",
        "datetime": "install_time last_updated start_time",
        "int": "VCPUs_number memory_actual numa_nodes",
    },
    "VMPP": {
        "datetime": "archive_last_run_time backup_last_run_time",
        "int": "backup_retention_value",
        "ref set": "VMs",
    },
    "VMSS": {
        "datetime": "last_run_time",
        "int": "retained_snapshots",
        "ref set": "VMs",
    },
    "VTPM": {
        "ref": "VM backend",
    },
    "VUSB": {
        "ref": "USB_group VM",
    },
}
"""Fields by class and type."""

RESULTS: Mapping[str, Mapping[str, str]] = {
    "blob": {
        "ref": "create",
    },
    "Bond": {
        "ref": "create",
    },
    "Caller": {
        "float": "query_group_token_usage query_token_usage",
        "int": "query_call_count query_group_call_count",
    },
    "Cluster": {
        "ref": "create get_network pool_create",
    },
    "Cluster_host": {
        "ref": "create",
    },
    "DR_task": {
        "ref": "create",
    },
    "event": {
        "event record set": "next",
        "int": "get_current_id",
    },
    "GPU_group": {
        "int": "get_remaining_capacity",
        "ref": "create",
    },
    "host": {
        "(ref -> string) map": "get_vms_which_prevent_evacuation retrieve_wlb_evacuate_recommendations",
        "data_source record set": "get_data_sources",
        "datetime": "get_server_localtime get_servertime",
        "float": "query_data_source",
        "int": "compute_free_memory compute_memory_overhead",
        "ref": "create_new_blob get_management_interface",
        "ref set": "get_uncooperative_resident_VMs",
    },
    "message": {
        "(ref -> message record) map": "get get_all_records get_all_records_where get_since",
        "message record": "get_record",
        "ref": "create get_by_uuid",
        "ref set": "get_all",
    },
    "network": {
        "ref": "create_new_blob",
    },
    "network_sriov": {
        "int": "get_remaining_capacity",
        "ref": "create",
    },
    "PGPU": {
        "int": "get_remaining_capacity",
    },
    "PIF": {
        "ref": "create_VLAN db_introduce introduce",
    },
    "pool": {
        "(ref -> string) map": "retrieve_wlb_recommendations",
        "int": "ha_compute_hypothetical_max_host_failures_to_tolerate ha_compute_max_host_failures_to_tolerate",
        "ref": "create_new_blob",
        "ref set": "create_VLAN create_VLAN_from_PIF recover_slaves sync_trusted_certificates_from",
    },
    "pool_update": {
        "ref": "introduce",
    },
    "PVS_proxy": {
        "ref": "create",
    },
    "PVS_server": {
        "ref": "introduce",
    },
    "PVS_site": {
        "ref": "introduce",
    },
    "Repository": {
        "ref": "introduce introduce_bundle introduce_remote_pool",
    },
    "role": {
        "ref set": "get_by_permission get_by_permission_name_label get_permissions",
    },
    "SDN_controller": {
        "ref": "introduce",
    },
    "session": {
        "ref": "create_from_db_file login_with_password slave_local_login_with_password",
    },
    "SR": {
        "data_source record set": "get_data_sources",
        "float": "query_data_source",
        "probe_result record set": "probe_ext",
        "ref": "create create_new_blob introduce",
    },
    "task": {
        "ref": "create",
    },
    "tunnel": {
        "ref": "create",
    },
    "USB_group": {
        "ref": "create",
    },
    "VDI": {
        "ref": "clone copy introduce open_database pool_migrate snapshot",
        "vdi_nbd_server_info record set": "get_nbd_info",
    },
    "VGPU": {
        "ref": "create",
    },
    "VLAN": {
        "ref": "create",
    },
    "VM": {
        "(ref -> string) map": "retrieve_wlb_recommendations",
        "VM record": "get_boot_record",
        "data_source record set": "get_data_sources",
        "float": "query_data_source",
        "int": "compute_memory_overhead maximise_memory",
        "ref": "checkpoint clone copy create_new_blob migrate_send snapshot snapshot_with_quiesce",
        "ref set": "get_SRs_required_for_recovery get_possible_hosts import",
    },
    "VM_appliance": {
        "ref set": "get_SRs_required_for_recovery",
    },
    "VTPM": {
        "ref": "create",
    },
    "VUSB": {
        "ref": "create",
    },
}
"""Messages by class and type of their result, without the messages that every class has."""
