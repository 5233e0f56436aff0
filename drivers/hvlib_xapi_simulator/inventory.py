"""The objects of a new pool, before they are in its database. The same seed makes the same references and uuids."""

from __future__ import annotations

import random
import uuid
from typing import Any

from hvlib_xapi_simulator.classes import CLASSES
from hvlib_xapi_simulator.database import Database
from hvlib_xapi_simulator.records import blank
from hvlib_xapi_simulator.relations import RELATIONS
from hvlib_xapi_simulator.values import NULL

__all__ = ["Inventory"]


class Inventory:
    """Objects by class and reference, whose relations are completed when they are loaded into a database."""

    def __init__(self, seed: str) -> None:
        self.objects: dict[str, dict[str, dict[str, Any]]] = {name: {} for name in CLASSES}
        self._random = random.Random(seed)

    def add(self, table: str, **fields: Any) -> str:
        """Add an object with defaults for the fields that are not given; return its reference."""
        ref = f"OpaqueRef:{self.uuid()}"
        self.objects[table][ref] = blank(CLASSES[table], **{"uuid": self.uuid(), **fields})
        return ref

    def uuid(self) -> str:
        """Return the next uuid."""
        return str(uuid.UUID(int=self._random.getrandbits(128), version=4))

    def load(self, database: Database) -> None:
        """Put everything into an empty database."""
        self._relate()
        for name, table in database.tables.items():
            if self.objects[name] or table.rows:
                database.load(name, self.objects[name])

    def _relate(self) -> None:
        """Fill the sets at the other ends of references."""
        for name, relations in RELATIONS.items():
            for relation in relations:
                others = self.objects[relation.table]
                for ref, fields in self.objects[name].items():
                    other = others.get(fields[relation.field]) if fields[relation.field] != NULL else None
                    if other is None:
                        continue
                    if not other[relation.other]:
                        other[relation.other] = []
                    other[relation.other].append(ref)
