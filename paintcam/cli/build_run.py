"""Puts a run together from its options: source, judge, presenter."""

from __future__ import annotations

import signal
from collections.abc import Callable
from contextlib import ExitStack
from types import FrameType
from typing import TYPE_CHECKING

from paintcam.cli.options import View
from paintcam.cli.report import JsonReport, TextReport
from paintcam.cli.run_options import RunOptions, check_options
from paintcam.errors import DisplayError, PaintcamError

if TYPE_CHECKING:
    from paintcam.judge.make import Pictures
    from paintcam.run.every_frame import EveryFrame
    from paintcam.run.hooks import Show
    from paintcam.run.live import Live, Summary
    from paintcam.run.presenter import Presenter
    from paintcam.run.session import Session
    from paintcam.sinks.snapshots import Snapshots
    from paintcam.sinks.window import Window
    from paintcam.sources.stream import VideoStream

__all__ = ["build", "conduct"]


def build(
    options: RunOptions,
    *,
    show: Show | None = None,
    session: Session | None = None,
    next_prompt: Callable[[], str] | None = None,
) -> tuple[Live | EveryFrame, JsonReport | TextReport]:
    """Open everything that a run needs; the model loads in the background.

    Raises:
        UsageError: Options that cannot work together.
        SourceError: The source is no camera, file or URL.
        DisplayError: `--view window` where no window can open.
        SinkError: The recording or the snapshots cannot be written.
    """
    from paintcam.cli.loading import judge_loader, teller
    from paintcam.cli.model_choice import choose_model

    check_options(options)

    from paintcam.sources.stream import open_stream

    # the camera opens while everything else is put together
    stream = open_stream(
        options.source,
        every_frame=options.every_frame,
        width=options.width,
        height=options.height,
        fps=options.fps,
        backend=options.backend,
    )
    with ExitStack() as opened:  # closes everything again if a later part fails
        opened.callback(stream.close)
        choice = choose_model(options.model, ask=not options.json)
        options.notes += choice.notes
        presenter, report = _presenter(
            options, choice.name, stream, opened, show=show, session=session
        )
        from paintcam.run.every_frame import EveryFrame
        from paintcam.run.live import Live

        pictures: Pictures = "video" if options.every_frame else "live"
        state = presenter.state
        load = judge_loader(choice.name, options, pictures, teller(state, report), state.take_judge)
        loop: Live | EveryFrame
        if options.every_frame:
            loop = EveryFrame(stream, load, presenter, seconds=options.seconds)
        else:
            loop = Live(
                stream,
                load,
                presenter,
                seconds=options.seconds,
                hold=not stream.live,
                next_prompt=next_prompt,
                source_name=stream.reference.name,
            )
        opened.pop_all()  # from here on the loop closes them
        return loop, report


def _presenter(
    options: RunOptions,
    model: str,
    stream: VideoStream,
    opened: ExitStack,
    *,
    show: Show | None,
    session: Session | None,
) -> tuple[Presenter, JsonReport | TextReport]:
    from paintcam.overlay import Overlay
    from paintcam.run.autosave import Autosave
    from paintcam.run.keys import Controls
    from paintcam.run.presenter import Presenter
    from paintcam.run.session import Session
    from paintcam.sinks.snapshots import Snapshots
    from paintcam.sinks.video_file import VideoFile

    # the recording comes last: an error must leave no empty file behind
    snapshots = Snapshots(options.snapshot) if options.snapshot is not None else None
    autosave = Autosave(snapshots, _last_run(options), model=model)
    opened.callback(autosave.close)
    window = _window(options)
    if window is not None:
        opened.callback(window.close)
    recording = None
    if options.record is not None:
        wanted = options.record.expanduser()
        recording = VideoFile(wanted, fps=lambda: stream.fps, realtime=not options.every_frame)
        opened.callback(recording.close)
        if recording.path != wanted:
            options.told.append(f"{wanted} exists: recording to {recording.path}")
    report: JsonReport | TextReport
    report = JsonReport(model) if options.json else TextReport(course=window is None)
    for note in (*options.notes, *options.told):
        report.note(note)
    presenter = Presenter(
        prompt=options.prompt or "",
        model=model,
        overlay=Overlay(),
        listener=report,
        window=window,
        recording=recording,
        autosave=autosave,
        show=show,
        session=session or Session(options.smoothing),
        controls=Controls(mirror=options.mirror),
        notes=options.notes,
    )
    return presenter, report


def _last_run(options: RunOptions) -> Snapshots | None:
    """Tell of a run that ended without a summary, and open the place for this one's best."""
    from paintcam.errors import SinkError
    from paintcam.folders import data_folder, interrupted_runs
    from paintcam.sinks.snapshots import Snapshots

    for facts in interrupted_runs():
        bests = ", ".join(f'{best:.1f} for "{prompt}"' for prompt, best in facts["bests"].items())
        options.told.append(f"A run was cut off: best {bests}, {facts.get('at', '')}.")
    try:
        return Snapshots(data_folder())
    except SinkError:
        return None  # a home that cannot be written to must not stop the show


def _window(options: RunOptions) -> Window | None:
    from paintcam.sinks.window import Window

    if options.view is View.NONE:
        return None
    try:
        return Window(fullscreen=options.fullscreen)
    except DisplayError as error:
        if options.view is View.WINDOW:
            raise
        options.told.append(f"No window: {error}")
        return None


def conduct(
    loop: Live | EveryFrame,
    report: JsonReport | TextReport | None = None,
    *,
    tell: bool = False,
) -> Summary:
    """Run a loop to its end; Ctrl-C and SIGTERM end it as `q` does.

    Args:
        loop: Built, not yet run.
        report: Told the summary where the run ends in an error after its first verdict.
        tell: Tell it the summary in any case: where what comes next may hang.
    """
    from paintcam.cli.signals import stopping
    from paintcam.folders import forget_last_run

    def stop(_signal: int, _frame: FrameType | None) -> None:
        loop.stop()

    before = {number: signal.signal(number, stop) for number in (signal.SIGINT, signal.SIGTERM)}
    try:
        if stopping.is_set():
            loop.stop()
        summary = loop.run()
        if report is not None and tell:
            report.summary(summary)
        forget_last_run()
        return summary
    except PaintcamError:
        if report is not None and loop.presenter.state.snapshot().scored:
            report.summary(loop.summary())  # nothing is lost: the best is told before the error
            forget_last_run()
        raise
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)
