"""Virtual machines; templates, snapshots and control domains are VMs too."""

from __future__ import annotations

from hvlib_xapi_simulator.table import table

__all__ = ["VM"]

VM = table(
    "VM",
    """
    uuid | string | ro
    allowed_operations | enum vm_operations set | ro | {}
    current_operations | (string -> enum vm_operations) map | ro | {}
    name_label | string | rw | ""
    name_description | string | rw | ""
    power_state | enum vm_power_state | new | Halted
    user_version | int | rw
    is_a_template | bool | rw
    is_default_template | bool | ro | false
    suspend_VDI | VDI ref | new | OpaqueRef:NULL
    resident_on | host ref | ro
    scheduled_to_be_resident_on | host ref | ro | OpaqueRef:NULL
    affinity | host ref | rw
    memory_overhead | int | ro | 0
    memory_target | int | new | 0
    memory_static_max | int | new
    memory_dynamic_max | int | new
    memory_dynamic_min | int | new
    memory_static_min | int | new
    VCPUs_params | (string -> string) map | rw
    VCPUs_max | int | new
    VCPUs_at_startup | int | new
    actions_after_softreboot | enum on_softreboot_behavior | rw | soft_reboot
    actions_after_shutdown | enum on_normal_exit | rw
    actions_after_reboot | enum on_normal_exit | rw
    actions_after_crash | enum on_crash_behaviour | new
    consoles | console ref set | ro
    VIFs | VIF ref set | ro
    VBDs | VBD ref set | ro
    VUSBs | VUSB ref set | ro
    crash_dumps | crashdump ref set | ro
    VTPMs | VTPM ref set | ro
    PV_bootloader | string | rw
    PV_kernel | string | rw
    PV_ramdisk | string | rw
    PV_args | string | rw
    PV_bootloader_args | string | rw
    PV_legacy_args | string | rw
    HVM_boot_policy | string | new
    HVM_boot_params | (string -> string) map | rw
    HVM_shadow_multiplier | float | new | 1.
    platform | (string -> string) map | new
    PCI_bus | string | rw
    other_config | (string -> string) map | new
    domid | int | ro
    domarch | string | ro
    last_boot_CPU_flags | (string -> string) map | new | {}
    is_control_domain | bool | ro
    metrics | VM_metrics ref | ro
    guest_metrics | VM_guest_metrics ref | ro
    last_booted_record | string | new | ""
    recommendations | string | rw
    xenstore_data | (string -> string) map | rw | {}
    ha_always_run | bool | new | false
    ha_restart_priority | string | new | ""
    is_a_snapshot | bool | ro | false
    snapshot_of | VM ref | ro | OpaqueRef:NULL
    snapshots | VM ref set | ro
    snapshot_time | datetime | ro | 19700101T00:00:00Z
    transportable_snapshot_id | string | ro | ""
    blobs | (string -> blob ref) map | ro | {}
    tags | string set | rw | {}
    blocked_operations | (enum vm_operations -> string) map | new | {}
    snapshot_info | (string -> string) map | ro | {}
    snapshot_metadata | string | ro | ""
    parent | VM ref | ro | OpaqueRef:NULL
    children | VM ref set | ro
    bios_strings | (string -> string) map | ro | {}
    protection_policy | VMPP ref | new | OpaqueRef:NULL
    is_snapshot_from_vmpp | bool | new | false
    snapshot_schedule | VMSS ref | new | OpaqueRef:NULL
    is_vmss_snapshot | bool | new | false
    appliance | VM_appliance ref | new | OpaqueRef:NULL
    start_delay | int | new | 0
    shutdown_delay | int | new | 0
    order | int | new | 0
    VGPUs | VGPU ref set | ro
    attached_PCIs | PCI ref set | ro
    suspend_SR | SR ref | rw | OpaqueRef:NULL
    version | int | new | 0
    generation_id | string | new | "0:0"
    hardware_platform_version | int | rw | 0
    has_vendor_device | bool | new | true
    requires_reboot | bool | ro | false
    reference_label | string | new | ""
    domain_type | enum domain_type | new | unspecified
    NVRAM | (string -> string) map | new | {}
    pending_guidances | enum update_guidances set | ro | {}
    pending_guidances_recommended | enum update_guidances set | ro | {}
    pending_guidances_full | enum update_guidances set | ro | {}
    groups | VM_group ref set | ro
    secureboot_certificates_state | enum vm_secureboot_certificates_state | ro | ok
    """,
    """
    sync add_to_NVRAM(VM ref self, string key, string value)
    add_to_VCPUs_params_live(VM ref self, string key, string value)
    add_to_blocked_operations(VM ref self, enum vm_operations key, string value)
    sync add_to_other_config(VM ref self, string key, string value)
    sync add_to_platform(VM ref self, string key, string value)
    assert_agile(VM ref self)
    assert_can_be_recovered(VM ref self, session ref session_to)
    assert_can_boot_here(VM ref self, host ref host)
    assert_can_migrate(VM ref vm, (string -> string) map dest, bool live, (VDI ref -> SR ref) map vdi_map, (VIF
        ref -> network ref) map vif_map, (string -> string) map options, (VGPU ref -> GPU_group ref) map
        vgpu_map?)
    assert_operation_valid(VM ref self, enum vm_operations op)
    call_host_plugin(VM ref vm, string plugin, string fn, (string -> string) map args): string
    call_plugin(VM ref vm, string plugin, string fn, (string -> string) map args): string
    checkpoint(VM ref vm, string new_name): VM ref
    clean_reboot(VM ref vm)
    clean_shutdown(VM ref vm)
    clone(VM ref vm, string new_name): VM ref
    compute_memory_overhead(VM ref vm): int
    copy(VM ref vm, string new_name, SR ref sr): VM ref
    copy_bios_strings(VM ref vm, host ref host)
    create_new_blob(VM ref vm, string name, string mime_type, bool public?): blob ref
    sync forget_data_source_archives(VM ref self, string data_source)
    get_SRs_required_for_recovery(VM ref self, session ref session_to): SR ref set
    sync get_allowed_VBD_devices(VM ref vm): string set
    sync get_allowed_VIF_devices(VM ref vm): string set
    sync get_boot_record(VM ref self): VM record
    get_cooperative(VM ref self): bool
    sync get_data_sources(VM ref self): data_source record set
    get_possible_hosts(VM ref vm): host ref set
    get_secureboot_readiness(VM ref self): enum vm_secureboot_readiness
    hard_reboot(VM ref vm)
    hard_shutdown(VM ref vm)
    import(string url, SR ref sr, bool full_restore, bool force): VM ref set
    import_convert(string type, string username, string password, SR ref sr, (string -> string) map remote_config)
    maximise_memory(VM ref self, int total, bool approximate): int
    migrate_send(VM ref vm, (string -> string) map dest, bool live, (VDI ref -> SR ref) map vdi_map, (VIF ref ->
        network ref) map vif_map, (string -> string) map options, (VGPU ref -> GPU_group ref) map vgpu_map?, (VDI
        ref -> string) map vdi_format_map?): VM ref
    pause(VM ref vm)
    pool_migrate(VM ref vm, host ref host, (string -> string) map options)
    power_state_reset(VM ref vm)
    provision(VM ref vm)
    sync query_data_source(VM ref self, string data_source): float
    query_services(VM ref self): (string -> string) map
    sync record_data_source(VM ref self, string data_source)
    recover(VM ref self, session ref session_to, bool force)
    sync remove_from_NVRAM(VM ref self, string key)
    remove_from_blocked_operations(VM ref self, enum vm_operations key)
    sync remove_from_other_config(VM ref self, string key)
    sync remove_from_platform(VM ref self, string key)
    restart_device_models(VM ref self)
    resume(VM ref vm, bool start_paused, bool force)
    resume_on(VM ref vm, host ref host, bool start_paused, bool force)
    retrieve_wlb_recommendations(VM ref vm): (host ref -> string set) map
    revert(VM ref snapshot)
    send_sysrq(VM ref vm, string key)
    send_trigger(VM ref vm, string trigger)
    sync set_HVM_boot_policy(VM ref self, string value)
    sync set_HVM_shadow_multiplier(VM ref self, float value)
    sync set_NVRAM(VM ref self, (string -> string) map value)
    sync set_VCPUs_at_startup(VM ref self, int value)
    sync set_VCPUs_max(VM ref self, int value)
    set_VCPUs_number_live(VM ref self, int nvcpu)
    set_actions_after_crash(VM ref self, enum on_crash_behaviour value)
    set_appliance(VM ref self, VM_appliance ref value)
    set_bios_strings(VM ref self, (string -> string) map value)
    set_blocked_operations(VM ref self, (enum vm_operations -> string) map value)
    sync set_domain_type(VM ref self, enum domain_type value)
    set_groups(VM ref self, VM_group ref set value)
    sync set_ha_always_run(VM ref self, bool value)
    sync set_ha_restart_priority(VM ref self, string value)
    set_has_vendor_device(VM ref self, bool value)
    set_memory(VM ref self, int value)
    sync set_memory_dynamic_max(VM ref self, int value)
    sync set_memory_dynamic_min(VM ref self, int value)
    set_memory_dynamic_range(VM ref self, int min, int max)
    set_memory_limits(VM ref self, int static_min, int static_max, int dynamic_min, int dynamic_max)
    sync set_memory_static_max(VM ref self, int value)
    sync set_memory_static_min(VM ref self, int value)
    set_memory_static_range(VM ref self, int min, int max)
    set_memory_target_live(VM ref self, int target)
    set_order(VM ref self, int value)
    sync set_other_config(VM ref self, (string -> string) map value)
    sync set_platform(VM ref self, (string -> string) map value)
    removed sync set_protection_policy(VM ref self, VMPP ref value)
    set_shadow_multiplier_live(VM ref self, float multiplier)
    set_shutdown_delay(VM ref self, int value)
    sync set_snapshot_schedule(VM ref self, VMSS ref value)
    set_start_delay(VM ref self, int value)
    set_suspend_VDI(VM ref self, VDI ref value)
    set_uefi_mode(VM ref self, enum vm_uefi_mode mode): string
    shutdown(VM ref vm)
    snapshot(VM ref vm, string new_name, VDI ref set ignore_vdis?): VM ref
    removed snapshot_with_quiesce(VM ref vm, string new_name): VM ref
    start(VM ref vm, bool start_paused, bool force)
    start_on(VM ref vm, host ref host, bool start_paused, bool force)
    suspend(VM ref vm)
    sysprep(VM ref self, string unattend, float timeout)
    unpause(VM ref vm)
    update_allowed_operations(VM ref self)
    update_secureboot_certificates_on_boot(VM ref self, bool mark)
    wait_memory_target_live(VM ref self)
    """,
    made=True,
    removed="get_is_snapshot_from_vmpp",
)
