"""Regions that were made before: their databases and images, by the number of servers. A start copies one.

A region is made anew whenever anything changed that it is made with.
"""

from __future__ import annotations

import hashlib
import secrets
import shutil
import sqlite3
import sys
import tempfile
from pathlib import Path

from servers.openstack import environment
from servers.openstack.estate import Estate
from servers.openstack.region import Region, migrate
from servers.openstack.scaling import add_servers
from servers.openstack.seeding import seed
from servers.openstack.settings import Settings

__all__ = ["copy"]

HERE = Path(__file__).parent
MADE_BY_NOVA = 20
"""What comes after these are copies."""

KEPT = ("*.sqlite", "estate.json", "settings.json", "images", "keys", "nova")


def copy(folder: Path, servers: int) -> tuple[Estate, str]:
    """Copy a region into an empty folder. Returns what it holds, and the password of the services' user."""
    with environment.locked():
        source = _folder(servers, environment.prepare())
        if not source.exists():
            _make(source, servers)
        shutil.copytree(source, folder, dirs_exist_ok=True)
    return Estate.read(folder), Settings.read(folder).password


def _folder(servers: int, venv: str) -> Path:
    """Return where such a region is, or belongs; regions that are out of date are removed."""
    sources = sorted(path for path in HERE.rglob("*") if path.is_file() and path.suffix != ".pyc")
    digest = hashlib.sha256(venv.encode() + b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    for old in environment.BUILD.glob("region-*"):
        if not old.name.startswith(f"region-{digest}-"):
            shutil.rmtree(old)
    return environment.BUILD / f"region-{digest}-{servers}"


def _make(target: Path, servers: int) -> None:
    print(f"making an OpenStack region with {servers} servers (once)", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir=environment.BUILD) as name:
        folder = Path(name)
        password = secrets.token_urlsafe(12)
        names = _names(servers)
        migrate(folder, password)
        region = Region(folder, password)
        try:
            region.start()
            estate = seed(region.settings, names[:MADE_BY_NOVA])
            estate.write(folder)
        finally:
            region.stop()
        for database in folder.glob("*.sqlite"):
            _settle(database)
        if names[MADE_BY_NOVA:]:
            add_servers(folder, estate.projects["admin"], names[MADE_BY_NOVA:])
        kept = folder / "kept"
        kept.mkdir()
        for pattern in KEPT:
            for path in folder.glob(pattern):
                path.rename(kept / path.name)
        kept.rename(target)


def _names(servers: int) -> list[str]:
    """Return vm-00001 and so on; the first two have the same name, as it happens."""
    names = [f"vm-{number:05}" for number in range(1, servers + 1)]
    return names[:1] + names[:1] + names[2:] if servers > 1 else names


def _settle(database: Path) -> None:
    """Bring what is in the write-ahead log into the database."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
