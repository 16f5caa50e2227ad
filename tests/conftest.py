"""Settings for all tests, which run in several worker processes side by side."""

from __future__ import annotations

import os
import sys
import tempfile
from pathlib import Path

import pytest

sys.path.insert(0, str(Path(__file__).parent))  # tests share their own modules
sys.path.append(str(Path(__file__).parents[1]))  # examples; an installed paintcam comes first

os.environ.setdefault("DISABLE_VERSION_CHECK", "True")
if "PYTEST_XDIST_WORKER" not in os.environ:  # the workers inherit the name of this folder
    _FOLDER = tempfile.TemporaryDirectory(prefix="paintcam-tests-", ignore_cleanup_errors=True)
    os.environ["PAINTCAM_TESTS_FOLDER"] = _FOLDER.name
RUN = Path(os.environ["PAINTCAM_TESTS_FOLDER"])
_OWN = RUN / os.environ.get("PYTEST_XDIST_WORKER", "alone")
# Caches, scores and pictures of the user stay as they are, and no worker sees those of another one.
os.environ["PAINTCAM_CACHE_DIR"] = str(_OWN / "cache")
os.environ["XDG_DATA_HOME"] = str(_OWN / "share")
os.environ["XDG_PICTURES_DIR"] = str(_OWN / "pictures")

from clip_fixtures import clip_cache, clip_encoder, vit_cache  # noqa: E402, F401
from turns import Turns  # noqa: E402

_TURNS = Turns(RUN)


def pytest_xdist_auto_num_workers() -> int:
    """Start one worker more than there are cores: most tests wait for processes and clocks."""
    return (os.cpu_count() or 1) + 1


def _alone(item: pytest.Item | None) -> bool:
    return item is not None and item.get_closest_marker("alone") is not None


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Put the tests that measure time first, in one block: the other workers wait once for all."""
    if "PYTEST_XDIST_WORKER" in os.environ:
        items.sort(key=lambda item: not _alone(item))


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item, nextitem: pytest.Item | None) -> object:
    """Let the tests that measure time have the machine to themselves."""
    _TURNS.take(alone=_alone(item))
    try:
        return (yield)
    finally:
        if not (_alone(item) and _alone(nextitem)):
            _TURNS.end()
