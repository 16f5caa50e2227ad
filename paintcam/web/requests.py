"""What handlers share: the services, the visitor, bounded bodies, and errors as JSON."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from starlette.exceptions import HTTPException
from starlette.requests import ClientDisconnect, HTTPConnection, Request
from starlette.responses import FileResponse, JSONResponse, Response

from paintcam.errors import LeaderboardError, ModelError, PromptError
from paintcam.leaderboard import SubmissionTakenError
from paintcam.web import security
from paintcam.web.admission import BusyError
from paintcam.web.limits import TooManyError
from paintcam.web.moderation import NameRefusedError
from paintcam.web.pictures import PictureError
from paintcam.web.site import Site
from paintcam.web.strokes import StrokesError

__all__ = ["ERRORS", "STATIC", "json_body", "limited", "page", "raw_body", "site_of"]

STATIC = Path(__file__).parent / "static"
_BODY_S = 15.0


def site_of(connection: HTTPConnection) -> Site:
    """Return the services."""
    site: Site = connection.app.state.site
    return site


def limited(connection: HTTPConnection, what: str) -> str:
    """Count a request against its limits, and return the visitor's id; empty without a cookie.

    Raises:
        TooManyError: A limit was reached.
    """
    site = site_of(connection)
    visitor = security.visitor_of(connection)
    address = security.address_of(connection, site.settings.trusted_proxies)
    site.limits.check(what, visitor, address)
    return visitor


def page(name: str, status: int = 200) -> FileResponse:
    """Return one of the HTML pages; browsers check whether it is still the newest."""
    return FileResponse(
        STATIC / f"{name}.html", status, {"Cache-Control": "no-cache"}, media_type="text/html"
    )


async def raw_body(request: Request, most: int) -> bytes:
    """Read a body that is not too large and does not take too long.

    Raises:
        HTTPException: 408, 413, or 400 if the visitor left.
    """
    declared = request.headers.get("content-length", "0")
    if not declared.isdecimal() or int(declared) > most:
        raise HTTPException(413, f"At most {most:,} bytes are accepted.")
    body = bytearray()

    async def read() -> None:
        async for chunk in request.stream():
            body.extend(chunk)
            if len(body) > most:
                raise HTTPException(413, f"At most {most:,} bytes are accepted.")

    try:
        await asyncio.wait_for(read(), _BODY_S)
    except asyncio.TimeoutError:
        raise HTTPException(408, "The upload took too long.") from None
    except ClientDisconnect:
        raise HTTPException(400, "The upload was cut off.") from None
    return bytes(body)


async def json_body(request: Request, most: int = 16 * 1024) -> Mapping[str, Any]:
    """Read a JSON object.

    Raises:
        HTTPException: Another content type (415), or no JSON object (400).
    """
    if request.headers.get("content-type", "").partition(";")[0].strip() != "application/json":
        raise HTTPException(415, "The content type must be application/json.")
    try:
        read = json.loads(await raw_body(request, most))
    except (ValueError, RecursionError):
        read = None
    if not isinstance(read, dict):
        raise HTTPException(400, "A JSON object is expected.")
    return read


async def _http_error(request: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    wants_html = "text/html" in request.headers.get("accept", "") and request.method == "GET"
    if wants_html and error.status_code == 404:
        return page("missing", 404)
    return JSONResponse({"error": error.detail}, error.status_code, error.headers)


def _answer(status: int, retry_after_s: int | None = None) -> Any:  # noqa: ANN401 - a handler
    async def handle(_: Request, error: Exception) -> Response:
        after = getattr(error, "retry_after_s", retry_after_s)
        headers = {} if after is None else {"Retry-After": str(after)}
        text = getattr(error, "what", str(error))
        return JSONResponse({"error": text}, status, headers)

    return handle


async def _taken(_: Request, __: Exception) -> Response:
    return JSONResponse({"error": "This drawing belongs to another player. Submit again."}, 409)


async def _database_away(request: Request, error: Exception) -> Response:
    # Its address and its words are for the presenter, not for the hall.
    site_of(request).database_failed(error)
    text = "The drawing cannot be stored right now. Try again in a moment."
    return JSONResponse({"error": text}, 503, {"Retry-After": "2"})


ERRORS: dict[Any, Any] = {
    HTTPException: _http_error,
    TooManyError: _answer(429),
    BusyError: _answer(503),
    LeaderboardError: _database_away,
    ModelError: _answer(503, 5),
    PromptError: _answer(422),
    PictureError: _answer(422),
    StrokesError: _answer(422),
    NameRefusedError: _answer(422),
    SubmissionTakenError: _taken,
}
"""How errors are answered. All others are bugs of paintcam: 500, without details."""
