"""Rows of the database as turns. A row may hold anything: SQLite's columns have no fixed types."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime
from typing import Any, TypeVar, cast, get_args

from sqlalchemy import Row

from paintcam.errors import LeaderboardError
from paintcam.leaderboard.records import Board, Origin, Turn

__all__ = ["BrokenRowError", "number_or", "readable", "texts_of", "turn_of"]

_Result = TypeVar("_Result")


class BrokenRowError(ValueError):
    """A row of the database holds what paintcam never writes."""


def turn_of(row: Row[Any]) -> Turn:
    """Build the turn of a row that a query of `reads` selected.

    Raises:
        BrokenRowError: A column holds a value of another type, or one that cannot be.
    """
    try:
        return Turn(
            id=_text(row.id),
            board=Board(
                _text(row.prompt),
                _text(row.encoder),
                _number(row.low),
                _number(row.high),
                _origin(row.origin),
            ),
            player=_text(row.name),
            score=_number(row.score),
            best=_number(row.best),
            similarity=_number(row.similarity),
            guards=texts_of(row.guards),
            at=datetime.fromisoformat(_text(row.at)),
            snapshot=None if row.snapshot is None else _text(row.snapshot),
        )
    except (TypeError, ValueError, LeaderboardError) as error:
        raise BrokenRowError(str(error)) from None


def readable(
    rows: Iterable[Row[Any]], build: Callable[[Row[Any]], _Result], skipped: set[str]
) -> Iterator[_Result]:
    """Build what can be built of rows.

    Args:
        rows: Each with an `id`.
        build: Builds one result of a row, or raises `BrokenRowError`.
        skipped: Receives the ids of rows that could not be read.
    """
    for row in rows:
        try:
            yield build(row)
        except BrokenRowError:
            skipped.add(str(row.id))


def texts_of(text: object) -> tuple[str, ...]:
    """Read a JSON list of texts.

    Raises:
        BrokenRowError: It is something else.
    """
    try:
        found = json.loads(_text(text))
    except (TypeError, ValueError, RecursionError):
        raise BrokenRowError("not JSON") from None
    if not isinstance(found, list) or not all(isinstance(item, str) for item in found):
        raise BrokenRowError("not a list of strings")
    return tuple(found)


def number_or(value: object, default: float) -> float:
    """Return a value if it is a finite number, or else the default."""
    try:
        return _number(value)
    except TypeError:
        return default


def _text(value: object) -> str:
    if not isinstance(value, str):
        raise TypeError("not a string")
    return value


def _origin(value: object) -> Origin:
    if value not in get_args(Origin):
        raise ValueError("not an origin")
    return cast(Origin, value)


def _number(value: object) -> float:
    if isinstance(value, bool) or not isinstance(value, (int, float)) or not math.isfinite(value):
        raise TypeError("not a number")
    return value
