"""Logging in and out; sessions end when they are idle or too many (ocaml/xapi/xapi_session.ml, db_gc_util.ml)."""

from __future__ import annotations

import secrets
import threading
import time
from typing import Any

from hvlib_xapi_simulator.classes import CLASSES
from hvlib_xapi_simulator.database import Database, new_ref
from hvlib_xapi_simulator.failure import Failure
from hvlib_xapi_simulator.records import blank
from hvlib_xapi_simulator.settings import Settings
from hvlib_xapi_simulator.tasks import Tasks
from hvlib_xapi_simulator.values import now

__all__ = ["Sessions"]

LOCAL_SUPERUSER = "root"
NOTE_INTERVAL = 600.0
"""Seconds between two updates of a session's last_active."""


class Sessions:
    """The sessions of a pool."""

    def __init__(self, settings: Settings, database: Database, tasks: Tasks, closed: threading.Event) -> None:
        self._settings = settings
        self._database = database
        self._tasks = tasks
        self._closed = closed
        self._used: dict[str, float] = {}
        self._local: set[str] = set()

    def authenticate(self, user: str, password: str) -> None:
        """Raise SESSION_AUTHENTICATION_FAILED, after the penalty, unless user and password are right."""
        settings = self._settings
        right = secrets.compare_digest(password.encode(), settings.password.encode())
        if user != settings.user or not right:
            self._closed.wait(settings.login_penalty)
            raise Failure("SESSION_AUTHENTICATION_FAILED", user, "Authentication failure")

    def open(self, host: str, user: str, originator: str) -> str:
        """Log in; return the session."""
        fields = blank(
            CLASSES["session"],
            this_host=host,
            last_active=now(),
            validation_time=now(),
            is_local_superuser=True,
            auth_user_name=user,
            originator=originator,
        )
        with self._database.lock:
            session = self._database.create("session", new_ref(), fields)
            self._used[session] = time.monotonic()
            self._drop_idle()
            self._drop_surplus(session)
        return session

    def open_local(self) -> str:
        """Log in to one member alone, as in an emergency; return the session."""
        session = new_ref()
        self._local.add(session)
        return session

    def check(self, session: str) -> None:
        """Raise SESSION_INVALID unless a session exists. Its idle time starts again."""
        with self._database.lock:
            self._drop_idle()
            if session in self._local:
                return
            if session not in self._database.tables["session"].rows:
                raise Failure("SESSION_INVALID", session)
            self._used[session] = time.monotonic()
            self._note(session)

    def is_local(self, session: str) -> bool:
        """Whether a session is local to one member."""
        return session in self._local

    def close(self, session: str) -> None:
        """Log out. A call of the session that waits for events fails at once."""
        with self._database.lock:
            self._local.discard(session)
            self._used.pop(session, None)
            if session in self._database.tables["session"].rows:
                self._database.delete("session", session)

    def close_all(self) -> None:
        """End every session."""
        for session in list(self._used):
            self.close(session)
        self._local.clear()

    def count(self) -> int:
        """The number of sessions that are logged in."""
        return len(self._used) + len(self._local)

    def _note(self, session: str) -> None:
        """Write when a session was used last, but not at each use (ocaml/xapi/session_check.ml)."""
        if self._database.get("session", session)["last_active"] < now(NOTE_INTERVAL):
            self._database.write("session", session, last_active=now())

    def _drop_idle(self) -> None:
        oldest = time.monotonic() - self._settings.idle
        for session, used in list(self._used.items()):
            if used < oldest and not self._busy(session):
                self.close(session)

    def _drop_surplus(self, fresh: str) -> None:
        """End the longest idle sessions of a session's group if it has too many. Root's are grouped by originator.

        A session with a task under way is neither ended nor counted.
        """
        rows, settings = self._database.tables["session"].rows, self._settings
        group = self._group(rows[fresh].fields)
        members = [session for session in self._used if self._group(rows[session].fields) == group]
        members = sorted((each for each in members if not self._busy(each)), key=lambda each: self._used[each])
        limit = settings.session_cap if any(group) else settings.anonymous_cap
        for session in members[: max(0, len(members) - limit)]:
            self.close(session)

    @staticmethod
    def _group(fields: Any) -> tuple[str, str]:
        user = fields["auth_user_name"]
        return ("", fields["originator"]) if user in ("", LOCAL_SUPERUSER) else (user, "")

    def _busy(self, session: str) -> bool:
        return self._tasks.any_pending(session)
