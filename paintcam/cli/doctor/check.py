"""One line of the doctor's report."""

from __future__ import annotations

from dataclasses import dataclass
from enum import Enum

__all__ = ["Check", "Level"]


class Level(str, Enum):
    """How it stands."""

    OK = "OK"
    WARN = "WARN"
    FAIL = "FAIL"


@dataclass(frozen=True, slots=True)
class Check:
    """One line of the doctor's report.

    Attributes:
        level: OK; WARN where paintcam runs but not at its best; FAIL where something will not run.
        what: What was looked at.
        found: What was found.
        mend: The command that mends it; empty where nothing is wrong.
    """

    level: Level
    what: str
    found: str
    mend: str = ""
