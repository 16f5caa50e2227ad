"""What the presenter does. Everything here needs the secret from the terminal."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable, Mapping
from typing import Any

from starlette.background import BackgroundTask
from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from paintcam.prompts import LlmPrompts, draw
from paintcam.web import security
from paintcam.web.events import older_drawings
from paintcam.web.export import scores_csv, write_zip
from paintcam.web.requests import json_body, limited, page, site_of
from paintcam.web.rounds import Round
from paintcam.web.site import Site

__all__ = ["ROUTES"]

_MOST_IDS = 1_000
_ID = re.compile(r"[A-Za-z0-9_-]{1,64}")
_MOST_MINUTES = 24 * 60.0

Values = Mapping[str, Any]


async def _control(request: Request) -> Response:
    limited(request, "read")
    allowed = _is_presenter(request)
    return page("control" if allowed else "enter", 200 if allowed else 403)


async def _enter(request: Request) -> Response:
    """Exchange the secret in the link's fragment for a cookie."""
    security.check_origin(request)
    limited(request, "enter")
    secret = (await json_body(request)).get("secret")
    if not isinstance(secret, str) or not security.may_control(secret, _secret(request)):
        raise HTTPException(403, "This link is not valid. Scan the newest code in the terminal.")
    response = JSONResponse({"entered": True})
    security.set_control(response, secret)
    return response


async def _act(request: Request) -> Response:
    _only_presenter(request)
    security.check_origin(request)
    values = await json_body(request, 128 * 1024)
    action = _ACTIONS.get(str(values.get("do")))
    if action is None:
        raise HTTPException(400, "There is no such action.")
    result = await action(site_of(request), values)
    if action not in (_suggest, _older):
        site_of(request).hub.changed(urgent=True)
    return JSONResponse(result or {})


async def _scores(request: Request) -> Response:
    site = _only_presenter(request)
    text = await asyncio.to_thread(scores_csv, site.submissions, site.rounds.boards)
    return Response(text, media_type="text/csv", headers=_download("scores.csv"))


async def _drawings(request: Request) -> Response:
    site = _only_presenter(request)
    path = await asyncio.to_thread(write_zip, site.submissions, site.rounds.boards)
    remove = BackgroundTask(path.unlink, missing_ok=True)
    headers = _download("drawings.zip")
    return FileResponse(path, media_type="application/zip", headers=headers, background=remove)


def _download(name: str) -> dict[str, str]:
    return {"Content-Disposition": f'attachment; filename="paintcam-{name}"'}


def _secret(request: Request) -> str:
    return site_of(request).settings.secret


def _is_presenter(request: Request) -> bool:
    return security.may_control(security.control_cookie(request), _secret(request))


def _only_presenter(request: Request) -> Site:
    limited(request, "control")
    if not _is_presenter(request):
        raise HTTPException(403, "Only the presenter may do this.")
    return site_of(request)


async def _begin(site: Site, values: Values) -> Values:
    beside = values.get("beside") is True
    begun = await site.begin(_text(values, "prompt"), _minutes(values), beside=beside)
    return {"slug": begun.slug}


async def _close(site: Site, values: Values) -> None:
    if not site.rounds.set_open(_slug(site, values).slug, False):
        raise HTTPException(404, "There is no such prompt.")


async def _reopen(site: Site, values: Values) -> None:
    # A restart may have left it without a judge.
    await site.judge_of(_slug(site, values).prompt)
    site.rounds.set_open(_slug(site, values).slug, True, _minutes(values))


async def _show(site: Site, values: Values) -> None:
    site.rounds.show(_slug(site, values).slug)


async def _suggest(site: Site, values: Values) -> Values:
    notes: list[str] = []
    llm = LlmPrompts(timeout_s=10) if values.get("llm") is True and site.settings.llm else None
    (prompt,) = await asyncio.to_thread(draw, 1, None, llm, notes.append)
    return {"prompt": prompt, "note": " ".join(notes)}


async def _moderate(site: Site, values: Values) -> Values:
    state = values.get("state")
    if state not in ("shown", "hidden"):
        raise HTTPException(400, "A drawing must be shown or hidden.")
    changed = await asyncio.to_thread(site.submissions.set_state, _ids(values), state)
    return {"changed": changed}


async def _older(site: Site, values: Values) -> Values:
    board, before = _slug(site, values).board, _text(values, "before")
    return {"drawings": await asyncio.to_thread(older_drawings, site, board, before)}


async def _approve_all(site: Site, values: Values) -> Values:
    board = _slug(site, values).board

    def approve() -> int:
        waiting = site.submissions.ids(board=board, state="waiting")
        return sum(
            site.submissions.set_state(waiting[start : start + _MOST_IDS], "shown")
            for start in range(0, len(waiting), _MOST_IDS)
        )

    return {"changed": await asyncio.to_thread(approve)}


async def _delete(site: Site, values: Values) -> Values:
    return {"deleted": await asyncio.to_thread(site.submissions.delete, _ids(values))}


async def _podium(site: Site, values: Values) -> None:
    step = values.get("step")
    if type(step) is not int or not 0 <= step <= 4:
        raise HTTPException(400, "The step of the podium must be a number from 0 to 4.")
    shown = site.rounds.on_stage
    if step and shown is not None and shown.is_open:
        site.rounds.set_open(shown.slug, False)
    site.rounds.set_podium(step)


async def _blank(site: Site, values: Values) -> None:
    site.rounds.set_blank(values.get("on") is True)


_ACTIONS: dict[str, Callable[[Site, Values], Awaitable[Values | None]]] = {
    "open": _begin,
    "close": _close,
    "reopen": _reopen,
    "show": _show,
    "suggest": _suggest,
    "moderate": _moderate,
    "approve_all": _approve_all,
    "older": _older,
    "delete": _delete,
    "podium": _podium,
    "blank": _blank,
}


def _slug(site: Site, values: Values) -> Round:
    found = site.rounds.find(_text(values, "slug"))
    if found is None:
        raise HTTPException(404, "There is no such prompt.")
    return found


def _text(values: Values, name: str) -> str:
    value = values.get(name)
    if not isinstance(value, str):
        raise HTTPException(400, f"The value {name} is missing.")
    return value


def _minutes(values: Values) -> float | None:
    value = values.get("minutes")
    if value is None:
        return None
    if isinstance(value, bool) or not isinstance(value, (int, float)):
        raise HTTPException(400, "The minutes must be a number.")
    if not 0 < value <= _MOST_MINUTES:  # no NaN either
        raise HTTPException(
            400, f"The minutes must be greater than 0 and at most {_MOST_MINUTES:g}."
        )
    return float(value)


def _ids(values: Values) -> list[str]:
    ids = values.get("ids")
    if not isinstance(ids, list) or len(ids) > _MOST_IDS:
        raise HTTPException(400, f"A list of at most {_MOST_IDS} ids is expected.")
    # PostgreSQL takes no NUL, and no database a lone surrogate.
    return [each for each in ids if isinstance(each, str) and _ID.fullmatch(each)]


ROUTES = [
    Route("/control", _control),
    Route("/api/control/enter", _enter, methods=["POST"]),
    Route("/api/control", _act, methods=["POST"]),
    Route("/api/control/scores.csv", _scores),
    Route("/api/control/drawings.zip", _drawings),
]
