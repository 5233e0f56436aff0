"""Creation: makes the file of a lab."""

from __future__ import annotations

import os
import secrets
import sqlite3
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from contextlib import closing, contextmanager
from itertools import islice
from pathlib import Path
from shlex import quote
from uuid import uuid4

import msgspec

from hvlib.model.errors import ConfigError
from hvlib_sim.lab.file_store import encode
from hvlib_sim.lab.generate import generate
from hvlib_sim.lab.objects import KINDS, VM, Object
from hvlib_sim.lab.settings import Settings
from hvlib_sim.lab.sqlite_file import APPLICATION, FORMAT, INDEXES, TABLES, beside

__all__ = ["create_lab"]

BATCH_SIZE = 10_000
CACHE_KIB = 16_384


def create_lab(path: Path, settings: Settings, progress: Callable[[int], object] = lambda _: None) -> None:
    """Make a lab in a new file. ``progress`` is called again and again with the number of VMs made so far.

    The file is made under another name in the same directory, so the path has either no lab or a complete one. Raises
    `ConfigError` if the path exists already or can't be written.
    """
    try:
        if path.exists():
            raise FileExistsError
        _check_leftovers(path)
        with _name_beside(path) as draft:
            with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
                _fill(connection, settings, progress)
            _write_through(draft)
            os.link(draft, path)
    except FileExistsError as error:
        raise ConfigError(f"{path} exists already", hint="remove it, or choose another path") from error
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(f"can't make a lab at {path}: {error}", hint="choose another path") from error


def _check_leftovers(path: Path) -> None:
    """Raise `ConfigError` if files of another lab are left at the path: SQLite would read them as part of this lab."""
    leftovers = [str(file) for file in beside(path) if file.exists()]
    if leftovers:
        hint = f"if no process uses that lab any more: rm {' '.join(map(quote, leftovers))}; or choose another path"
        raise ConfigError(f"files of another lab are left at {path}", hint=hint)


@contextmanager
def _name_beside(path: Path) -> Iterator[Path]:
    """Yield an unused path in the same directory. A file at this path is removed at the end."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _fill(connection: sqlite3.Connection, settings: Settings, progress: Callable[[int], object]) -> None:
    """Write the lab without a journal: an interrupted creation is not continued. Indexes are made after the objects."""
    for pragma in ("journal_mode = OFF", "synchronous = OFF", f"cache_size = -{CACHE_KIB}"):
        connection.execute(f"PRAGMA {pragma}")
    connection.execute("BEGIN")
    for statement in TABLES:
        connection.execute(statement)
    counts = _insert(connection, generate(settings), progress)
    kinds = [(kind.prefix, counts[kind], counts[kind]) for kind in KINDS.values()]
    connection.executemany("INSERT INTO kinds (kind, number, objects) VALUES (?, ?, ?)", kinds)
    facts = {
        "settings": msgspec.json.encode(settings).decode(),
        "uuid": str(uuid4()),
        "generation": secrets.token_hex(4),
    }
    connection.executemany("INSERT INTO lab (name, value) VALUES (?, ?)", facts.items())
    for statement in INDEXES:
        connection.execute(statement)
    connection.execute(f"PRAGMA user_version = {FORMAT}")
    connection.execute(f"PRAGMA application_id = {APPLICATION}")
    connection.execute("COMMIT")
    connection.execute("PRAGMA journal_mode = WAL")


def _insert(
    connection: sqlite3.Connection, objects: Iterator[Object], progress: Callable[[int], object]
) -> Counter[type[Object]]:
    """Insert objects in batches. Returns how many there were of each class."""
    counts: Counter[type[Object]] = Counter()
    while batch := list(islice(objects, BATCH_SIZE)):
        for kind in KINDS.values():
            rows = _rows(each for each in batch if type(each) is kind)
            connection.executemany(f"INSERT INTO {kind.prefix} (id, uuid, name, data) VALUES (?, ?, ?, ?)", rows)
        counts.update(map(type, batch))
        progress(counts[VM])
    return counts


def _rows(objects: Iterable[Object]) -> Iterator[tuple[str, str, str, bytes]]:
    return ((each.id, each.uuid, each.name, encode(each)) for each in objects)


def _write_through(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
