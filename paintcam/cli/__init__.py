"""The command line: parse, wire, print. Nothing heavy is imported before a command runs."""

from __future__ import annotations

import io
import os
import sys
import threading

import click
import typer
import typer.core

from paintcam.cli.signals import install
from paintcam.errors import PaintcamError

__all__ = ["app", "main"]


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


def _version(wanted: bool) -> None:
    if wanted:
        from paintcam import __version__

        typer.echo(f"paintcam {__version__}")
        raise typer.Exit


@app.callback(
    epilog='Without a command it is `run`: paintcam --prompt "a gorilla gardening with grapes"'
)
def paintcam(
    version: bool = typer.Option(
        False, "--version", callback=_version, is_eager=True, help="Tell the version."
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


def main() -> None:
    """Run the command line; every error of a user ends here, in words."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            # a pipe on Windows has another encoding, in which a score's bar is an error
            stream.reconfigure(encoding="utf-8", errors="replace")
    threading.excepthook = _tell_thread
    install()
    code = _run()
    try:
        sys.stdout.flush()
    except OSError:  # the reader of a pipe is gone: nothing is left to say
        code = code or 1
    sys.stderr.flush()
    if any(thread.daemon for thread in threading.enumerate() if thread.is_alive()):
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
        _say(str(error))
        return 1
    except click.ClickException as error:
        error.show()
        return error.exit_code
    except (click.Abort, KeyboardInterrupt):
        _say("Stopped.")
        return 130
    except BrokenPipeError:
        return 1
    except Exception as error:
        if debug:
            raise
        _say(
            f"This should not happen: {type(error).__name__}: {error}. Run it again with "
            "PAINTCAM_DEBUG=1 for the details, and `paintcam doctor` to check this machine."
        )
        return 1
    return result if isinstance(result, int) else 0


def _tell_thread(caught: threading.ExceptHookArgs) -> None:
    """Tell in words of a background thread that died; a reader that is gone hears nothing."""
    if caught.exc_value is not None and not isinstance(caught.exc_value, BrokenPipeError):
        _say(f"In the background: {type(caught.exc_value).__name__}: {caught.exc_value}.")


def _say(text: str) -> None:
    typer.echo(f"paintcam: {text}", err=True)
