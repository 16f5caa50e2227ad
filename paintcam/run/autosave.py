"""Saves a run's best the moment it rises, so that nothing that ends the run can lose it."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace
from typing import Any

from paintcam.errors import SinkError
from paintcam.folders import last_run_name, pictures_folder
from paintcam.frames import Frame
from paintcam.overlay import Hud, Overlay
from paintcam.run.hud import explained, hud_of
from paintcam.run.state import RunView
from paintcam.sinks.snapshots import Snapshot, Snapshots

__all__ = ["Autosave"]


class Autosave:
    """Saves the best score, and the best frame as a picture if there is a folder for it.

    `RunState` calls `begin`, `keep_best` and `discard_best` with its lock held, from any thread;
    the rest belongs to the main thread. Nothing here waits for the disk.

    Args:
        snapshots: Where pictures go; None saves only those that a person asks for.
        last_run: Where the best score goes, as last-run-PID.json; None if no folder is writable.
        model: The encoder's name.
    """

    def __init__(
        self, snapshots: Snapshots | None, last_run: Snapshots | None, *, model: str
    ) -> None:
        self._snapshots = snapshots
        self._requested: Snapshots | None = None
        self._last_run = last_run
        self._model = model
        started = time.strftime("%Y%m%d-%H%M%S")
        self._started = started if snapshots is None else snapshots.claim(started)
        self._part = 1
        self._earlier: dict[str, float] = {}
        self._rises: deque[dict[str, Any]] = deque(maxlen=256)  # of this part, lowest best first
        self._overlay = Overlay()  # its own: the presenter's belongs to the main thread

    @property
    def best_picture(self) -> str | None:
        """Path of the best frame's picture; None if pictures are not kept."""
        if self._snapshots is None:
            return None
        return str(self._snapshots.folder.absolute() / f"{self._best_name}.jpg")

    @property
    def _best_name(self) -> str:
        return f"{self._started}-best" + (f"-{self._part}" if self._part > 1 else "")

    def begin(self) -> None:
        """Keep what is saved so far: another prompt or attempt begins."""
        self._earlier = self._bests
        self._rises.clear()
        self._part += 1

    @property
    def _bests(self) -> dict[str, float]:
        """Prompt → its best, in the order in which the prompts were drawn."""
        if not self._rises:
            return self._earlier
        prompt, best = self._rises[-1]["prompt"], self._rises[-1]["best"]
        return {**self._earlier, prompt: max(best, self._earlier.get(prompt, 0.0))}

    def keep_best(self, frame: Frame, view: RunView) -> None:
        """Save a new best."""
        hud = hud_of(view, frame.image.shape)
        facts = self._facts(view)
        self._rises.append(facts)
        self._save_last_run()
        if self._snapshots is not None:
            self._snapshots.keep(self._snapshot(self._best_name, frame, hud, facts))

    def discard_best(self, best: float | None) -> None:
        """Withdraw a best that a guard rejected: its picture must not be seen.

        Args:
            best: The best that is left, 0…100; None if nothing is left.
        """
        left = -1.0 if best is None else round(best, 2)
        while self._rises and self._rises[-1]["best"] > left:
            self._rises.pop()
        self._save_last_run()
        if self._snapshots is not None:
            self._snapshots.discard(self._best_name)

    def keep_frame(self, frame: Frame, view: RunView) -> str:
        """Save this frame because a person asked for it.

        Returns:
            The message for that person.
        """
        if self._requested is None:
            try:
                self._requested = self._snapshots or Snapshots(pictures_folder())
            except SinkError as error:
                return str(error)
            if self._requested is not self._snapshots:
                self._started = self._requested.claim(self._started)
        hud = hud_of(view, frame.image.shape)
        name = f"{self._started}-frame{frame.index}"
        drawn = replace(frame, image=explained(frame.image, view))
        self._requested.keep(self._snapshot(name, drawn, hud, self._facts(view)))
        return f"Snapshot saved in {self._requested.folder}"

    def take_error(self) -> str:
        """Return the error since the last call, in words; "" if there was none."""
        for folder in (self._snapshots, self._requested):
            if folder is not None and folder.error is not None:
                error, folder.error = folder.error, None
                return str(error)
        return ""

    def close(self) -> None:
        """Write what is waiting. May be called twice."""
        for folder in (self._snapshots, self._requested, self._last_run):
            if folder is not None:
                folder.close()

    def _save_last_run(self) -> None:
        if self._last_run is None:
            return
        bests = self._bests
        if not bests:
            self._last_run.discard(last_run_name())
            return
        # one file per run: it holds the bests of earlier prompts too
        prompt, best = list(bests.items())[-1]
        facts = self._rises[-1] if self._rises else {"prompt": prompt, "best": best}
        self._last_run.keep(Snapshot(last_run_name(), self._common() | facts | {"bests": bests}))

    def _snapshot(self, name: str, frame: Frame, hud: Hud, facts: dict[str, Any]) -> Snapshot:
        clean = None if hud.blocked else frame.image
        return Snapshot(name, facts, clean, lambda: self._overlay.draw(frame.image, hud))

    def _common(self) -> dict[str, Any]:
        return {"model": self._model, "at": time.strftime("%Y-%m-%d %H:%M:%S")}

    def _facts(self, view: RunView) -> dict[str, Any]:
        if view.verdict is None or view.standing is None:
            raise ValueError("Nothing was scored yet.")
        return {
            "prompt": view.prompt,
            "best": round(view.standing.best, 2),
            "score": round(view.standing.score, 2),
            "similarity": round(view.verdict.similarity, 5),
            "frame": view.verdict.frame,
            "time_s": round(view.verdict.time_s, 3),
            **self._common(),
        }
