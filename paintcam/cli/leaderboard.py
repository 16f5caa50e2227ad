"""`paintcam leaderboard`: who drew best, and deleting from it."""

from __future__ import annotations

import csv
import sys
from typing import TYPE_CHECKING, Annotated

import click
import typer

from paintcam.cli.options import DatabaseOption, JsonOption
from paintcam.cli.report import print_json
from paintcam.errors import UsageError

if TYPE_CHECKING:
    from paintcam.leaderboard import Leaderboard, PlayerRank

__all__ = ["COLUMNS", "leaderboard", "leaderboard_app", "open_leaderboard", "spreadsheet_safe"]

COLUMNS = (
    "rank", "of", "player", "score", "similarity", "prompt", "encoder", "time",
    "best", "low", "high", "guards", "snapshot", "turn", "origin",
)  # fmt: skip
_BOARDS = 10

leaderboard_app = typer.Typer(
    help="Show who drew best, prompt by prompt.",
    invoke_without_command=True,
    rich_markup_mode=None,
)

PromptFilter = Annotated[
    str | None, typer.Option("--prompt", "-p", help="This prompt only.", show_default=False)
]
PlayerFilter = Annotated[
    str | None, typer.Option("--player", help="This player only.", show_default=False)
]


@leaderboard_app.callback()
def leaderboard(
    context: typer.Context,
    prompt: PromptFilter = None,
    player: PlayerFilter = None,
    top: Annotated[int, typer.Option(help="How many players of each prompt.", min=1)] = 20,
    as_json: JsonOption = False,
    as_csv: Annotated[bool, typer.Option("--csv", help="CSV for a spreadsheet.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Show who drew best, prompt by prompt; prompts played last come first.

    Scores of different encoders or ranges are never ranked together.
    """
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return
    if as_json and as_csv:
        raise UsageError("--json and --csv exclude each other. Pass one of them.")
    machine = as_json or as_csv
    with open_leaderboard(database) as opened:
        boards = opened.top(prompt, player, top, None if machine else _BOARDS + 1)
        where = opened.location
    if as_json:
        for standing in (row for board in boards for row in board):
            print_json({"type": "rank", **standing.as_row()})
    elif as_csv:
        _print_csv([row for board in boards for row in board])
    elif boards:
        _print_tables(boards[:_BOARDS])
        if len(boards) > _BOARDS:
            typer.echo("There are more prompts: see --prompt, or --csv for all of them.")
    else:
        typer.echo(
            f"No scores{_whose(prompt, player)} in {where}. Play: "
            'paintcam contest --prompt "a house" --player Ada --player Grace'
        )


@leaderboard_app.command("delete")
def delete(
    prompt: PromptFilter = None,
    player: PlayerFilter = None,
    everything: Annotated[bool, typer.Option("--all", help="All scores.")] = False,
    yes: Annotated[bool, typer.Option("--yes", "-y", help="Do not ask.")] = False,
    database: DatabaseOption = None,
) -> None:
    """Delete scores of a prompt, of a player, of both, or all of them; asks first.

    Snapshots are pictures in their own folder, and stay.
    """
    if everything == bool(prompt or player):
        raise UsageError(
            "Say what to delete: `paintcam leaderboard delete --player NAME`, "
            "`--prompt TEXT`, both, or `--all`."
        )
    with open_leaderboard(database) as opened:
        count = opened.count(prompt, player)
        whose = _whose(prompt, player)
        if count == 0:
            typer.echo(f"Nothing to delete: no scores{whose} in {opened.location}.")
            return
        if not yes:
            _ask(f"Delete {count:,} turn(s){whose} from {opened.location}?")
        typer.echo(f"Deleted {opened.delete(prompt, player):,} turn(s){whose}.")


def open_leaderboard(database: str | None) -> Leaderboard:
    """Open the scores, and store what waited for them.

    Raises:
        LeaderboardError: They cannot be used.
    """
    from paintcam.leaderboard import Leaderboard, TurnQueue

    opened = Leaderboard(database, notice=lambda text: typer.echo(f"paintcam: {text}", err=True))
    waiting = TurnQueue(opened.location)
    if len(waiting):
        stored = waiting.drain(opened)
        typer.echo(f"paintcam: {stored} score(s) that waited are stored now.", err=True)
    return opened


def spreadsheet_safe(cell: str) -> str:
    """A cell that a spreadsheet shows and does not run.

    A text that begins like a formula, also in full-width signs or after spaces, gets an apostrophe
    in front. Source: OWASP, "CSV Injection".
    """
    bare = cell.lstrip()
    return (
        f"'{cell}" if bare[:1] in tuple("=+-@＝＋－＠|%") or cell[:1] in tuple("\t\r\n") else cell
    )


def _refuse_options(context: typer.Context) -> None:
    for name in context.params:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            option = {"as_json": "json", "as_csv": "csv"}.get(name, name)
            raise UsageError(
                f"--{option} stands before `{context.invoked_subcommand}`, where it does nothing. "
                f"Put it after: paintcam leaderboard {context.invoked_subcommand} --{option} …"
            )


def _whose(prompt: str | None, player: str | None) -> str:
    from paintcam.text import clean_text

    told = (("for", prompt), ("by", player))
    return "".join(f" {word} “{clean_text(text)}”" for word, text in told if text)


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError(f"{question} Nobody is here to answer: add --yes.")
    typer.confirm(question, abort=True)


def _print_csv(standings: list[PlayerRank]) -> None:
    writer = csv.writer(sys.stdout, lineterminator="\n")
    writer.writerow(COLUMNS)
    for standing in standings:
        row = standing.as_row()
        row["guards"] = " ".join(standing.turn.guards)
        cells = ("" if row[name] is None else row[name] for name in COLUMNS)
        # Numbers stay numbers: −0.01 is no formula.
        writer.writerow(spreadsheet_safe(c) if isinstance(c, str) else c for c in cells)


def _print_tables(boards: list[list[PlayerRank]]) -> None:
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    console = Console()
    for board in boards:
        first = board[0].turn.board
        # Text, never markup: a player may be called "[red]".
        where = " · web" if first.origin == "web" else ""
        title = Text(f"{first.prompt} · {first.encoder} {first.low:g}…{first.high:g}{where}")
        table = Table(title=title, title_justify="left")
        for name in ("rank", "score", "raw best", "similarity"):
            table.add_column(name, justify="right")
        table.add_column("player", overflow="fold")
        table.add_column("time")
        for row in board:
            turn = row.turn
            cells = (str(row), f"{turn.score:.2f}", f"{turn.best:.2f}", f"{turn.similarity:.4f}")
            when = f"{turn.at.astimezone():%Y-%m-%d %H:%M}"
            table.add_row(*cells, Text(turn.player), when)
        console.print(table)
