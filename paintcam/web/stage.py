"""What the hall sees: the stage, its QR codes, live news, and help with connecting."""

from __future__ import annotations

import contextlib

from starlette.exceptions import HTTPException
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route, WebSocketRoute
from starlette.websockets import WebSocket

from paintcam.web import qr, security
from paintcam.web.events import control_state, play_state, stage_state
from paintcam.web.limits import TooManyError
from paintcam.web.requests import limited, page, site_of

__all__ = ["ROUTES"]

_PLAY_S, _STAGE_S = 2.0, 0.4
_TRY_AGAIN_LATER = 1013


async def _stage(request: Request) -> Response:
    limited(request, "read")
    return page("stage")


async def _help(request: Request) -> Response:
    limited(request, "read")
    return page("help")


async def _play_code(request: Request) -> Response:
    limited(request, "read")
    return _svg(site_of(request).settings.public_url + "/")


async def _wifi_code(request: Request) -> Response:
    limited(request, "read")
    wifi = site_of(request).settings.wifi
    if wifi is None:
        raise HTTPException(404, "No Wi-Fi network is configured.")
    return _svg(qr.wifi_text(*wifi))


def _svg(text: str) -> Response:
    return Response(qr.svg(text), media_type="image/svg+xml")


async def _live(socket: WebSocket) -> None:
    """Send news to one page: `page` is play, stage or control, `round` a paint page's slug."""
    site = site_of(socket)
    visitor = security.visitor_of(socket)
    address = security.address_of(socket, site.settings.trusted_proxies)
    kind, slug = socket.query_params.get("page", ""), socket.query_params.get("round", "")
    with contextlib.ExitStack() as counted:
        try:
            security.check_origin(socket)
            site.limits.check("live", visitor, address)
            counted.enter_context(site.limits.under_way("pages", visitor, address))
        except (HTTPException, TooManyError):
            await socket.close(_TRY_AGAIN_LATER)
            return
        if kind == "control":
            if not security.may_control(security.control_cookie(socket), site.settings.secret):
                await socket.close()
                return
            await socket.accept()
            await site.hub.follow(socket, "control", lambda: control_state(site), _STAGE_S)
        elif kind == "stage":
            await socket.accept()
            await site.hub.follow(socket, "stage", lambda: stage_state(site), _STAGE_S)
        elif kind == "play" and (slug == "" or site.rounds.find(slug) is not None):
            await socket.accept()
            await site.hub.follow(socket, f"play {slug}", lambda: play_state(site, slug), _PLAY_S)
        else:
            await socket.close()


ROUTES = [
    Route("/stage", _stage),
    Route("/help", _help),
    Route("/qr/play.svg", _play_code),
    Route("/qr/wifi.svg", _wifi_code),
    WebSocketRoute("/live", _live),
]
