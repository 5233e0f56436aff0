"""Creation: how a lab's file is made."""

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
    """Make a lab in a new file; ``progress`` is told, again and again, how many VMs there are already.

    It is made under another name beside it, so that there is either no lab or a whole one. Raises `ConfigError` if
    something is there already, or nothing can be written there.
    """
    try:
        if path.exists():
            raise FileExistsError
        _check_remains(path)
        with _name_beside(path) as draft:
            with closing(sqlite3.connect(draft, isolation_level=None)) as connection:
                _fill(connection, settings, progress)
            _write_through(draft)
            os.link(draft, path)
    except FileExistsError as error:
        raise ConfigError(f"{path} is there already", hint="remove it, or choose another path") from error
    except (OSError, sqlite3.Error) as error:
        raise ConfigError(f"no lab can be made at {path}: {error}", hint="choose another path") from error


def _check_remains(path: Path) -> None:
    """Raise `ConfigError` if there is something left of another lab, which SQLite would take for this one's."""
    remains = [str(each) for each in beside(path) if each.exists()]
    if remains:
        hint = f"if no process uses that lab any more: rm {' '.join(map(quote, remains))}; or choose another path"
        raise ConfigError(f"there is something left of another lab at {path}", hint=hint)


@contextmanager
def _name_beside(path: Path) -> Iterator[Path]:
    """A name for a file that nobody else uses, and that nothing is left of."""
    draft = path.with_name(f".{path.name}.{secrets.token_hex(4)}")
    try:
        yield draft
    finally:
        draft.unlink(missing_ok=True)


def _fill(connection: sqlite3.Connection, settings: Settings, progress: Callable[[int], object]) -> None:
    """Without a journal: whoever breaks off begins anew. Indexes are made, in one go, when all is there."""
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
    """Insert objects in batches; how many there were of each class."""
    counts: Counter[type[Object]] = Counter()
    while batch := list(islice(objects, BATCH_SIZE)):
        for kind in KINDS.values():
            rows = _rows(one for one in batch if type(one) is kind)
            connection.executemany(f"INSERT INTO {kind.prefix} (id, uuid, name, data) VALUES (?, ?, ?, ?)", rows)
        counts.update(map(type, batch))
        progress(counts[VM])
    return counts


def _rows(objects: Iterable[Object]) -> Iterator[tuple[str, str, str, bytes]]:
    return ((one.id, one.uuid, one.name, encode(one)) for one in objects)


def _write_through(file: Path) -> None:
    with file.open("rb") as opened:
        os.fsync(opened.fileno())
