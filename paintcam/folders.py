"""Where paintcam keeps things, and the best of the run in progress: it survives `kill -9`."""

from __future__ import annotations

import json
import os
from pathlib import Path
from typing import Any

__all__ = ["data_folder", "interrupted_run", "last_run_file", "pictures_folder"]


def data_folder() -> Path:
    """Where paintcam keeps what must last; `PAINTCAM_DATA_DIR` overrides the platform's own."""
    if told := os.environ.get("PAINTCAM_DATA_DIR"):
        return Path(told).expanduser()
    from platformdirs import user_data_path

    return user_data_path("paintcam", appauthor=False)


def pictures_folder() -> Path:
    """Where snapshots go that the key s asks for when no folder was given."""
    from platformdirs import user_pictures_path

    return user_pictures_path() / "paintcam"


def last_run_file() -> Path:
    """Where the best of the run in progress is written; removed by a clean end."""
    return data_folder() / "last-run.json"


def interrupted_run() -> dict[str, Any] | None:
    """Give the facts of a run that ended without a summary, once; None where there was none."""
    path = last_run_file()
    try:
        facts = json.loads(path.read_text(encoding="utf-8"))
        path.replace(path.with_name("interrupted-run.json"))
    except (OSError, ValueError):
        return None
    return facts if isinstance(facts, dict) and "best" in facts else None
