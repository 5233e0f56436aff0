"""The contents of a region."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any, Self

__all__ = ["Estate"]

FILE = "estate.json"


@dataclass(frozen=True)
class Estate:
    """The facts of a region that tests need: identifiers by name, and passwords by user."""

    projects: dict[str, str]
    passwords: dict[str, str]
    flavors: dict[str, str]
    image: str
    network: str

    @property
    def server(self) -> dict[str, Any]:
        """The fields of a new server, except its name."""
        return {
            "flavorRef": self.flavors["m1.tiny"],
            "imageRef": self.image,
            "networks": [{"uuid": self.network}],
        }

    @classmethod
    def read(cls, folder: Path) -> Self:
        """Read the file that `write` wrote."""
        return cls(**json.loads((folder / FILE).read_text()))

    def write(self, folder: Path) -> None:
        """Write the estate into the services' folder."""
        (folder / FILE).write_text(json.dumps(asdict(self)))
