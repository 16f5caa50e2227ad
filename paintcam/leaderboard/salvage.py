"""Copy what can still be read of a damaged SQLite file into a new one."""

from __future__ import annotations

import contextlib
import shutil
import sqlite3
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from sqlalchemy import Connection, Table, select

from paintcam.leaderboard import schema, writes
from paintcam.leaderboard.drivers import decoded

__all__ = ["salvage"]

_FARTHEST = 1 << 40
_MOST_POINTS = 10_000
_Row = dict[str, Any]


def salvage(connection: Connection, damaged: Path) -> int:
    """Store what can be read of a damaged file. What is stored already stays as it is.

    Args:
        connection: To the new file, in a transaction that writes.
        damaged: The damaged file; it and its journal are not changed.

    Returns:
        How many turns were read.
    """
    if connection.execute(select(schema.boards.c.id).limit(1)).scalar() is not None:
        return 0  # another process was faster, and the ids of its boards are others
    with _opened(damaged) as source:
        known: dict[str, set[object]] = {}
        for table in (
            schema.boards,
            schema.players,
            schema.turns,
            schema.submissions,
            schema.pictures,
        ):
            known[table.name] = set()
            rows = [row for row in _rows(source, table) if _fits(table, row, known)]
            for start in range(0, len(rows), 500):
                connection.execute(
                    table.insert().prefix_with("OR IGNORE"), rows[start : start + 500]
                )
    schema.fill_bests(connection)
    hidden = schema.submissions.c.state == schema.HIDDEN
    for turn_id in connection.execute(select(schema.submissions.c.id).where(hidden)).scalars():
        writes.recount(connection, turn_id)
    return len(known[schema.turns.name])


@contextlib.contextmanager
def _opened(damaged: Path) -> Iterator[sqlite3.Connection]:
    # A copy: SQLite writes what it finds in the journal to the file that it opens.
    with tempfile.TemporaryDirectory(prefix="paintcam-", dir=damaged.parent) as folder:
        for ending in ("", "-wal"):
            with contextlib.suppress(FileNotFoundError):
                shutil.copyfile(f"{damaged}{ending}", Path(folder) / f"{damaged.name}{ending}")
        with contextlib.closing(sqlite3.connect(Path(folder) / damaged.name)) as source:
            source.text_factory = decoded
            yield source


def _rows(source: sqlite3.Connection, table: Table) -> Iterator[_Row]:
    """Read a table in the order of its rows, and step over those that cannot be read."""
    names = [column.name for column in table.columns]
    # NOT INDEXED: an index may be damaged where the table is not.
    query = (
        f"SELECT rowid, {', '.join(names)} FROM {table.name} NOT INDEXED "
        "WHERE rowid > ? ORDER BY rowid"
    )
    last, step = 0, 0
    while last < _FARTHEST:
        try:
            for row in source.execute(query, (last,)):
                last, step = max(last, row[0]), 0
                yield dict(zip(names, row[1:], strict=True))
        except sqlite3.Error:
            step = max(1, 2 * step)
            last += step
        else:
            return


def _fits(table: Table, row: _Row, known: dict[str, set[object]]) -> bool:
    """Return whether a row can be stored: its keys exist, and nothing that it needs is missing."""
    for column in table.columns:
        value = row[column.name]
        if value is None and not column.nullable:
            return False
        if any(value not in known[key.column.table.name] for key in column.foreign_keys):
            return False
    if table is schema.turns:
        points = row["points"]
        if not isinstance(points, int) or not 0 <= points <= _MOST_POINTS:
            return False
    if row["id"] in known[table.name]:
        return False
    known[table.name].add(row["id"])
    return True
