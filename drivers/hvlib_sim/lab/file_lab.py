"""FileLab: a lab in a file. All its users in one process share one object."""

from __future__ import annotations

import threading
import time
from pathlib import Path

from hvlib_sim.lab.file_store import FileStore
from hvlib_sim.lab.lab import Lab

__all__ = ["FileLab"]


class FileLab(Lab):
    """A lab in a file. Its clock is the time of day, which all processes share."""

    _opened: dict[Path, FileLab] = {}
    _opening = threading.Lock()
    store: FileStore
    _path: Path
    _users = 0

    @classmethod
    def opened(cls, path: str | Path, **settings: int | float | str) -> FileLab:
        """The lab in the file at ``path``. Each caller has to close it.

        Raises `ConfigError` if the file does not exist, can't be read, or has a lab that was made with other settings.
        """
        path = Path(path).resolve()
        with cls._opening:
            lab = cls._opened.get(path)
            if lab is None or not lab.store.is_there:
                lab = cls(FileStore(path), name=str(path), clock=time.time)
                lab._path = path
                cls._opened[path] = lab
            lab._users += 1
        try:
            lab.settings.check(str(path), settings)
        except BaseException:
            lab.close()
            raise
        return lab

    def close(self) -> None:
        """Release the lab. The last user in this process closes the file."""
        with self._opening:
            self._users -= 1
            if self._users:
                return
            if self._opened.get(self._path) is self:
                del self._opened[self._path]
        with self.changed:
            self.store.close()
