"""What visitors do: open the paint page, send a drawing, see one, delete theirs."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timezone
from typing import Any
from urllib.parse import unquote

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import JSONResponse, Response
from starlette.routing import Route

from paintcam.leaderboard import Board, Submission, SubmissionTakenError, Turn, points_of
from paintcam.web import security
from paintcam.web.clock import now
from paintcam.web.events import play_state
from paintcam.web.moderation import checked_name
from paintcam.web.pictures import MAX_BYTES, MEDIA_TYPES, read_picture
from paintcam.web.requests import limited, page, raw_body, site_of
from paintcam.web.site import Site
from paintcam.web.strokes import MAX_BYTES as MAX_STROKES_BYTES
from paintcam.web.strokes import checked_strokes

__all__ = ["ROUTES"]

_ID = re.compile(r"[A-Za-z0-9_-]{16,64}")


async def _home(request: Request) -> Response:
    several = len(site_of(request).rounds.current) > 1
    return _welcome(request, page("rounds" if several else "play"))


async def _play(request: Request) -> Response:
    if site_of(request).rounds.find(request.path_params["slug"]) is None:
        raise HTTPException(404, "This prompt is no longer open.")
    return _welcome(request, page("play"))


def _welcome(request: Request, response: Response) -> Response:
    if not limited(request, "read"):
        security.set_visitor(response, security.new_visitor())
    return response


async def _state(request: Request) -> Response:
    limited(request, "read")
    slug = request.query_params.get("round", "")
    return JSONResponse(await asyncio.to_thread(play_state, site_of(request), slug))


async def _put_drawing(request: Request) -> Response:
    security.check_origin(request)
    visitor = _known(limited(request, "draw"))
    site = site_of(request)
    drawing_id = request.path_params["id"]
    if not _ID.fullmatch(drawing_id):
        raise HTTPException(400, "The id of a drawing must have 16 to 64 letters and digits.")
    media_type = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if media_type not in MEDIA_TYPES:
        raise HTTPException(415, f"The content type must be {' or '.join(MEDIA_TYPES)}.")
    name = checked_name(unquote(request.headers.get("paintcam-name", "")))
    player_id = security.player_id_of(visitor)
    held = await asyncio.to_thread(site.submissions.find, drawing_id)
    if held is not None:  # the phone has not received our answer
        if held.player_key != _key(player_id):
            raise SubmissionTakenError(drawing_id)
        return await _result(site, held.turn.board, drawing_id, _key(player_id))
    drawn = site.rounds.find(request.path_params["slug"])
    if drawn is None or not drawn.accepts:
        raise HTTPException(410, "This prompt is closed.")
    site.admission.check()
    address = security.address_of(request, site.settings.trusted_proxies)
    with site.limits.under_way("uploads", visitor, address):
        body = await raw_body(request, MAX_BYTES)

    async def accept() -> None:
        with site.admission:
            picture = await asyncio.to_thread(read_picture, body, media_type)
            verdict = await site.judging.judge(drawn.prompt, picture.image)
            turn = Turn(
                drawing_id,
                drawn.board,
                name,
                verdict.score,
                verdict.score,
                verdict.similarity,
                site.settings.guards,
                datetime.fromtimestamp(now(), timezone.utc),
                player_id=player_id,
            )
            await site.store(turn, picture, verdict)

    # A slow judge must not judge twice what an impatient phone sends twice.
    await site.once((player_id, drawing_id), accept)
    return await _result(site, drawn.board, drawing_id, _key(player_id))


async def _result(site: Site, board: Board, drawing_id: str, player_key: str) -> Response:
    """Return what the phone shows after Submit, read back from the database."""

    def read() -> dict[str, Any]:
        found = site.submissions.find(drawing_id)
        assert found is not None
        best = site.submissions.standing(board, player_key)
        return _drawing(found) | {
            "rank": None if best is None else best.rank,
            "of": None if best is None else best.of,
            "best": None if best is None else points_of(best.turn.score) / 100,
        }

    return JSONResponse(await asyncio.to_thread(read))


async def _put_strokes(request: Request) -> Response:
    security.check_origin(request)
    visitor = _known(limited(request, "strokes"))
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise HTTPException(415, "The content type must be application/json.")
    drawing_id = _known_form(request)
    body = await raw_body(request, MAX_STROKES_BYTES)
    strokes = await asyncio.to_thread(checked_strokes, body)
    stored = await asyncio.to_thread(
        site_of(request).submissions.set_strokes,
        drawing_id,
        _key(security.player_id_of(visitor)),
        strokes,
    )
    if not stored:
        raise HTTPException(404, "You have no such drawing.")
    return JSONResponse({"stored": True})


async def _drawing_page(request: Request) -> Response:
    return _welcome(request, page("drawing"))


async def _get_drawing(request: Request) -> Response:
    found, mine = await _visible(request)
    site = site_of(request)

    def read() -> dict[str, Any]:
        standing = site.leaderboard.rank_of_turn(found.turn.id)
        ranks = standing is not None and found.state != "hidden"
        return _drawing(found) | {
            "name": found.turn.player,
            "prompt": found.turn.board.prompt,
            "at": found.turn.at.isoformat(timespec="seconds"),
            "rank": standing.rank if standing is not None and ranks else None,
            "of": standing.of if standing is not None and ranks else None,
            "mine": mine,
        }

    return JSONResponse(await asyncio.to_thread(read))


async def _get_strokes(request: Request) -> Response:
    found, _ = await _visible(request)
    strokes = await asyncio.to_thread(site_of(request).submissions.strokes, found.turn.id)
    return Response(strokes or "[]", media_type="application/json")


async def _get_picture(request: Request) -> Response:
    found, _ = await _visible(request)
    png = await asyncio.to_thread(site_of(request).picture, found)
    if png is None:
        raise HTTPException(404, "There is no such drawing.")
    # The picture of an id never changes.
    headers = {"Cache-Control": "private, max-age=86400"}
    return Response(png, media_type="image/png", headers=headers)


async def _delete_mine(request: Request) -> Response:
    security.check_origin(request)
    visitor = _known(limited(request, "delete"))
    site = site_of(request)

    def delete() -> int:
        key = _key(security.player_id_of(visitor))
        return site.submissions.delete(site.submissions.ids(player_key=key))

    deleted = await asyncio.to_thread(delete)
    site.hub.changed()
    return JSONResponse({"deleted": deleted})


async def _visible(request: Request) -> tuple[Submission, bool]:
    """Return a drawing, and whether it is the visitor's; 404 if they may not see it."""
    visitor = limited(request, "read")
    site = site_of(request)
    found = await asyncio.to_thread(site.submissions.find, _known_form(request))
    if found is None:
        raise HTTPException(404, "There is no such drawing.")
    mine = bool(visitor) and found.player_key == _key(security.player_id_of(visitor))
    presenter = security.may_control(security.control_cookie(request), site.settings.secret)
    if not (mine or presenter or found.state == "shown"):
        raise HTTPException(404, "There is no such drawing.")
    return found, mine


