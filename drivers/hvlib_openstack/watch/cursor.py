"""Cursors: a watch of servers goes on from one, and it proves that nova still remembers all servers that went since."""

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
    """A moment, by the server's clock, and which servers there were then.

    | region, scope: whose servers: the region's uuid, and a project's identifier or that of all
    | at: seconds since 1970
    | servers: how many there were
    | sum: of their identifiers, as numbers: with what came and went since it gives those that there are now
    | young: those of them that were so young that their age does not tell that they were there
    | told: those that were gone already, so lately that nova will tell it once more
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
        """Raises `CursorLost` for text that is no cursor."""
        return decode_cursor(text, cls)

    def had(self, id: str, born: int, young: int) -> bool:
        """Whether a server was there at the moment: an old one was, of a young one the cursor says so."""
        return born < self.at - young or id in self.young

    def difference(self, alive: Mapping[str, int], gone: Mapping[str, int], young: int) -> tuple[set[str], set[str]]:
        """The servers that came and those that went since, given the living and the gone ones with their births.

        Raises `CursorLost` where these do not account for all that there were.
        """
        came = {id for id, born in alive.items() if not self.had(id, born, young)}
        went = {id for id, born in gone.items() if self.had(id, born, young) and id not in self.told}
        before = [*(alive.keys() - came), *went]
        if (len(before), f"{total(before):x}") != (self.servers, self.sum):
            raise CursorLost("nova does not remember all servers that are gone since the cursor")
        return came, went


def total(ids: Iterable[str]) -> int:
    """The sum of identifiers: whatever the order, and what goes can be taken off."""
    return sum(int(UUID(id)) for id in ids) % MODULUS
