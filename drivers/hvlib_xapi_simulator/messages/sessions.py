"""Logging in and out (ocaml/xapi/xapi_session.ml)."""

from __future__ import annotations

from hvlib_xapi_simulator.call import Call, handles
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.values import NULL

__all__: list[str] = []


@handles("session.login_with_password")
def login_with_password(call: Call, user: str, password: str, _version: str = "", originator: str = "") -> str:
    """Log in. A slave says where the master is; through the unix socket everyone is root (xapi_session.ml)."""
    if not call.local:
        if not call.pool.members.is_master(call.member):
            raise Failure("HOST_IS_SLAVE", call.pool.members.master.address)
        call.pool.sessions.authenticate(user, password)
    return call.pool.sessions.open(call.member.host, user, originator)


@handles("session.slave_local_login_with_password")
def slave_local_login_with_password(call: Call, user: str, password: str) -> str:
    """Log in to this member alone, whether it is the master or not."""
    if not call.local:
        call.pool.sessions.authenticate(user, password)
    return call.pool.sessions.open_local()


@handles("session.logout", "session.local_logout")
def logout(call: Call) -> None:
    """End the caller's session."""
    call.pool.sessions.close(call.session)


@handles("session.get_all_subject_identifiers")
def get_all_subject_identifiers(_call: Call) -> list[str]:
    """Return the users that are logged in by a directory service: none."""
    return []


@handles("session.logout_subject_identifier")
def logout_subject_identifier(call: Call, identifier: str) -> None:
    """End the sessions of a directory service's user, but not the caller's."""
    rows = call.database.tables["session"].rows
    for session in [ref for ref, row in rows.items() if row.fields["auth_user_sid"] == identifier]:
        if session not in (call.session, NULL):
            call.pool.sessions.close(session)
