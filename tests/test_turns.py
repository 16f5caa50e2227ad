"""Tests that measure time have the machine to themselves, although tests run side by side."""

from __future__ import annotations

import threading
import time
from typing import IO

import pytest

from turns import Turns

fcntl = pytest.importorskip("fcntl", reason="the locks are of POSIX")


def is_free(door: IO[str]) -> bool:
    """Whether nobody is about to enter."""
    try:
        fcntl.flock(door, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    fcntl.flock(door, fcntl.LOCK_UN)
    return True


def test_tests_run_side_by_side_unless_one_measures_time(tmp_path):
    """One that is to be alone waits for those that run, and those that come later wait for it."""
    order: list[str] = []
    first_may_end, alone_may_end = threading.Event(), threading.Event()
    events = {name: threading.Event() for name in ("first", "second", "alone", "late")}

    def test(name: str, may_end: threading.Event | None, *, alone: bool = False) -> None:
        turns = Turns(tmp_path)
        turns.take(alone=alone)
        order.append(name)
        events[name].set()
        if may_end is not None:
            may_end.wait(20)
        turns.take(alone=alone)  # the next one of a block: no waiting
        order.append(f"{name} ended")
        turns.end()

    def start(*args: object, **more: bool) -> threading.Thread:
        thread = threading.Thread(target=test, args=args, kwargs=more, daemon=True)
        thread.start()
        return thread

    first = start("first", first_may_end)
    assert events["first"].wait(20)
    start("second", None).join(20)
    assert order == ["first", "second", "second ended"]
    alone = start("alone", alone_may_end, alone=True)
    with (tmp_path / "door").open("w") as door:
        while is_free(door):
            assert not events["alone"].is_set()
            time.sleep(0.01)
    assert not events["alone"].is_set()
    late = start("late", None)
    assert not events["late"].wait(0.2)
    first_may_end.set()
    assert events["alone"].wait(20)
    assert not events["late"].wait(0.2)
    alone_may_end.set()
    for thread in (first, alone, late):
        thread.join(20)
    assert order[3:] == ["first ended", "alone", "alone ended", "late", "late ended"]
