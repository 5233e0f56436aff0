"""Hosts."""

from __future__ import annotations

from hvlib_xapi_simulator.table import table

__all__ = ["host"]

host = table(
    "host",
    """
    uuid | string | ro
    name_label | string | rw | ""
    name_description | string | rw | ""
    memory_overhead | int | ro | 0
    allowed_operations | enum host_allowed_operations set | ro | {}
    current_operations | (string -> enum host_allowed_operations) map | ro | {}
    API_version_major | int | ro
    API_version_minor | int | ro
    API_version_vendor | string | ro
    API_version_vendor_implementation | (string -> string) map | ro
    enabled | bool | ro
    software_version | (string -> string) map | new
    other_config | (string -> string) map | rw
    capabilities | string set | new
    cpu_configuration | (string -> string) map | ro
    sched_policy | string | ro
    supported_bootloaders | string set | ro
    resident_VMs | VM ref set | ro
    logging | (string -> string) map | rw
    PIFs | PIF ref set | ro
    suspend_image_sr | SR ref | rw
    crash_dump_sr | SR ref | rw
    crashdumps | host_crashdump ref set | ro
    patches | host_patch ref set | ro
    updates | pool_update ref set | ro
    PBDs | PBD ref set | ro
    host_CPUs | host_cpu ref set | ro
    cpu_info | (string -> string) map | ro | {}
    hostname | string | rw
    address | string | rw
    metrics | host_metrics ref | ro
    license_params | (string -> string) map | ro
    ha_statefiles | string set | ro | {}
    ha_network_peers | string set | ro | {}
    blobs | (string -> blob ref) map | ro | {}
    tags | string set | rw | {}
    external_auth_type | string | ro | ""
    external_auth_service_name | string | ro | ""
    external_auth_configuration | (string -> string) map | ro | {}
    edition | string | ro | ""
    license_server | (string -> string) map | rw | {"address" -> "localhost", "port" -> "27000"}
    bios_strings | (string -> string) map | ro | {}
    power_on_mode | string | ro | ""
    power_on_config | (string -> string) map | ro | {}
    local_cache_sr | SR ref | new | OpaqueRef:NULL
    chipset_info | (string -> string) map | ro | {}
    PCIs | PCI ref set | ro
    PGPUs | PGPU ref set | ro
    PUSBs | PUSB ref set | ro
    ssl_legacy | bool | new | true
    guest_VCPUs_params | (string -> string) map | rw | {}
    display | enum host_display | rw | enabled
    virtual_hardware_platform_versions | int set | ro | {0}
    control_domain | VM ref | ro | OpaqueRef:NULL
    updates_requiring_reboot | pool_update ref set | ro
    features | Feature ref set | ro
    iscsi_iqn | string | new | ""
    multipathing | bool | new | false
    uefi_certificates | string | new | ""
    certificates | Certificate ref set | ro
    editions | string set | ro | {}
    pending_guidances | enum update_guidances set | ro | {}
    tls_verification_enabled | bool | ro | false
    last_software_update | datetime | ro | 19700101T00:00:00Z
    https_only | bool | ro | false
    latest_synced_updates_applied | enum latest_synced_updates_applied_state | ro | unknown
    numa_affinity_policy | enum host_numa_affinity_policy | ro | default_policy
    pending_guidances_recommended | enum update_guidances set | ro | {}
    pending_guidances_full | enum update_guidances set | ro | {}
    last_update_hash | string | ro | ""
    ssh_enabled | bool | ro | true
    ssh_enabled_timeout | int | ro | 0
    ssh_expiry | datetime | ro | 19700101T00:00:00Z
    console_idle_timeout | int | ro | 0
    ssh_auto_mode | bool | ro | false
    max_cstate | string | ro | ""
    secure_boot | bool | ro | false
    ntp_mode | enum host_ntp_mode | ro | Factory
    ntp_custom_servers | string set | ro | {}
    timezone | string | ro | "UTC"
    """,
    """
    sync apply_edition(host ref host, string edition, bool force?)
    removed apply_recommended_guidances(host ref self)
    apply_updates(host ref self, string hash): string set set
    assert_can_evacuate(host ref host)
    sync backup_rrds(host ref host, float delay)
    bugreport_upload(host ref host, string url, (string -> string) map options)
    sync call_extension(host ref host, string call): string
    call_plugin(host ref host, string plugin, string fn, (string -> string) map args): string
    compute_free_memory(host ref host): int
    compute_memory_overhead(host ref host): int
    create_new_blob(host ref host, string name, string mime_type, bool public?): blob ref
    declare_dead(host ref host)
    destroy(host ref self)
    disable(host ref host, bool auto_enable?)
    disable_display(host ref host): enum host_display
    sync disable_external_auth(host ref host, (string -> string) map config?, bool force?)
    sync disable_local_storage_caching(host ref host)
    disable_ssh(host ref self)
    dmesg(host ref host): string
    dmesg_clear(host ref host): string
    sync emergency_clear_mandatory_guidance()
    sync emergency_disable_tls_verification()
    sync emergency_ha_disable(bool soft?)
    sync emergency_reenable_tls_verification()
    sync emergency_reset_server_certificate()
    enable(host ref host)
    enable_display(host ref host): enum host_display
    sync enable_external_auth(host ref host, (string -> string) map config, string service_name, string auth_type)
    sync enable_local_storage_caching(host ref host, SR ref sr)
    enable_ssh(host ref self)
    evacuate(host ref host, network ref network?, int evacuate_batch_size?)
    sync external_auth_set_ldaps(host ref host, bool ldaps, bool force?)
    sync forget_data_source_archives(host ref host, string data_source)
    sync get_data_sources(host ref host): data_source record set
    get_log(host ref host): string
    get_management_interface(host ref host): PIF ref
    get_ntp_servers_status(host ref self): (string -> string) map
    get_ntp_synchronized(host ref self): bool
    get_sched_gran(host ref self): enum host_sched_gran
    get_server_certificate(host ref host): string
    sync get_server_localtime(host ref host): datetime
    sync get_servertime(host ref host): datetime
    sync get_system_status_capabilities(host ref host): string
    get_tracked_user_agents(host ref self): (string -> string) map
    get_uncooperative_resident_VMs(host ref self): VM ref set
    get_vms_which_prevent_evacuation(host ref self): (VM ref -> string set) map
    has_extension(host ref host, string name): bool
    install_server_certificate(host ref host, string certificate, string private_key, string certificate_chain?)
    license_add(host ref host, string contents)
    removed license_apply(host ref host, string contents)
    license_remove(host ref host)
    sync list_methods(): string set
    list_timezones(host ref self): string set
    sync local_management_reconfigure(string interface)
    sync management_disable()
    management_reconfigure(PIF ref pif)
    migrate_receive(host ref host, network ref network, (string -> string) map options): (string -> string) map
    power_on(host ref host)
    sync query_data_source(host ref host, string data_source): float
    reboot(host ref host)
    sync record_data_source(host ref host, string data_source)
    refresh_pack_info(host ref host)
    refresh_server_certificate(host ref host)
    rescan_drivers(host ref self)
    removed sync reset_cpu_features(host ref host)
    reset_server_certificate(host ref host)
    restart_agent(host ref host)
    retrieve_wlb_evacuate_recommendations(host ref self): (VM ref -> string set) map
    send_debug_keys(host ref host, string keys)
    set_console_idle_timeout(host ref self, int value)
    removed sync set_cpu_features(host ref host, string features)
    sync set_hostname_live(host ref host, string hostname)
    set_https_only(host ref self, bool value)
    set_iscsi_iqn(host ref host, string value)
    set_max_cstate(host ref self, string value)
    set_multipathing(host ref host, bool value)
    set_ntp_custom_servers(host ref self, string set value)
    set_ntp_mode(host ref self, enum host_ntp_mode value)
    set_numa_affinity_policy(host ref self, enum host_numa_affinity_policy value)
    set_power_on_mode(host ref self, string power_on_mode, (string -> string) map power_on_config)
    set_sched_gran(host ref self, enum host_sched_gran value)
    set_servertime(host ref self, datetime value)
    set_ssh_auto_mode(host ref self, bool value)
    set_ssh_enabled_timeout(host ref self, int value)
    set_ssl_legacy(host ref self, bool value)
    set_timezone(host ref self, string value)
    set_uefi_certificates(host ref host, string value)
    shutdown(host ref host)
    sync shutdown_agent()
    sync sync_data(host ref host)
    syslog_reconfigure(host ref host)
    """,
)
