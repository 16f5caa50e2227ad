"""What the audience sees: the newest verdict drawn on the picture, shown, recorded and kept."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import replace
from typing import TYPE_CHECKING, TypeAlias

import numpy as np

from paintcam.errors import SinkError
from paintcam.frames import Frame, FrameSink, Image
from paintcam.judge.verdict import Verdict
from paintcam.overlay import Hud, Overlay
from paintcam.run.autosave import Keeper
from paintcam.run.hooks import Listener, Show
from paintcam.run.keys import Controls
from paintcam.run.session import Session, Standing
from paintcam.run.timings import Pace

if TYPE_CHECKING:
    import numpy.typing as npt

    from paintcam.judge.judge import Judge
    from paintcam.sinks.window import Window

__all__ = ["Stage"]

_Latest: TypeAlias = tuple[Verdict, Standing]

NOTE_S = 6.0
"""How long a message stays on the picture."""


class Stage:
    """Draws, shows, records and keeps. Main thread, but for `take_verdict`.

    Args:
        prompt: What the drawing should show, or the labels' headline.
        model: The encoder's name, as drawn.
        overlay: Draws the heads-up display.
        listener: Hears of verdicts and messages.
        window: Where the picture is shown; None shows it nowhere.
        recording: Where it is recorded; given up with a message once it fails.
        keeper: Keeps the best on disk.
        show: What a command adds.
        session: Keeps the best; its own reset is `r`'s, which forgets on purpose.
        controls: What the keys have set.
        notes: Lines that stay on the picture for some seconds at the start.
    """

    def __init__(
        self,
        *,
        prompt: str,
        model: str,
        overlay: Overlay,
        listener: Listener,
        window: Window | None = None,
        recording: FrameSink | None = None,
        keeper: Keeper | None = None,
        show: Show | None = None,
        session: Session | None = None,
        controls: Controls | None = None,
        notes: tuple[str, ...] = (),
    ) -> None:
        """Draw nothing yet."""
        self.prompt = prompt
        self.model = model
        self.guards: tuple[str, ...] = ()
        self.loading = f"loading {model}…"
        self.listener = listener
        self.window = window
        self.recording = recording
        self.keeper = keeper
        self.show = show or Show()
        self.session = session or Session()
        self.controls = controls or Controls()
        self.pace = Pace()
        self.latest: _Latest | None = None
        self._blocked = False
        self._results: dict[str, float] = {}
        self.best: float | None = None
        self._overlay = overlay
        self._notes = deque([(note, time.monotonic() + 2 * NOTE_S) for note in notes], maxlen=16)
        self._drawn: Verdict | None = None
        self._reset = False

    @property
    def watched(self) -> bool:
        """Whether anybody sees the pictures."""
        return self.window is not None or self.recording is not None

    @property
    def typing(self) -> bool:
        """Whether somebody types a text, a prompt or what the show asks for."""
        return self.controls.typing is not None or self.show.typing

    def note(self, text: str) -> None:
        """Put a message on the picture for some seconds, and before the listener."""
        self._notes.append((text, time.monotonic() + NOTE_S))
        self.listener.note(text)

    def take_judge(self, judge: Judge, notes: list[str]) -> None:
        """Learn which guards are really running; called in the scorer's thread."""
        self.guards = judge.active_guards
        for note in notes:
            self.listener.note(note)

    def take_verdict(self, verdict: Verdict, frame: Frame) -> None:
        """Count a verdict; called in the scorer's thread."""
        if self._reset:  # set by a key in the main thread; the session belongs to this one
            self._reset = False
            self._begin()
        best = self.session.best
        standing = self.session.add(verdict)
        if self.session.best != best and verdict.blocked and self.keeper is not None:
            self.keeper.discard_best(self.session.best)
        self.pace.scored()
        self.latest = verdict, standing
        self._blocked = verdict.blocked
        self.best = standing.best
        if standing.is_new_best and self.keeper is not None:
            hud = self._hud(frame.image.shape[:2], (verdict, standing))
            self.keeper.keep_best(frame, verdict, standing, hud)
        self.listener.verdict(verdict, standing)
        self.show.on_verdict(verdict, standing, frame)

    def present(self, frame: Frame | None, *, state: str, is_new: bool) -> None:
        """Draw the newest verdict on a frame, and give the picture to window and recording.

        Args:
            frame: None before the first one: a dark picture with the state.
            state: In words, for the picture; "" while all is well.
            is_new: Whether this frame was not presented before.
        """
        if is_new:
            self.pace.shown()
        self._tell_trouble()
        if not self.watched:
            return
        image = _CURTAIN if frame is None else frame.image
        started = time.monotonic()
        latest = self.latest
        picture = self._draw(image, state, latest)
        drawn = time.monotonic()
        if frame is not None:
            self._record(picture)
        if self.window is not None:
            self.window.write(picture)
        self.pace.draw_s.append(drawn - started)
        self.pace.show_s.append(time.monotonic() - drawn)
        if latest is not None and latest[0] is not self._drawn:
            self._drawn = latest[0]
            self.pace.age_s.append(drawn - self._drawn.captured_at)

    def press(self, key: str, frame: Frame | None) -> str:
        """Take a key; gives what is left for the loop to do: "quit", "next", "prompt:…" or ""."""
        if self.controls.typing is None and key and self.show.on_key(key):
            return ""
        action = self.controls.press(key)
        if action == "reset":
            self._reset = True
        elif action == "fullscreen" and self.window is not None:
            self.window.toggle_fullscreen()
        elif action == "snapshot":
            self._snapshot(frame)
        return action

    def switch_prompt(self, prompt: str) -> None:
        """Judge against another prompt: the old best is not its best."""
        self._remember()
        self.prompt = prompt
        self._begin()
        self.latest = None
        self.show.on_prompt(prompt)

    def _remember(self) -> None:
        if self.session.best is not None:
            self._results[self.prompt] = max(self.session.best, self._results.get(self.prompt, 0.0))

    @property
    def results(self) -> dict[str, float]:
        """The best of every prompt so far, in the order in which they were drawn."""
        self._remember()
        return dict(self._results)

    def _begin(self) -> None:
        self.session.reset()
        if self.keeper is not None:
            self.keeper.begin()

    def finish(self) -> None:
        """End the recording now: what still has to be closed is no part of the run."""
        if self.recording is not None:
            self.recording.close()

    def close(self) -> None:
        """Finish recording and snapshots, and take the window off the screen."""
        for closing in (self.window, self.keeper, self.recording):
            if closing is not None:
                closing.close()
        self._tell_trouble()  # the last snapshot is written only now

    def _tell_trouble(self) -> None:
        if self.keeper is not None and (trouble := self.keeper.trouble()):
            self.note(trouble)

    def _draw(self, image: Image, state: str, latest: _Latest | None) -> Image:
        now = time.monotonic()
        notes = tuple(text for text, until in tuple(self._notes) if until > now)
        hud = self._hud(image.shape[:2], latest, notes)
        controls = self.controls
        hud = replace(
            hud,
            state=state,
            fps=self.pace.rates() if controls.rates else None,
            help=controls.help,
            typing=controls.typing,
            mirrored=controls.mirror,
        )
        hidden = not (controls.overlay or controls.help or self.show.help or self.typing)
        if hidden and not hud.blocked:
            plain = self.show.picture(image)
            return np.ascontiguousarray(plain[:, ::-1]) if controls.mirror else plain
        return self._overlay.draw(self.show.picture(image), self.show.dress(hud))

    def _hud(
        self,
        shape: tuple[int, ...],
        latest: _Latest | None,
        notes: tuple[str, ...] = (),
    ) -> Hud:
        model = " · ".join([self.model, *(f"{guard} guard" for guard in self.guards)])
        hud = Hud(prompt=self.prompt, model=model, notes=notes, region=_crop(shape))
        if latest is None:
            # a new prompt makes no picture safe: only a verdict does
            return replace(hud, blocked=self._blocked)
        verdict, standing = latest
        return replace(
            hud,
            score=standing.score,
            best=standing.best,
            notes=(*verdict.flags, *notes),
            region=_crop(shape) if verdict.region is None else verdict.region,
            sheet=verdict.region is not None,
            labels=verdict.labels,
            blocked=verdict.blocked,
        )

    def _record(self, picture: Image) -> None:
        if self.recording is None:
            return
        try:
            self.recording.write(picture)
        except SinkError as error:
            self.recording.close()
            self.recording = None
            self.note(str(error))

    def _snapshot(self, frame: Frame | None) -> None:
        latest = self.latest
        if frame is None or latest is None or self.keeper is None:
            return
        hud = self._hud(frame.image.shape[:2], latest)
        self.note(self.keeper.keep_frame(frame, *latest, hud))


_CURTAIN: Image = np.full((720, 1280, 3), 24, np.uint8)


def _crop(shape: tuple[int, ...]) -> npt.NDArray[np.float32]:
    """Corners of the centre square, all that an encoder sees of a whole frame (H, W)."""
    height, width = shape[:2]
    side = min(height, width)
    left, top = (width - side) / 2, (height - side) / 2
    return np.array(
        [[left, top], [left + side, top], [left + side, top + side], [left, top + side]], np.float32
    )
