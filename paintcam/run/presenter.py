"""What the audience sees: the newest verdict drawn on the picture, shown and recorded."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from paintcam.errors import SinkError
from paintcam.frames import Frame, FrameSink, Image, write_at
from paintcam.overlay import Overlay
from paintcam.run.explain_key import ExplainKey
from paintcam.run.hooks import Listener, Show
from paintcam.run.hud import explained, live_hud
from paintcam.run.keys import Action, Controls
from paintcam.run.line_editor import LineEditor
from paintcam.run.session import Session
from paintcam.run.state import RunState, RunView
from paintcam.run.timings import Timings
from paintcam.sinks.keyboard import Key

if TYPE_CHECKING:
    from paintcam.run.autosave import Autosave
    from paintcam.sinks.window import Window

__all__ = ["Presenter", "Stage"]


class Presenter:
    """Draws, shows, records and takes keys. Main thread only; `state` is what threads share.

    A context manager: leaving it closes window, recording and snapshots.

    Args:
        prompt: What the drawing should show, or the headline above labels.
        model: The encoder's name, as drawn.
        overlay: Draws the heads-up display.
        listener: Receives verdicts and messages.
        window: Where the picture is shown; None shows it nowhere.
        recording: Where it is recorded. A recording that fails is closed with a message.
        autosave: Keeps the best on disk.
        show: What a command adds to the run.
        session: Holds the best of the current prompt.
        controls: What the keys have set.
        notes: Messages that are on the picture at the start.

    Attributes:
        complete: Whether everything that was to be recorded or saved could be written so far.

    Example:
        >>> import paintcam
        >>> class Quiet:
        ...     def state(self, state): ...
        ...     def verdict(self, verdict, standing): ...
        ...     def note(self, text): ...
        >>> with paintcam.Presenter(
        ...     prompt="a house", model="sketch", overlay=paintcam.Overlay(), listener=Quiet()
        ... ) as presenter:
        ...     presenter.state.prompt
        'a house'
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
        autosave: Autosave | None = None,
        show: Show | None = None,
        session: Session | None = None,
        controls: Controls | None = None,
        notes: Sequence[str] = (),
    ) -> None:
        self.state = RunState(
            prompt, model, listener, show=show, session=session, autosave=autosave, notes=notes
        )
        self.show = self.state.show
        self.listener = listener
        self.window = window
        self.recording = recording
        self.complete = True
        self.controls = controls or Controls()
        self.timings = Timings()
        self.explain_key = ExplainKey(self.controls, self.state, self.show)
        self._autosave = autosave
        self._overlay = overlay

    def __enter__(self) -> Presenter:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    @property
    def editor(self) -> LineEditor | None:
        """The line that is being typed: a prompt, or what the show asks for."""
        return self.controls.editor or self.show.editor

    @property
    def typing(self) -> bool:
        """Whether keys are text."""
        return self.editor is not None or self.show.typing

    @property
    def closed(self) -> bool:
        """Whether the user has closed the window."""
        return self.window is not None and self.window.closed

    def present(
        self, frame: Frame | None, *, state: str, is_new: bool, is_recorded: bool = True
    ) -> None:
        """Draw the newest verdict on a frame, and pass the picture to window and recording.

        Args:
            frame: None before the first one: a dark picture that shows the state.
            state: The source's state in words; "" while it is live.
            is_new: Whether this frame was not presented before.
            is_recorded: Whether the picture is part of the recording: a file that waits for the
                model is not.
        """
        if is_new:
            self.timings.count_shown()
        self._report_snapshot_error()
        if self.window is None and self.recording is None:
            return
        started = time.monotonic()
        view = self.state.snapshot()
        picture = self._draw(_CURTAIN if frame is None else frame.image, state, view)
        drawn = time.monotonic()
        if frame is not None and is_recorded and self.recording is not None:
            self._record(self.recording, picture, frame.time_s)
        if self.window is not None:
            self.window.write(picture)
        self.timings.count_picture(started, drawn, view.verdict)

    def next_key(self) -> Key | None:
        """Let the window work, and return the next key. A run whose display is lost continues."""
        if self.window is None:
            return None
        key = self.window.next_key(typing=self.typing)
        if self.editor is not None:
            self.editor.composing = self.window.composing
        if self.window.lost:
            self.window.close()
            self.window = self.controls.editor = self.show.editor = None
            self.show.on_window_lost()
            self.state.note(
                "The display was lost, and the window with it. The run and its recording continue; "
                "press Ctrl-C in the terminal to end them."
            )
        return key

    def press(self, key: Key, frame: Frame | None) -> Action:
        """Handle a key: by its character, or else by its place on the keyboard.

        Args:
            key: What `next_key` returned.
            frame: The frame that is on the screen.

        Returns:
            What is left for the loop to do: "quit", "next", "prompt:…"; else "" or an action that
            was carried out.
        """
        if self.controls.editor is not None:
            return self.controls.press(key.text)
        if (editor := self.show.editor) is not None:
            if end := editor.press(key.text):
                self.show.editor = None
                self.show.on_text(editor.text if end == "enter" else None)
            return ""
        if self.show.typing:  # a show that reads letters by itself
            self.show.on_key(key.text)
            return ""
        self.explain_key.prepare()
        for name in dict.fromkeys((key.text, key.place)):
            if name and self.show.on_key(name):
                return ""
            if self.controls.knows(name):
                return self._carry_out(self.controls.press(name), frame)
        return ""

    def _carry_out(self, action: Action, frame: Frame | None) -> Action:
        if action == "reset":
            self.state.reset(frame)
        elif action == "fullscreen" and self.window is not None:
            self.window.toggle_fullscreen()
        elif action == "snapshot":
            self._snapshot(frame)
        return action

    def finish(self) -> None:
        """End the recording now: closing the rest must not be part of it."""
        if self.recording is not None:
            try:
                self.recording.close()
            except SinkError as error:  # the disk had no room for the end
                self._report_loss(str(error))

    def close(self) -> None:
        """Close window, snapshots and recording. May be called twice."""
        for part in (self.window, self._autosave):
            if part is not None:
                part.close()
        self.finish()
        self._report_snapshot_error()  # the last snapshot is written on closing

    def _report_snapshot_error(self) -> None:
        if self._autosave is not None and (error := self._autosave.take_error()):
            self._report_loss(error)

    def _report_loss(self, text: str) -> None:
        self.complete = False
        self.state.note(text)

    def _draw(self, image: Image, state: str, view: RunView) -> Image:
        controls = self.controls
        if not self.explain_key.fits:
            view = replace(view, explanation=None)
        shown_fps = self.timings.shown.per_second()
        hud = live_hud(view, image.shape, controls, state=state, shown_fps=shown_fps)
        image = explained(self.show.picture(image), view)
        if not (controls.overlay or controls.help or self.show.help or self.typing or hud.blocked):
            return np.ascontiguousarray(image[:, ::-1]) if controls.mirror else image
        return self._overlay.draw(image, self.show.dress(hud))

    def _record(self, recording: FrameSink, picture: Image, time_s: float) -> None:
        try:
            write_at(recording, picture, time_s)
        except SinkError as error:
            recording.close()
            self.recording = None
            self._report_loss(str(error))

    def _snapshot(self, frame: Frame | None) -> None:
        view = self.state.snapshot()
        if frame is not None and view.verdict is not None and self._autosave is not None:
            self.state.note(self._autosave.keep_frame(frame, view))


Stage = Presenter
"""The name that scripts written for paintcam 0.1 import."""

_CURTAIN: Image = np.full((720, 1280, 3), 24, np.uint8)
