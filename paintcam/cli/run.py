"""`paintcam run`: score a live stream."""

from __future__ import annotations

import functools

from paintcam.cli.build_run import build
from paintcam.cli.option_checks import check_options
from paintcam.cli.options import options_of
from paintcam.cli.output import print_json, print_line
from paintcam.cli.report import Notices
from paintcam.cli.run_options import RunOptions
from paintcam.cli.signals import conduct, exit_code

__all__ = ["run"]


@options_of(RunOptions)
def run(options: RunOptions) -> int:
    """Score a live stream against a prompt.

    Keys in the window: q quit, Space freeze, r reset the best, p type a prompt, ? show all keys.
    """
    from paintcam.prompts import PromptGenerator

    next_prompt = functools.partial(next, PromptGenerator())
    if options.player is None:
        loop, report = build(options, next_prompt=next_prompt)
        conduct(loop, report, summarize=True)
        return exit_code(loop)
    check_options(options)
    return _run_player(options, options.player, next_prompt)


def _run_player(options: RunOptions, player: str, next_prompt: functools.partial[str]) -> int:
    """Run with a player, whose scores go to the leaderboard."""
    from paintcam.cli.leaderboard import open_leaderboard
    from paintcam.contest.player_run import PlayerShow
    from paintcam.leaderboard import TurnWriter

    with open_leaderboard(options.database, for_show=True) as leaderboard:
        notices = Notices()
        writer = TurnWriter(leaderboard, notices.note)
        show = PlayerShow(writer, player, options.prompt or "", options.window)
        try:
            loop, report = build(options, show=show, next_prompt=next_prompt, on_judge=show.begin)
            state = loop.presenter.state
            notices.forward(state.note)
            show.photo = lambda: state.best_picture
            conduct(loop, report, summarize=True)
        finally:
            show.close()  # from here on a database may hang
        writer.check()
        place = show.standing(leaderboard)
        if place is None:
            return exit_code(loop)
        turn = place.turn
        if options.json:
            row = {"type": "standing", "player": turn.player, "fair_best": round(turn.score, 2)}
            row |= {"best": round(turn.best, 2), "rank": place.rank, "of": place.of}
            print_json(row)
        else:
            print_line(f"Leaderboard rank: {place} ({turn.score:.2f})")
        return exit_code(loop)
