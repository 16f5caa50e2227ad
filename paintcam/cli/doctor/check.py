"""One line of the doctor's report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Check", "Level"]


class Level(str, Enum):
    """Result of a check."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's report.

    Attributes:
        level: OK; WARN if paintcam runs with limits; FAIL if something does not run.
        what: What was checked.
        found: What was found.
        fix: The command that fixes it; empty if nothing is wrong.
    """

    level: Level
    what: str
    found: str
    fix: str = ""
