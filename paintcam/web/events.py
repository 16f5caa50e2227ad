"""What each kind of page shows: plain data, names and prompts as raw text. Runs in threads."""

from __future__ import annotations

from typing import Any

from paintcam.leaderboard import Board, PlayerRank, State, Submission, points_of
from paintcam.web.rounds import Round
from paintcam.web.site import Site

__all__ = ["control_state", "older_drawings", "play_state", "stage_state"]

_BEST = 5
_NEWEST = 24
_WAITING = 60


def play_state(site: Site, slug: str) -> dict[str, Any]:
    """Return what a paint page shows beside its canvas.

    Args:
        site: The services.
        slug: Of the page's round; empty for the only one.
    """
    rounds = site.rounds.current
    shown = site.rounds.find(slug) if slug else rounds[-1] if len(rounds) == 1 else None
    return {
        "rounds": [_round(each) for each in rounds],
        "round": None if shown is None else _round(shown),
        "best": [] if shown is None else _best(site, shown, _BEST),
        "players": 0 if shown is None else site.submissions.players(shown.board),
    }


def stage_state(site: Site) -> dict[str, Any]:
    """Return what the projector shows."""
    rounds = site.rounds
    shown = rounds.on_stage
    state: dict[str, Any] = {
        "round": None if shown is None else _round(shown),
        "rounds": len(rounds.current),
        "url": site.settings.public_url,
        "wifi": site.settings.wifi[0] if site.settings.wifi else None,
        "blank": rounds.blank,
        "podium": rounds.podium,
        "newest": [],
        "best": [],
        "players": 0,
    }
    if shown is not None:
        newest = site.submissions.newest(shown.board, ["shown"], _NEWEST)
        state |= {
            "newest": [_drawing(each) for each in newest],
            "best": _best(site, shown, _BEST),
            "players": site.submissions.players(shown.board),
        }
    return state


def control_state(site: Site) -> dict[str, Any]:
    """Return what the presenter's phone shows."""
    rounds = site.rounds
    shown = rounds.on_stage
    state: dict[str, Any] = {
        "rounds": [_round(each) for each in rounds.current],
        "on_stage": None if shown is None else shown.slug,
        "blank": rounds.blank,
        "podium": rounds.podium,
        "moderation": site.moderation,
        "asked_moderation": site.settings.moderation,
        "llm": site.settings.llm,
        "url": site.settings.public_url,
        "pages": site.hub.pages,
        "counts": {},
        "waiting": [],
        "recent": [],
        "best": [],
    }
    if shown is not None:
        # The oldest: what the presenter looks at must not change under a thumb.
        waiting = site.submissions.newest(shown.board, ["waiting"], _WAITING, oldest_first=True)
        recent = site.submissions.newest(shown.board, ["shown", "hidden"], _NEWEST)
        state |= {
            "counts": site.submissions.counts(shown.board),
            "players": site.submissions.players(shown.board),
            "waiting": [_drawing(each) for each in waiting],
            "recent": [_drawing(each) for each in recent],
            "best": _best(site, shown, _BEST),
        }
    return state


def older_drawings(site: Site, board: Board, before: str) -> list[dict[str, Any]]:
    """List the presenter's next page: drawings that came before one of them, newest first."""
    states: list[State] = ["shown", "hidden"]
    found = site.submissions.newest(board, states, _NEWEST, before=before)
    return [_drawing(each) for each in found]


def _round(each: Round) -> dict[str, Any]:
    return {
        "slug": each.slug,
        "prompt": each.prompt,
        "open": each.takes_drawings,
        "closed_by_presenter": not each.is_open,
        "ends_at": each.ends_at if each.is_open else None,
    }


def _drawing(each: Submission) -> dict[str, Any]:
    turn = each.turn
    return {
        "id": turn.id,
        "name": turn.player,
        "score": points_of(turn.score) / 100,
        "state": each.state,
        "flags": list(each.flags),
    }


def _best(site: Site, shown: Round, limit: int) -> list[dict[str, Any]]:
    def place(standing: PlayerRank) -> dict[str, Any]:
        turn = standing.turn
        return {
            "id": turn.id,
            "rank": standing.rank,
            "name": turn.player,
            "score": points_of(turn.score) / 100,
            # on a joined board a webcam player may be among the best
            "picture": not site.settings.one_board or bool(site.submissions.find(turn.id)),
        }

    return [place(standing) for standing in site.submissions.best(shown.board, limit)]
