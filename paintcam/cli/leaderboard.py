"""`paintcam leaderboard`: who drew best, and deleting from it."""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Annotated

import click
import typer

from paintcam.cli.options import DatabaseOption, JsonOption
from paintcam.cli.output import print_csv_row, print_json, print_line, print_table, say
from paintcam.cli.signals import interruptible
from paintcam.errors import LeaderboardError, UsageError
from paintcam.text import clean_text, counted, printable

if TYPE_CHECKING:
    from paintcam.leaderboard import Leaderboard, PlayerRank

__all__ = ["COLUMNS", "leaderboard", "leaderboard_app", "open_leaderboard"]

COLUMNS = (
    "rank", "of", "player", "score", "similarity", "prompt", "encoder", "time",
    "best", "low", "high", "guards", "snapshot", "turn", "origin",
)  # fmt: skip
_BOARDS = 10

leaderboard_app = typer.Typer(invoke_without_command=True)

PromptFilter = Annotated[
    str | None,
    typer.Option(
        "--prompt", "-p", help='Only this prompt. Example: --prompt "a house"', show_default=False
    ),
]
PlayerFilter = Annotated[
    str | None,
    typer.Option(
        "--player",
        metavar="NAME",
        help="Only this player. Example: --player Ada",
        show_default=False,
    ),
]


@leaderboard_app.callback()
def leaderboard(
    context: typer.Context,
    prompt: PromptFilter = None,
    player: PlayerFilter = None,
    top: Annotated[
        int,
        typer.Option("--top", help="Players per prompt. Example: --top 3", min=1, max=1_000_000),
    ] = 20,
    as_json: JsonOption = False,
    as_csv: Annotated[
        bool, typer.Option("--csv", help="Print CSV. Example: --csv > scores.csv")
    ] = False,
    database: DatabaseOption = None,
) -> None:
    """Show who drew best, prompt by prompt.

    Prompts that were played last come first. Scores of different encoders or ranges are never
    ranked together.
    """
    if context.invoked_subcommand is not None:
        _refuse_options(context)
        return
    if as_json and as_csv:
        raise UsageError("--json and --csv cannot be used together.", fix="Pass one of them.")
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
            print_line(
                "There are more prompts. Pass --prompt to show one, or --csv to print all of them."
            )
    else:
        print_line(
            f"No scores{_whose(prompt, player)} in {where}. To play, run "
            '`paintcam contest --prompt "a house" --player Ada --player Grace`.'
        )


@leaderboard_app.command("delete")
def delete(
    prompt: PromptFilter = None,
    player: PlayerFilter = None,
    everything: Annotated[
        bool, typer.Option("--all", help="Delete all scores. Example: delete --all")
    ] = False,
    yes: Annotated[
        bool,
        typer.Option(
            "--yes", "-y", help="Do not ask for confirmation. Example: delete --all --yes"
        ),
    ] = False,
    database: DatabaseOption = None,
) -> None:
    """Delete scores of a prompt, of a player, of both, or all of them. Asks for confirmation.

    Snapshots are pictures in a folder of their own and are kept.
    """
    if everything == bool(prompt or player):
        raise UsageError(
            "delete needs to know which scores to delete.",
            fix="Pass `--player NAME`, `--prompt TEXT`, both, or `--all` alone.",
        )
    with open_leaderboard(database) as opened:
        count = opened.count(prompt, player)
        whose = _whose(prompt, player)
        if count == 0:
            print_line(f"Nothing to delete: no scores{whose} in {opened.location}.")
            return
        if not yes:
            _ask(f"Delete {counted(count, 'turn')}{whose} from {opened.location}?")
        print_line(f"Deleted {counted(opened.delete(prompt, player), 'turn')}{whose}.")


def open_leaderboard(database: str | None, *, for_show: bool = False) -> Leaderboard:
    """Open the leaderboard, and store the scores that are queued for it.

    Args:
        database: A URL, or None for the default.
        for_show: Scores will be stored. A database that cannot take them is refused now, before
            the players are on stage.

    Raises:
        LeaderboardError: It cannot be used.
    """
    from paintcam.leaderboard import Leaderboard, TurnQueue

    opened = Leaderboard(database, notice=say)
    try:
        if for_show:
            opened.check_writable()
        queue = TurnQueue(opened.identity)
        try:
            stored = queue.drain(opened, say)
        except LeaderboardError as error:
            if for_show:
                raise
            say(f"Cannot store {counted(len(queue), 'queued score')}. {error}")
        else:
            if stored:
                say(f"Stored {counted(stored, 'queued score')}.")
    except BaseException:
        opened.close()
        raise
    return opened


def _refuse_options(context: typer.Context) -> None:
    for name in context.params:
        if context.get_parameter_source(name) is click.core.ParameterSource.COMMANDLINE:
            option = {"as_json": "json", "as_csv": "csv"}.get(name, name)
            raise UsageError(
                f"--{option} must come after `{context.invoked_subcommand}`.",
                fix=f"Run `paintcam leaderboard {context.invoked_subcommand} --{option} …`.",
            )


def _whose(prompt: str | None, player: str | None) -> str:
    parts = (("for", prompt), ("by", player))
    return "".join(f" {word} “{clean_text(text)}”" for word, text in parts if text)


def _ask(question: str) -> None:
    if not sys.stdin.isatty():
        raise UsageError(
            f"{question} Cannot ask for confirmation because stdin is not a terminal.",
            fix="Use --yes.",
        )
    with interruptible():
        typer.confirm(printable(question), abort=True)


def _print_csv(ranks: list[PlayerRank]) -> None:
    print_csv_row(COLUMNS, quote=False)
    for rank in ranks:
        row = rank.as_row()
        row["guards"] = " ".join(rank.turn.guards)
        print_csv_row("" if row[name] is None else row[name] for name in COLUMNS)


def _print_tables(boards: list[list[PlayerRank]]) -> None:
    right = [(name, "right") for name in ("rank", "score", "raw best", "similarity")]
    for board in boards:
        first = board[0].turn.board
        rows = []
        for row in board:
            turn = row.turn
            numbers = (str(row), f"{turn.score:.2f}", f"{turn.best:.2f}", f"{turn.similarity:.4f}")
            when = f"{turn.at.astimezone():%Y-%m-%d %H:%M}"
            rows.append((*numbers, turn.player, when))
        title = f"{first.prompt} · {first.encoder} {first.low:g}…{first.high:g}"
        print_table([*right, ("player", "fold"), "time"], rows, title=title)
