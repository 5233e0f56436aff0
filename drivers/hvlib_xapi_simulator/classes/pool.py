"""The pool."""

from __future__ import annotations

from hvlib_xapi_simulator.table import table

__all__ = ["pool"]

pool = table(
    "pool",
    """
    uuid | string | ro
    name_label | string | rw
    name_description | string | rw
    master | host ref | ro
    default_SR | SR ref | rw
    suspend_image_SR | SR ref | rw
    crash_dump_SR | SR ref | rw
    other_config | (string -> string) map | rw
    ha_enabled | bool | ro | false
    ha_configuration | (string -> string) map | ro | {}
    ha_statefiles | string set | ro | {}
    ha_host_failures_to_tolerate | int | ro | 0
    ha_plan_exists_for | int | ro | 0
    ha_allow_overcommit | bool | rw | false
    ha_overcommitted | bool | ro | false
    blobs | (string -> blob ref) map | ro | {}
    tags | string set | rw | {}
    gui_config | (string -> string) map | rw | {}
    health_check_config | (string -> string) map | rw | {}
    wlb_url | string | ro | ""
    wlb_username | string | ro | ""
    wlb_enabled | bool | rw | false
    wlb_verify_cert | bool | rw | false
    redo_log_enabled | bool | ro | false
    redo_log_vdi | VDI ref | ro | OpaqueRef:NULL
    vswitch_controller | string | ro | ""
    restrictions | (string -> string) map | ro | {}
    metadata_VDIs | VDI ref set | ro
    ha_cluster_stack | string | ro | ""
    allowed_operations | enum pool_allowed_operations set | ro | {}
    current_operations | (string -> enum pool_allowed_operations) map | ro | {}
    guest_agent_config | (string -> string) map | ro | {}
    cpu_info | (string -> string) map | ro | {}
    policy_no_vendor_device | bool | rw | false
    live_patching_disabled | bool | rw | false
    igmp_snooping_enabled | bool | ro | false
    uefi_certificates | string | new | ""
    custom_uefi_certificates | string | new | ""
    is_psr_pending | bool | rw | false
    tls_verification_enabled | bool | ro | false
    repositories | Repository ref set | ro | {}
    client_certificate_auth_enabled | bool | ro | false
    client_certificate_auth_name | string | ro | ""
    repository_proxy_url | string | ro | ""
    repository_proxy_username | string | ro | ""
    repository_proxy_password | secret ref | ro | OpaqueRef:NULL
    migration_compression | bool | rw | false
    coordinator_bias | bool | rw | true
    local_auth_max_threads | int | new | 8
    ext_auth_max_threads | int | new | 1
    ext_auth_cache_enabled | bool | ro | true
    ext_auth_cache_size | int | ro | 50
    ext_auth_cache_expiry | int | ro | 300
    telemetry_uuid | secret ref | ro | OpaqueRef:NULL
    telemetry_frequency | enum telemetry_frequency | ro | weekly
    telemetry_next_collection | datetime | ro | 19700101T00:00:00Z
    last_update_sync | datetime | ro | 19700101T00:00:00Z
    update_sync_frequency | enum update_sync_frequency | ro | weekly
    update_sync_day | int | ro | 0
    update_sync_enabled | bool | ro | false
    recommendations | (string -> string) map | ro | {}
    license_server | (string -> string) map | rw | {}
    ha_reboot_vm_on_internal_shutdown | bool | rw | true
    limit_console_sessions | bool | rw | false
    vm_console_idle_timeout | int | rw | 0
    auto_update_vm_secureboot_certificates | bool | rw | false
    """,
    """
    add_repository(pool ref self, Repository ref value)
    add_to_guest_agent_config(pool ref self, string key, string value)
    apply_edition(pool ref self, string edition)
    certificate_install(string name, string cert)
    certificate_list(): string set
    certificate_sync()
    certificate_uninstall(string name)
    check_update_readiness(pool ref self, bool requires_reboot): string set set
    configure_repository_proxy(pool ref self, string url, string username, string password)
    configure_update_sync(pool ref self, enum update_sync_frequency update_sync_frequency, int update_sync_day)
    create_VLAN(string device, network ref network, int VLAN): PIF ref set
    create_VLAN_from_PIF(PIF ref pif, network ref network, int VLAN): PIF ref set
    create_new_blob(pool ref pool, string name, string mime_type, bool public?): blob ref
    crl_install(string name, string cert)
    crl_list(): string set
    crl_uninstall(string name)
    deconfigure_wlb()
    designate_new_master(host ref host)
    sync detect_nonhomogeneous_external_auth(pool ref pool)
    disable_client_certificate_auth(pool ref self)
    sync disable_external_auth(pool ref pool, (string -> string) map config?)
    disable_ha()
    disable_local_storage_caching(pool ref self)
    disable_redo_log()
    disable_repository_proxy(pool ref self)
    disable_ssh(pool ref self)
    disable_ssl_legacy(pool ref self)
    eject(host ref host)
    sync emergency_reset_master(string master_address)
    sync emergency_transition_to_master()
    enable_client_certificate_auth(pool ref self, string name)
    sync enable_external_auth(pool ref pool, (string -> string) map config, string service_name, string auth_type)
    enable_ha(SR ref set heartbeat_srs, (string -> string) map configuration)
    enable_local_storage_caching(pool ref self)
    enable_redo_log(SR ref sr)
    enable_ssh(pool ref self)
    removed enable_ssl_legacy(pool ref self)
    sync enable_tls_verification()
    sync external_auth_set_ldaps(pool ref pool, bool ldaps, bool force?)
    sync get_guest_secureboot_readiness(pool ref self): enum pool_guest_secureboot_readiness
    get_license_state(pool ref self): (string -> string) map
    sync ha_compute_hypothetical_max_host_failures_to_tolerate((VM ref -> string) map configuration): int
    sync ha_compute_max_host_failures_to_tolerate(): int
    sync ha_compute_vm_failover_plan(host ref set failed_hosts, VM ref set failed_vms): (VM ref -> (string ->
        string) map) map
    sync ha_failover_plan_exists(int n): bool
    sync ha_prevent_restarts_for(int seconds)
    has_extension(pool ref self, string name): bool
    initialize_wlb(string wlb_url, string wlb_username, string wlb_password, string xenserver_username, string
        xenserver_password)
    install_ca_certificate(string name, string cert)
    install_trusted_certificate(pool ref self, bool ca, string cert, enum certificate_purpose set purpose)
    join(string master_address, string master_username, string master_password)
    join_force(string master_address, string master_username, string master_password)
    management_reconfigure(network ref network)
    recover_slaves(): host ref set
    remove_from_guest_agent_config(pool ref self, string key)
    remove_repository(pool ref self, Repository ref value)
    reset_telemetry_uuid(pool ref self)
    retrieve_wlb_configuration(): (string -> string) map
    retrieve_wlb_recommendations(): (VM ref -> string set) map
    rotate_secret()
    send_test_post(string host, int port, string body): string
    send_wlb_configuration((string -> string) map config)
    set_console_idle_timeout(pool ref self, int value)
    set_custom_uefi_certificates(pool ref self, string value)
    set_ext_auth_cache_enabled(pool ref self, bool value)
    set_ext_auth_cache_expiry(pool ref self, int value)
    set_ext_auth_cache_size(pool ref self, int value)
    sync set_ext_auth_max_threads(pool ref self, int value)
    set_ha_host_failures_to_tolerate(pool ref self, int value)
    set_https_only(pool ref self, bool value)
    set_igmp_snooping_enabled(pool ref self, bool value)
    sync set_local_auth_max_threads(pool ref self, int value)
    set_repositories(pool ref self, Repository ref set value)
    set_ssh_auto_mode(pool ref self, bool value)
    set_ssh_enabled_timeout(pool ref self, int value)
    set_telemetry_next_collection(pool ref self, datetime value)
    set_uefi_certificates(pool ref self, string value)
    set_update_sync_enabled(pool ref self, bool value)
    set_vswitch_controller(string address)
    sync_database()
    sync_trusted_certificates_from(pool ref self, string remote_pool, session ref remote_session, string
        remote_certificate, bool ca): Certificate ref set
    sync_updates(pool ref self, bool force, string token?, string token_id?, string username?, string password?):
        string
    sync test_archive_target(pool ref self, (string -> string) map config): string
    uninstall_ca_certificate(string name, bool force?)
    uninstall_trusted_certificate(pool ref self, Certificate ref certificate)
    """,
)
