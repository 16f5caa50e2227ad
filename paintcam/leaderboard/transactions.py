"""Transactions in a database whose file may be locked, damaged, deleted or replaced meanwhile."""

from __future__ import annotations

import contextlib
import random
import sqlite3
import time
from collections.abc import Callable
from contextlib import AbstractContextManager
from threading import RLock
from typing import TypeAlias, TypeVar

from sqlalchemy import URL, Connection, Engine, exc

from paintcam.errors import OTHER_DATABASE, LeaderboardError
from paintcam.leaderboard.answers import AnswerLimit
from paintcam.leaderboard.database import open_engine
from paintcam.leaderboard.faults import (
    is_damage,
    is_passing,
    is_table_missing,
    set_aside,
    translated,
)
from paintcam.leaderboard.location import file_identity, file_size, location_of, sqlite_path

__all__ = ["Transactions", "Work"]

_PATIENCE_S = 30.0
_PAUSE_S = 0.01
_CLASHES = 8
_Result = TypeVar("_Result")
Work: TypeAlias = Callable[[Connection], _Result]


class Transactions:
    """Runs work in transactions, and retries it if that can help. May be used from several threads.

    Args:
        url: From `parse_url`.
        notice: Called with a message for the user.
        on_replaced: Called when another file is opened, before work runs in it.

    Raises:
        LeaderboardError: The database cannot be reached or read, or its schema is newer.
    """

    def __init__(
        self, url: URL, notice: Callable[[str], None], on_replaced: Callable[[], None]
    ) -> None:
        self._url = url
        self._path = sqlite_path(url)
        self._notice = notice
        self._on_replaced = on_replaced
        self._lock = RLock()
        self._engine = open_engine(url, notice)
        self._replaced = False
        self._generation = 0
        self._file, self._size = file_identity(self._path), file_size(self._path)

    def generation(self) -> int:
        """Return how often the content was lost: its file was deleted, replaced or damaged."""
        with contextlib.suppress(LeaderboardError), translated(self._url):
            self._current()
        return self._generation

    def copy_journal(self) -> None:
        """Copy what is in SQLite's journal to the file, where nobody deletes it by mistake."""
        with translated(self._url):
            raw = self._current().raw_connection()
        try:
            with contextlib.suppress(sqlite3.Error):  # a reader or a full disk delays it
                raw.cursor().execute("PRAGMA wal_checkpoint(PASSIVE)")
        finally:
            raw.close()

    def read(self, work: Work[_Result]) -> _Result:
        """Run a function that only reads, in one transaction."""
        with translated(self._url):
            return self._repeat(lambda engine: engine.connect(), work)

    def write(self, work: Work[_Result]) -> _Result:
        """Run a function that writes, in one transaction, and may be run again."""
        with translated(self._url):
            return self._repeat(
                lambda engine: engine.execution_options(paintcam_writes=True).begin(), work
            )

    def close(self) -> None:
        """Close the database. May be called twice."""
        self._engine.dispose()

    def _is_replaced(self) -> bool:
        with self._lock:
            size = file_size(self._path)
            # A copy over the file keeps its identity. paintcam never makes it smaller.
            shrunk, self._size = size < self._size, size
            self._replaced |= shrunk or file_identity(self._path) != self._file
            return self._replaced

    def _current(self) -> Engine:
        # A file that was deleted or replaced still takes writes through the old handle, and they
        # would be lost. Checking it before and after each use costs microseconds.
        with self._lock:
            if self._is_replaced():
                self._generation += 1
                self._on_replaced()
                self._engine.dispose()
                self._engine = open_engine(self._url, self._notice)
                self._file, self._size = file_identity(self._path), file_size(self._path)
                self._replaced = False  # not before another one is open
            return self._engine

    def _repeat(
        self, begin: Callable[[Engine], AbstractContextManager[Connection]], work: Work[_Result]
    ) -> _Result:
        deadline = time.monotonic() + _PATIENCE_S
        clashes = 0
        emptied = False
        while True:
            limit = AnswerLimit()
            try:
                with limit, begin(self._current()) as connection:
                    limit.watch(connection)
                    result = work(connection)
                if not self._is_replaced():
                    return result
            except exc.DBAPIError as error:
                if limit.exceeded:
                    raise LeaderboardError(
                        f"The database {location_of(self._url)} does not answer.",
                        fix=f"Check that it runs and is not locked, or {OTHER_DATABASE}.",
                    ) from None
                clashes += isinstance(error, exc.IntegrityError)
                may_pass = self._is_replaced() or (is_passing(error) and clashes <= _CLASHES)
                if is_damage(error):
                    self._set_aside()
                elif is_table_missing(error) and not emptied:
                    emptied = True
                    with self._lock:
                        self._replaced = True  # opening it creates the tables
                elif not may_pass or time.monotonic() > deadline:
                    raise
            time.sleep(_PAUSE_S * random.random())

    def _set_aside(self) -> None:
        with self._lock:
            self._engine.dispose()
            self._notice(set_aside(self._url, self._file))
            self._replaced = True
