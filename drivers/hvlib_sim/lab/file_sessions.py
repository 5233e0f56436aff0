"""FileSessions: the sessions of a lab, kept in its file."""

from __future__ import annotations

from collections.abc import Iterator, MutableMapping

from hvlib_sim.lab.sqlite_file import LabFile

__all__ = ["FileSessions"]


class FileSessions(MutableMapping[str, float]):
    """The time of each session's last use, by token."""

    def __init__(self, file: LabFile) -> None:
        self._file = file

    def __getitem__(self, token: str) -> float:
        used: float | None = self._file.value("SELECT used FROM session WHERE token = ?", token)
        if used is None:
            raise KeyError(token)
        return used

    def __setitem__(self, token: str, used: float) -> None:
        self._file.change("INSERT OR REPLACE INTO session (token, used) VALUES (?, ?)", token, used)

    def __delitem__(self, token: str) -> None:
        if not self._file.change("DELETE FROM session WHERE token = ?", token):
            raise KeyError(token)

    def __iter__(self) -> Iterator[str]:
        return iter([token for (token,) in self._file.rows("SELECT token FROM session")])

    def __len__(self) -> int:
        count: int = self._file.value("SELECT count(*) FROM session")
        return count
