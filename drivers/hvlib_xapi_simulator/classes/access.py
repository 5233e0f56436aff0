"""The classes of logins and rights: session, subject, role, secret."""

from __future__ import annotations

from hvlib_xapi_simulator.table import table

__all__ = ["role", "secret", "session", "subject"]

session = table(
    "session",
    """
    uuid | string | ro
    this_host | host ref | ro
    this_user | user ref | ro
    last_active | datetime | ro
    pool | bool | ro
    other_config | (string -> string) map | rw | {}
    is_local_superuser | bool | ro | false
    subject | subject ref | ro | OpaqueRef:NULL
    validation_time | datetime | ro | 19700101T00:00:00Z
    auth_user_sid | string | ro | ""
    auth_user_name | string | ro | ""
    rbac_permissions | string set | new | {}
    tasks | task ref set | ro
    parent | session ref | new | OpaqueRef:NULL
    originator | string | ro | ""
    client_certificate | bool | ro | false
    """,
    """
    sync change_password(string old_pwd, string new_pwd)
    create_from_db_file(string filename): session ref
    get_all_subject_identifiers(): string set
    sync local_logout()
    sync open login_with_password(string uname, string pwd, string version?, string originator?): session ref
    sync logout()
    logout_subject_identifier(string subject_identifier)
    sync open slave_local_login_with_password(string uname, string pwd): session ref
    """,
    listed=False,
)

subject = table(
    "subject",
    """
    uuid | string | ro
    subject_identifier | string | new | ""
    other_config | (string -> string) map | new | {}
    roles | role ref set | ro | {OpaqueRef:0165f154-ba3e-034e-6b27-5d271af109ba}
    """,
    """
    sync add_to_roles(subject ref self, role ref role)
    sync get_permissions_name_label(subject ref self): string set
    sync remove_from_roles(subject ref self, role ref role)
    """,
    made=True,
)

role = table(
    "role",
    """
    uuid | string | ro
    name_label | string | new | ""
    name_description | string | new | ""
    subroles | role ref set | new | {}
    is_internal | bool | ro | false
    """,
    """
    sync get_by_permission(role ref permission): role ref set
    sync get_by_permission_name_label(string label): role ref set
    sync get_permissions(role ref self): role ref set
    sync get_permissions_name_label(role ref self): string set
    """,
)

secret = table(
    "secret",
    """
    uuid | string | ro
    value | string | rw
    other_config | (string -> string) map | rw | {}
    """,
    made=True,
)
