"""The settings of a simulated pool."""

from __future__ import annotations

from dataclasses import dataclass

__all__ = ["Settings"]


@dataclass(slots=True)
class Settings:
    """The defaults are those of a real server (ocaml/xapi/xapi_globs.ml), except that real tasks take longer."""

    user: str = "root"
    password: str = "secret"
    seed: str = "hvlib"
    """Pools with different seeds have different uuids and references."""
    vms: int = 20
    hosts: int = 4
    task_time: float = 0.1
    """How many seconds an operation takes."""
    login_penalty: float = 5.0
    """How many seconds a wrong password costs (ocaml/xapi/xapi_session.ml)."""
    session_cap: int = 500
    """How many sessions an originator may have. When there are more, the one idle longest is ended."""
    anonymous_cap: int = 400
    """How many sessions root may have without an originator."""
    collection: float = 30.0
    """How many seconds lie between two removals of ended tasks (ocaml/xapi/xapi_globs.ml, db_gc)."""
    idle: float = 24 * 3600.0
    """After how many seconds of idleness a session ends."""
    event_delay: float = 0.05
    """How many seconds event.from collects events before it answers, unless it is asked for tasks only."""
    patience: float = 2 * 3600.0
    """How many seconds a call waits for another operation on the same object to end (ocaml/xapi/helpers.ml)."""
