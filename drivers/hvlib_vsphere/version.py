"""Versions: the API version that the server and the driver share."""

from __future__ import annotations

from xml.etree import ElementTree

__all__ = ["VERSIONS_FILE", "common_version"]

VERSIONS_FILE = "vimServiceVersions.xml"
"""The document, below the path of the API, in which a server lists its API versions. Reading it needs no login."""

OLDEST = "6.5"
"""The version for a server that lists none: all servers in use support it."""

NEWEST = "9.1.1.0"
"""The newest version that this driver was written for. With a newer server, it uses the newest one that both share."""


def common_version(document: bytes | None) -> str:
    """The newest version that the server and this driver share."""
    try:
        root = ElementTree.fromstring(document or b"")
    except ElementTree.ParseError:
        return OLDEST
    offered = [
        version.text or ""
        for namespace in root.iter("namespace")
        if namespace.findtext("name") == "urn:vim25"
        for version in namespace.iter("version")
    ]
    shared = [version for version in offered if (0,) < _ordered(version) <= _ordered(NEWEST)]
    return max(shared, key=_ordered, default=OLDEST)


def _ordered(version: str) -> tuple[int, ...]:
    """A version as numbers that can be compared; empty for text that is no version (``VMC M5``)."""
    parts = version.split(".")
    return tuple(map(int, parts)) if all(part.isdecimal() for part in parts) else ()
