"""Cursors: a watch of servers resumes from one. It proves that nova still remembers all servers deleted since then."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from uuid import UUID

import msgspec

from hvlib.driver import WatchCursor
from hvlib.driver.cursor import decode_cursor, encode_cursor
from hvlib.model.errors import CursorLost

__all__ = ["Cursor", "total"]

MODULUS = 1 << 128


class Cursor(msgspec.Struct, frozen=True, array_like=True):
    """A moment by the server's clock, and a summary of the servers that existed then.

    | region, scope: the region's uuid, and the project's identifier, or ``*`` for all projects
    | at: seconds since 1970
    | servers: how many servers existed
    | sum: the sum of their identifiers as numbers: plus created and minus deleted servers it is the present sum
    | young: the existing servers that were so new that their creation time does not prove that they existed
    | told: the servers that had just been deleted, so that nova will report their deletion once more
    """

    region: str
    scope: str
    at: int
    servers: int
    sum: str
    young: tuple[str, ...] = ()
    told: tuple[str, ...] = ()

    def encode(self) -> WatchCursor:
        """The text that `decode` reads."""
        return encode_cursor(self)

    @classmethod
    def decode(cls, text: str) -> Cursor:
        """Read a cursor's text. Raises `CursorLost` for any other text."""
        return decode_cursor(text, cls)

    def had(self, id: str, born: int, young: int) -> bool:
        """Whether a server existed at the moment: an old server did, and a young one if the cursor names it."""
        return born < self.at - young or id in self.young

    def difference(self, alive: Mapping[str, int], gone: Mapping[str, int], young: int) -> tuple[set[str], set[str]]:
        """The servers created and the servers deleted since, by the creation times of existing and deleted servers.

        Raises `CursorLost` if these do not account for all servers of the cursor.
        """
        came = {id for id, born in alive.items() if not self.had(id, born, young)}
        went = {id for id, born in gone.items() if self.had(id, born, young) and id not in self.told}
        before = [*(alive.keys() - came), *went]
        if (len(before), f"{total(before):x}") != (self.servers, self.sum):
            raise CursorLost("nova does not remember all servers that were deleted since the cursor")
        return came, went


def total(ids: Iterable[str]) -> int:
    """The sum of identifiers as numbers. It does not depend on their order, and identifiers can be subtracted."""
    return sum(int(UUID(id)) for id in ids) % MODULUS
