"""The commands, and the one place that catches what they raise."""

from __future__ import annotations

import errno
import io
import os
import sys
import threading
from typing import NoReturn

import click
import typer
import typer.core

from paintcam.cli.error_text import error_text
from paintcam.cli.output import (
    give_up_stdout,
    open_streams,
    print_line,
    say,
    say_lines,
    stdout_failed,
)
from paintcam.cli.signals import EXIT_CODE
from paintcam.errors import PaintcamError

__all__ = ["app", "run_app"]


class RunByDefault(typer.core.TyperGroup):
    """`paintcam --prompt …` is `paintcam run --prompt …`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put "run" before options that come first."""
        own = {"--help", "-h", "--version", "--install-completion", "--show-completion"}
        if args and args[0].startswith("-") and args[0].split("=")[0] not in own:
            args = ["run", *args]
        return super().parse_args(ctx, args)


app = typer.Typer(
    cls=RunByDefault,
    name="paintcam",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    rich_markup_mode="rich",
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(requested: bool) -> None:
    if requested:
        from paintcam import __version__

        print_line(f"paintcam {__version__}")
        raise typer.Exit


@app.callback(
    epilog='The default command is `run`: paintcam --prompt "a gorilla gardening with grapes"'
)
def paintcam(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    """Hold a drawing to a webcam: CLIP scores it live against a prompt."""


def _register() -> None:
    from paintcam.cli.bench import bench
    from paintcam.cli.calibrate import calibrate
    from paintcam.cli.cameras import cameras
    from paintcam.cli.contest import contest
    from paintcam.cli.demo import demo
    from paintcam.cli.doctor.command import doctor
    from paintcam.cli.leaderboard import leaderboard_app
    from paintcam.cli.models import models_app
    from paintcam.cli.prompts import prompts
    from paintcam.cli.run import run
    from paintcam.cli.score import score
    from paintcam.cli.serve import serve

    app.command("run")(run)
    app.command("demo")(demo)
    app.command("score")(score)
    app.command("contest")(contest)
    app.command("serve")(serve)
    app.command("prompts")(prompts)
    app.add_typer(leaderboard_app, name="leaderboard")
    app.command("cameras")(cameras)
    app.add_typer(models_app, name="models")
    app.command("doctor")(doctor)
    app.command("calibrate")(calibrate)
    app.command("bench")(bench)


_register()


def run_app() -> NoReturn:
    """Run the command line and exit; every user error is printed here."""
    open_streams()
    threading.excepthook = _report_thread
    code = _run()
    if stdout_failed():
        code = code or 1
    for stream in (sys.stdout, sys.stderr):
        try:
            stream.flush()
        except (OSError, ValueError):
            code = code or 1
    others = (one for one in threading.enumerate() if one.name != "paintcam-signals")
    if any(one.daemon for one in others):
        # a driver, a download or a model that cannot be stopped: without this, the interpreter's
        # own shutdown would wait for it or crash in it
        os._exit(code)
    sys.exit(code)


def _run() -> int:
    debug = bool(os.environ.get("PAINTCAM_DEBUG"))
    try:
        result = app(standalone_mode=False)
    except PaintcamError as error:
        if debug:
            raise
        say(error_text(error))
        return 1
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        say_lines(shown.getvalue())
        return error.exit_code
    except click.Abort:
        say("Stopped.")
        return EXIT_CODE
    except KeyboardInterrupt:
        return EXIT_CODE
    except OSError as error:
        if debug:
            raise
        if error.errno not in (errno.EPIPE, errno.ENOSPC, errno.EIO) or error.filename:
            say(_unexpected(error))
        elif not stdout_failed():  # Click and Rich print help themselves
            give_up_stdout(error)
        return 1
    except Exception as error:
        if debug:
            raise
        say(_unexpected(error))
        return 1
    return result if isinstance(result, int) else 0


def _unexpected(error: Exception) -> str:
    return (
        f"This should not happen: {type(error).__name__}: {error}. Run the command again with "
        "PAINTCAM_DEBUG=1 for details, or run `paintcam doctor` to check this machine."
    )


def _report_thread(caught: threading.ExceptHookArgs) -> None:
    """Report a background thread that died."""
    if caught.exc_value is not None:
        say(f"Error in a background thread: {type(caught.exc_value).__name__}: {caught.exc_value}.")