def _known_form(request: Request) -> str:
    """Return the id in the path; refuse one that no drawing can have (PostgreSQL and NUL)."""
    drawing_id = str(request.path_params["id"])
    if not _ID.fullmatch(drawing_id):
        raise HTTPException(404, "There is no such drawing.")
    return drawing_id


def _known(visitor: str) -> str:
    if not visitor:
        raise HTTPException(403, "Cookies are needed to draw. Allow them and reload the page.")
    return visitor


def _key(player_id: str) -> str:
    return Turn.key_of_id(player_id)


def _drawing(found: Submission) -> dict[str, Any]:
    return {
        "id": found.turn.id,
        "score": points_of(found.turn.score) / 100,
        "state": found.state,
        "flags": list(found.flags),
    }


ROUTES = [
    Route("/", _home),
    Route("/p/{slug}", _play),
    Route("/d/{id}", _drawing_page),
    Route("/pictures/{id}.png", _get_picture),
    Route("/api/state", _state),
    Route("/api/rounds/{slug}/drawings/{id}", _put_drawing, methods=["PUT"]),
    Route("/api/drawings/{id}", _get_drawing),
    Route("/api/drawings/{id}/strokes", _get_strokes),
    Route("/api/drawings/{id}/strokes", _put_strokes, methods=["PUT"]),
    Route("/api/mine", _delete_mine, methods=["DELETE"]),
]
