"""Cells of CSV that a spreadsheet shows and never runs."""

from __future__ import annotations

import re

__all__ = ["spreadsheet_safe"]

_FORMULA_SIGNS = "=+\\-@＝＋－＠|%"  # also in full-width signs; a bar or percent calls a program
_INVISIBLE = "\u00ad\u061c\u180e\u200b-\u200f\u2060-\u2064\ufeff"
_FORMULA = re.compile(rf"(?:\A|(?<=[;:|^~]))(?=[\t\r\n]|[\s\"'{_INVISIBLE}]*[{_FORMULA_SIGNS}])")


def spreadsheet_safe(cell: str) -> str:
    """Make a cell of CSV that a spreadsheet shows and does not run.

    What begins like a formula gets an apostrophe in front, at the start of the text and after each
    character at which a reader may split it again. A comma is none, because the text is quoted, and
    neither is a tab, because none is printed. Source: OWASP, "CSV Injection".

    Args:
        cell: From `printable`.
    """
    return _FORMULA.sub("'", cell)
