"""The commands, and the one place that catches what they raise."""

from __future__ import annotations

import errno
import importlib
import io
import os
import sys
import threading
import traceback
from typing import NoReturn

import click
import typer
import typer.core
import typer.main
from typer.models import CommandInfo, TyperInfo

from paintcam.cli.output import (
    give_up_stdout,
    open_streams,
    print_line,
    say,
    say_lines,
    stdout_failed,
    typed_texts,
)
from paintcam.cli.signals import EXIT_CODE
from paintcam.errors import PaintcamError

__all__ = ["app", "run_app"]


_COMMANDS = {
    "run": ("run:run", "Score a live stream against a prompt."),
    "demo": ("demo:demo", "Score a bundled clip, without a webcam, an API key or a network."),
    "score": ("score:score", "Score still pictures against a prompt, and list the best first."),
    "contest": (
        "contest:contest",
        "Let players draw the same prompt in turn. The highest fair maximum wins.",
    ),
    "serve": (
        "serve:serve",
        "Serve a drawing contest for a hall of phones, with a stage page for the projector.",
    ),
    "leaderboard": ("leaderboard:leaderboard_app", "Show who drew best, prompt by prompt."),
    "prompts": ("prompts:prompts", "Suggest prompts that are easy to draw and fit for all ages."),
    "cameras": ("cameras:cameras", "List cameras with index, name, resolution and frame rate."),
    "models": (
        "models:models_app",
        "List encoders with size, licence and folder, and show which are installed.",
    ),
    "doctor": (
        "doctor.command:doctor",
        "Check this machine, and show the command that fixes each problem.",
    ),
    "calibrate": (
        "calibrate:calibrate",
        "Measure the score range of an encoder on a folder of drawings.",
    ),
    "bench": (
        "bench:bench",
        "Measure the speed, CPU time and memory of a live run on this machine.",
    ),
}
"""Each command: where it is defined, and its summary, so that `--help` imports none of them."""


class Commands(typer.core.TyperGroup):
    """Imports a command when it is used; without a name, that is `run`."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put "run" before options that come first."""
        own = {"--help", "-h", "--version", "--install-completion", "--show-completion"}
        if args and args[0].startswith("-") and args[0].split("=")[0] not in own:
            args = ["run", *args]
        return super().parse_args(ctx, args)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """Return the names in the order of `--help`."""
        return list(_COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """Import a command."""
        if cmd_name not in _COMMANDS:
            return None
        module, _, name = _COMMANDS[cmd_name][0].partition(":")
        defined = getattr(importlib.import_module(f"paintcam.cli.{module}"), name)
        command: click.Command
        if isinstance(defined, typer.Typer):
            command = typer.main.get_group_from_info(
                TyperInfo(defined, name=cmd_name),
                pretty_exceptions_short=False,
                rich_markup_mode="rich",
            )
        else:
            command = typer.main.get_command_from_info(
                CommandInfo(cmd_name, callback=defined),
                pretty_exceptions_short=False,
                rich_markup_mode="rich",
            )
        # Rich would keep the line breaks of the docstring
        paragraphs = (command.help or "").split("\n\n")
        command.help = "\n\n".join(" ".join(one.split()) for one in paragraphs)
        return command

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """List the commands by their summaries alone."""
        listed: dict[str, click.Command] = {
            name: typer.core.TyperCommand(name, help=summary)
            for name, (_, summary) in _COMMANDS.items()
        }
        typer.core.TyperGroup(
            name=self.name,
            commands=listed,
            params=self.params,
            help=self.help,
            epilog=self.epilog,
            rich_markup_mode="rich",
        ).format_help(ctx, formatter)


app = typer.Typer(
    cls=Commands,
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
    """Hold a drawing up to a webcam, and CLIP scores it live against a prompt."""


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
    try:
        result = app(standalone_mode=False)
    except click.ClickException as error:
        shown = io.StringIO()
        error.show(shown)
        say_lines(shown.getvalue(), typed_texts())
        return error.exit_code
    except click.Abort:
        say("Stopped.")
        return EXIT_CODE
    except KeyboardInterrupt:
        return EXIT_CODE
    except Exception as error:
        if os.environ.get("PAINTCAM_DEBUG"):
            say_lines(traceback.format_exc())
        _report(error)
        return 1
    return result if isinstance(result, int) else 0


def _report(error: Exception) -> None:
    """Report what ended a command."""
    if isinstance(error, PaintcamError):
        from paintcam.cli.error_text import error_text

        say(error_text(error))
    elif (
        isinstance(error, OSError)
        and error.errno in (errno.EPIPE, errno.ENOSPC, errno.EIO)
        and not error.filename
    ):
        if not stdout_failed():  # Click and Rich print help themselves
            give_up_stdout(error)
    else:
        say(
            f"This should not happen: {type(error).__name__}: {error}. Run the command again with "
            "PAINTCAM_DEBUG=1 for details, or run `paintcam doctor` to check this machine."
        )


def _report_thread(caught: threading.ExceptHookArgs) -> None:
    """Report a background thread that died."""
    if caught.exc_value is not None:
        say(f"Error in a background thread: {type(caught.exc_value).__name__}: {caught.exc_value}.")
