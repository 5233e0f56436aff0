"""Finished regions: their databases and images, by the number of servers. A start copies one.

A region is made again when a file of this package or the virtual environment has changed. Nova makes at most
MADE_BY_NOVA servers; the others are added to the copy.
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

__all__ = ["copy", "prepare"]

HERE = Path(__file__).parent
MADE_BY_NOVA = 12
UNFINISHED = "making-"
COPIED_FILES = ("*.sqlite", "estate.json", "settings.json", "images", "keys", "nova")


def prepare(servers: int) -> Path:
    """Return the folder of a region with so many servers, MADE_BY_NOVA at most. Callers hold `environment.locked`."""
    made = _folder(servers, environment.prepare())
    if not made.exists():
        _make(made, _names(servers))
    return made


def copy(folder: Path, servers: int) -> tuple[Estate, str]:
    """Copy a region into an empty folder. Returns its estate, and the password of the services' user."""
    with environment.locked():
        shutil.copytree(prepare(min(servers, MADE_BY_NOVA)), folder, dirs_exist_ok=True)
    estate = Estate.read(folder)
    copies = _names(servers)[MADE_BY_NOVA:]
    if copies:
        add_servers(folder, estate.projects["admin"], copies)
    return estate, Settings.read(folder).password


def _names(servers: int) -> list[str]:
    """Return vm-00001 and so on. The first two servers have the same name, as happens in real regions."""
    names = [f"vm-{number:05}" for number in range(1, servers + 1)]
    return names[:1] + names[:1] + names[2:] if servers > 1 else names


def _folder(servers: int, venv: str) -> Path:
    """Return the folder for such a region. Removes regions that are out of date, or unfinished and abandoned."""
    sources = sorted(path for path in HERE.rglob("*") if path.is_file() and path.suffix != ".pyc")
    digest = hashlib.sha256(venv.encode() + b"".join(path.read_bytes() for path in sources)).hexdigest()[:12]
    outdated = (old for old in environment.BUILD.glob("region-*") if not old.name.startswith(f"region-{digest}-"))
    for old in (*outdated, *environment.BUILD.glob(f"{UNFINISHED}*")):
        shutil.rmtree(old)
    return environment.BUILD / f"region-{digest}-{servers}"


def _make(target: Path, servers: list[str]) -> None:
    print(f"making an OpenStack region with {len(servers)} servers (once, a minute)", file=sys.stderr, flush=True)
    with tempfile.TemporaryDirectory(dir=environment.BUILD, prefix=UNFINISHED) as name:
        folder = Path(name)
        password = secrets.token_urlsafe(12)
        migrate(folder, password)
        region = Region(folder, password)
        try:
            region.start()
            seed(region.settings, servers).write(folder)
        finally:
            region.stop()
        for database in folder.glob("*.sqlite"):
            _settle(database)
        _keep(folder).rename(target)


def _keep(folder: Path) -> Path:
    """Move the files that a start needs into a separate folder."""
    kept = folder / "kept"
    kept.mkdir(mode=0o700)  # it contains passwords
    for pattern in COPIED_FILES:
        for path in folder.glob(pattern):
            path.rename(kept / path.name)
    return kept


def _settle(database: Path) -> None:
    """Write the contents of the write-ahead log into the database."""
    connection = sqlite3.connect(database)
    connection.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    connection.close()
