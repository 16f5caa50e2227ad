"""Put a run together from its options: source, judge, window, recording, report."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import ExitStack
from typing import TYPE_CHECKING

from paintcam.cli.option_checks import check_options
from paintcam.cli.options import View
from paintcam.cli.output import say
from paintcam.cli.report import JsonReport, TextReport
from paintcam.cli.run_options import RunOptions
from paintcam.cli.signals import before_leaving, check_stop
from paintcam.errors import DisplayError, SinkError

if TYPE_CHECKING:
    from paintcam.encoders.base import Progress
    from paintcam.judge.judge import Judge
    from paintcam.judge.make import Pictures
    from paintcam.run.every_frame import EveryFrame
    from paintcam.run.hooks import Show
    from paintcam.run.live import Live
    from paintcam.run.presenter import Presenter
    from paintcam.run.session import Session
    from paintcam.run.state import RunState
    from paintcam.sinks.snapshots import Snapshots
    from paintcam.sinks.window import Window
    from paintcam.sources.stream import VideoStream

_MOST_RUNS = 5
"""How many interrupted runs are shown."""

__all__ = ["build"]


def build(
    options: RunOptions,
    *,
    show: Show | None = None,
    session: Session | None = None,
    next_prompt: Callable[[], str] | None = None,
    on_judge: Callable[[str, Judge], None] | None = None,
) -> tuple[Live | EveryFrame, JsonReport | TextReport]:
    """Open everything that a run needs; the model loads in the background.

    Args:
        options: Of the run.
        show: What a command adds to the run.
        session: Holds the best score.
        next_prompt: Returns the prompt for the key n.
        on_judge: Called in the scorer's thread with the encoder's name and its judge, once they
            are loaded.

    Returns:
        The run, which closes what was opened when it ends, and what reports it.

    Raises:
        UsageError: Options that cannot work together.
        SourceError: The source is not a camera, file or URL.
        DisplayError: A window was required and cannot open.
        SinkError: The recording or the snapshots cannot be written.
    """
    check_options(options)
    from paintcam.cli.judge_loading import load_judge, slow_hint, start_encoder
    from paintcam.cli.model_choice import choose_model
    from paintcam.run.every_frame import EveryFrame
    from paintcam.run.live import Live
    from paintcam.sources.stream import open_stream

    files = ExitStack()  # closed too if a signal ends the command while a library hangs
    with ExitStack() as opened, before_leaving(files.close):  # if a later part fails
        opened.push(files)
        # the camera opens while everything else is put together
        stream = open_stream(
            options.source,
            every_frame=options.every_frame,
            width=options.width,
            height=options.height,
            fps=options.fps,
            backend=options.backend,
        )
        opened.callback(stream.close)
        choice = choose_model(options.model, ask=not options.json)
        check_stop()
        loading = start_encoder(choice.name, options)
        presenter, report = _presenter(
            options, choice.name, choice.notes, stream, opened, files, show=show, session=session
        )
        state = presenter.state
        progress = _download_progress(state, report)

        def load() -> Judge:
            pictures: Pictures = "video" if options.every_frame else "live"
            score_first = pictures == "live" and not (show is not None and show.guards_first)
            judge, notes = load_judge(
                choice.name, options, pictures, progress, loading=loading, score_first=score_first
            )
            state.take_judge(judge, notes)
            if on_judge is not None:
                on_judge(choice.name, judge)
            return judge

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
                on_slow=slow_hint(state) if options.model == "auto" else None,
            )
        check_stop()
        files.pop_all()
        opened.pop_all()  # from here on the loop closes them
    return loop, report


def _download_progress(state: RunState, report: JsonReport | TextReport) -> Progress:
    """Show the progress of a download on the picture and in the terminal."""
    reported = -10

    def show(done: int, total: int) -> None:
        nonlocal reported
        percent = 100 * done // max(total, 1)
        state.loading = f"downloading {state.model}: {percent} %"
        if percent >= reported + 10:
            reported = percent
            report.note(f"{state.loading} of {total >> 20} MiB")
        if done >= total:
            state.loading = f"loading {state.model}…"

    return show


def _presenter(
    options: RunOptions,
    model: str,
    notes: Sequence[str],
    stream: VideoStream,
    opened: ExitStack,
    files: ExitStack,
    *,
    show: Show | None,
    session: Session | None,
) -> tuple[Presenter, JsonReport | TextReport]:
    from paintcam.folders import expanded, forget_last_run
    from paintcam.overlay import Overlay
    from paintcam.run.autosave import Autosave
    from paintcam.run.keys import Controls
    from paintcam.run.presenter import Presenter
    from paintcam.run.session import Session
    from paintcam.sinks.snapshots import Snapshots
    from paintcam.sinks.video_file import VideoFile

    # files before the window: a name that cannot be recorded to must not open one
    # at once: a run that then fails must not take the report of an earlier one with it
    for message in _interrupted_runs():
        say(message)
    files.callback(forget_last_run)
    recording, messages = None, []
    if options.record is not None:
        path = expanded(options.record)
        recording = VideoFile(path, fps=lambda: stream.fps, realtime=not options.every_frame)
        files.callback(recording.close)
        if recording.path != path:
            messages.append(f"{path} exists. Recording to {recording.path} instead.")
    snapshots = Snapshots(options.snapshot) if options.snapshot is not None else None
    autosave = Autosave(snapshots, _last_run(), model=model)
    files.callback(autosave.close)
    check_stop()
    window, trouble = _window(options)
    if window is not None:
        opened.callback(window.close)
    report: JsonReport | TextReport
    report = JsonReport(model) if options.json else TextReport(course=window is None)
    for note in (*notes, *messages, *trouble):
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
        notes=notes,
    )
    return presenter, report


def _interrupted_runs() -> list[str]:
    """Report runs that ended without a summary."""
    from paintcam.folders import claim_last_run, interrupted_runs

    messages: list[str] = []
    runs = interrupted_runs(messages.append)
    if len(runs) > _MOST_RUNS:
        messages.append(f"{len(runs):,} previous runs ended unexpectedly.")
    for facts in runs[-_MOST_RUNS:]:
        bests = ", ".join(f'{best:.1f} for "{prompt}"' for prompt, best in facts["bests"].items())
        messages.append(
            f"The previous run ended unexpectedly. Best score: {bests} ({facts['at']})."
        )
    claim_last_run()
    return messages


def _last_run() -> Snapshots | None:
    """Open the place for this run's best."""
    from paintcam.folders import data_folder
    from paintcam.sinks.snapshots import Snapshots

    try:
        return Snapshots(data_folder())
    except SinkError:
        return None  # a home folder that is not writable must not stop the run


def _window(options: RunOptions) -> tuple[Window | None, list[str]]:
    """Open the window; without one, give the reason."""
    from paintcam.sinks.window import Window

    if options.view is View.NONE:
        return None, []
    try:
        return Window(fullscreen=options.fullscreen, display=options.display), []
    except DisplayError as error:
        if options.view is View.WINDOW or options.display is not None:
            raise
        return None, [f"Running without a window. {error}"]
