"""Cells of CSV that a spreadsheet shows and never runs."""

from __future__ import annotations

import re
from collections.abc import Iterable

from paintcam.text.clean import printable

__all__ = ["csv_cells", "spreadsheet_safe"]

_FORMULA_SIGNS = "=+\\-@＝＋－＠|%"  # also in full-width signs; a bar or percent calls a program
_INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u2060-\u2064\ufeff"
_FORMULA = re.compile(rf"(?:\A|(?<=[;:|^~]))(?=[\t\r\n]|[\s\"'{_INVISIBLE}]*[{_FORMULA_SIGNS}])")


def csv_cells(cells: Iterable[object]) -> list[object]:
    """Clean the texts among the cells of a row; numbers stay numbers."""
    # in this order: what is removed from a cell must not uncover a formula
    return [spreadsheet_safe(printable(one)) if isinstance(one, str) else one for one in cells]


def spreadsheet_safe(cell: str) -> str:
    """Make a cell of CSV that a spreadsheet shows and does not run.

    What begins like a formula gets an apostrophe in front, at the start of the text and after each
    character at which a reader may split it again. A comma is none, because the text is quoted, and
    neither is a tab, because none is printed. Source: OWASP, "CSV Injection".

    Args:
        cell: From `printable`.
    """
    return _FORMULA.sub("'", cell)
