"""Keeps a run's best on disk the moment it rises: nothing that ends the run takes it away."""

from __future__ import annotations

import time
from typing import Any

from paintcam.errors import SinkError
from paintcam.folders import last_run_name, pictures_folder
from paintcam.frames import Frame
from paintcam.judge.verdict import Verdict
from paintcam.overlay import Hud, Overlay
from paintcam.run.session import Standing
from paintcam.sinks.snapshots import Snapshot, Snapshots

__all__ = ["Keeper"]


class Keeper:
    """Keeps the best frame as a picture where that is wanted, and the best alone always.

    Args:
        snapshots: Where pictures go; None keeps none, but those that are asked for.
        last_run: Where the best alone goes, as last-run-PID.json; None where no folder can be had.
        model: The encoder's name.
    """

    def __init__(
        self, snapshots: Snapshots | None, last_run: Snapshots | None, *, model: str
    ) -> None:
        """Keep nothing yet."""
        self._snapshots = snapshots
        self._asked_for: Snapshots | None = None
        self._last_run = last_run
        self._model = model
        self._started = time.strftime("%Y%m%d-%H%M%S")
        self._part = 1
        self._bests: dict[str, float] = {}
        self._now: tuple[str, float] | None = None
        self._overlay = Overlay()  # its own: the stage's belongs to the main thread

    @property
    def best_picture(self) -> str | None:
        """Where the best frame is kept; None where none is wanted."""
        if self._snapshots is None:
            return None
        return str(self._snapshots.folder.absolute() / f"{self._started}-{self._best_name}.jpg")

    @property
    def _best_name(self) -> str:
        return "best" if self._part == 1 else f"best-{self._part}"

    def begin(self) -> None:
        """Keep what was best so far: another prompt or player begins."""
        self._part += 1
        self._bests, self._now = self._all_bests, None

    @property
    def _all_bests(self) -> dict[str, float]:
        """Prompt → its best, in the order in which they were drawn."""
        if self._now is None:
            return self._bests
        prompt, best = self._now
        return {**self._bests, prompt: max(best, self._bests.get(prompt, 0.0))}

    def keep_best(self, frame: Frame, verdict: Verdict, standing: Standing, hud: Hud) -> None:
        """Keep a new best; never waits."""
        facts = self._facts(verdict, standing, hud)
        self._now = hud.prompt, facts["best"]
        if self._last_run is not None:
            # one file a run: it tells the earlier prompts' bests as well
            self._last_run.keep(Snapshot(last_run_name(), facts | {"bests": self._all_bests}))
        if self._snapshots is not None:
            self._snapshots.keep(self._snapshot(self._best_name, frame, hud, facts))

    def discard_best(self, best: float | None) -> None:
        """Throw away the picture of a best that is taken back: it must not be seen.

        Args:
            best: What is the best now; None where nothing is left.
        """
        if self._now is not None:
            self._now = None if best is None else (self._now[0], round(best, 2))
        if self._snapshots is not None:
            self._snapshots.discard(f"{self._started}-{self._best_name}")

    def keep_frame(self, frame: Frame, verdict: Verdict, standing: Standing, hud: Hud) -> str:
        """Keep this frame; gives what to tell the person who asked for it."""
        if self._asked_for is None:
            try:
                self._asked_for = self._snapshots or Snapshots(pictures_folder())
            except SinkError as error:
                return str(error)
        facts = self._facts(verdict, standing, hud)
        self._asked_for.keep(self._snapshot(f"frame{frame.index}", frame, hud, facts))
        return f"Snapshot in {self._asked_for.folder}"

    def trouble(self) -> str:
        """What went wrong since the last call, in words; "" where nothing did."""
        for folder in (self._snapshots, self._asked_for):
            if folder is not None and folder.error is not None:
                error, folder.error = folder.error, None
                return str(error)
        return ""

    def close(self) -> None:
        """Write what is waiting. May be called twice."""
        for folder in (self._snapshots, self._asked_for, self._last_run):
            if folder is not None:
                folder.close()

    def _snapshot(self, name: str, frame: Frame, hud: Hud, facts: dict[str, Any]) -> Snapshot:
        clean = None if hud.blocked else frame.image
        return Snapshot(
            f"{self._started}-{name}", facts, clean, lambda: self._overlay.draw(frame.image, hud)
        )

    def _facts(self, verdict: Verdict, standing: Standing, hud: Hud) -> dict[str, Any]:
        return {
            "prompt": hud.prompt,
            "best": round(standing.best, 2),
            "score": round(standing.score, 2),
            "similarity": round(verdict.similarity, 5),
            "frame": verdict.frame,
            "time_s": round(verdict.time_s, 3),
            "model": self._model,
            "at": time.strftime("%Y-%m-%d %H:%M:%S"),
        }
