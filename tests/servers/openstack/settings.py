"""The settings that all services of one region share."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Self

__all__ = ["PAGE", "Settings"]

PAGE = 1000

FILE = "settings.json"


@dataclass(frozen=True)
class Settings:
    """Addresses by project, such as ``http://127.0.0.1:40001``, and the password of the services' user.

    A page of nova's has ``page`` servers at most. Requests at the internal addresses are not counted: the services and
    the administrator use these.
    """

    public: dict[str, str]
    internal: dict[str, str]
    password: str
    page: int = PAGE

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the file that `write` wrote."""
        return cls(**json.loads((folder / FILE).read_text()))

    def write(self, folder: Path) -> None:
        """Write the settings into the services' folder."""
        (folder / FILE).write_text(json.dumps(asdict(self)))
