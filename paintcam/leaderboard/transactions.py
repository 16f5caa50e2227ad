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
    checked,
    is_damage,
    is_passing,
    is_table_missing,
    translated,
)
from paintcam.leaderboard.location import file_identity, file_size, location_of, sqlite_path
from paintcam.leaderboard.wal_files import WalFiles

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
        self._damaged: tuple[int, int] | None = None
        self._generation = 0
        self._note_files()

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

    def is_sound(self) -> bool:
        """As `Leaderboard.is_sound`."""
        if self._path is None:
            return True
        with translated(self._url), self._lock:
            self._current()
            found = checked(self._path)
            if found is False:
                self._set_aside()
            return found is True

    def close(self) -> None:
        """Close the database. May be called twice."""
        with self._lock:
            self._dispose()

    def _note_files(self) -> None:
        self._file, self._size = file_identity(self._path), file_size(self._path)
        self._wal_files = WalFiles(self._path)

    def _dispose(self) -> None:
        self._wal_files.restore()  # the last one to close the database copies the journal to it
        self._engine.dispose()

    def _is_replaced(self) -> bool:
        with self._lock:
            size = file_size(self._path)
            # A copy over the file keeps its identity. paintcam never makes it smaller.
            shrunk, self._size = size < self._size, size
            self._replaced |= shrunk or file_identity(self._path) != self._file
            wal_replaced = self._wal_files.are_replaced()
            self._wal_files.restore()
            return self._replaced or wal_replaced

    def _current(self) -> Engine:
        # A file that was deleted or replaced still takes writes through the old handle, and they
        # would be lost. Checking it before and after each use costs microseconds.
        with self._lock:
            if self._is_replaced():
                self._generation += 1
                self._on_replaced()
                self._dispose()
                if self._replaced:
                    damaged, self._damaged = self._damaged, None
                    self._engine = open_engine(self._url, self._notice, damaged)
                self._note_files()
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
            except UnicodeDecodeError:
                self._set_aside()
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
            self._damaged = self._file
            self._replaced = True  # opening it renames the file and creates a new one
