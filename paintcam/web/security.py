"""Who sends a request, from which page, and what browsers may do with the answer."""

from __future__ import annotations

import hashlib
import hmac
import ipaddress
import re
import secrets
from collections.abc import Sequence
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.exceptions import HTTPException
from starlette.requests import HTTPConnection
from starlette.responses import Response
from starlette.types import ASGIApp, Message, Receive, Scope, Send

__all__ = [
    "SecurityHeaders",
    "address_of",
    "check_origin",
    "control_cookie",
    "may_control",
    "new_visitor",
    "player_id_of",
    "set_control",
    "set_visitor",
    "visitor_of",
]

_VISITOR = "paintcam_visitor"
_CONTROL = "paintcam_control"
_YEAR_S = 365 * 24 * 3600
_ID = re.compile(r"[A-Za-z0-9_-]{22}")
_HOST = re.compile(r"[A-Za-z0-9.:\[\]_-]{1,255}")


class SecurityHeaders:
    """Adds headers that keep foreign code and frames out of every answer.

    Browsers before 2022 do not count the page's own WebSocket as 'self': it is named.
    """

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer one request."""
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        host = Headers(scope=scope).get("host", "")
        socket = f" ws://{host} wss://{host}" if _HOST.fullmatch(host) else ""
        policy = (
            "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob: data:; "
            f"connect-src 'self'{socket}; worker-src 'self' blob:; manifest-src 'self'; "
            "base-uri 'none'; form-action 'none'; frame-ancestors 'self'"
        )

        async def send_safely(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = MutableHeaders(scope=message)
                headers["Content-Security-Policy"] = policy
                headers["X-Content-Type-Options"] = "nosniff"
                headers["Referrer-Policy"] = "no-referrer"
                headers["Cross-Origin-Resource-Policy"] = "same-origin"
                headers["Permissions-Policy"] = "camera=(), microphone=(), geolocation=()"
                # Static files are asked for again, and answered by 304 while they are the same.
                static = scope["path"].startswith("/static/")
                headers.setdefault("Cache-Control", "no-cache" if static else "no-store")
            await send(message)

        await self._app(scope, receive, send_safely)


def check_origin(connection: HTTPConnection) -> None:
    """Refuse what another website makes a browser send.

    Browsers name the page's origin with every request that changes something and with every
    WebSocket. `Sec-Fetch-Site` exists on https and localhost alone, and is checked if it is sent.

    Raises:
        HTTPException: 403.
    """
    site = connection.headers.get("sec-fetch-site", "same-origin")
    origin = urlsplit(connection.headers.get("origin", ""))
    ours = origin.scheme in ("http", "https") and origin.netloc == connection.headers.get("host")
    if not ours or site != "same-origin":
        raise HTTPException(403, "This request comes from another website.")


def address_of(connection: HTTPConnection, trusted: Sequence[str]) -> str:
    """Return the address that a request comes from.

    Args:
        connection: The request or WebSocket.
        trusted: Proxies, as addresses or networks, whose X-Forwarded-For is trusted.
    """
    networks = [ipaddress.ip_network(each, strict=False) for each in trusted]
    address = connection.client.host if connection.client else ""
    forwarded = connection.headers.get("x-forwarded-for", "").split(",")
    # Each proxy appends the address it saw: the rightmost one that is no proxy of ours is real.
    for hop in reversed(forwarded):
        if not any(_is_in(address, network) for network in networks) or not hop.strip():
            break
        address = hop.strip()
    return address


def _is_in(address: str, network: ipaddress.IPv4Network | ipaddress.IPv6Network) -> bool:
    try:
        return ipaddress.ip_address(address) in network
    except ValueError:
        return False


def visitor_of(connection: HTTPConnection) -> str:
    """Return the random id in a visitor's cookie; empty if there is none."""
    found = connection.cookies.get(_VISITOR, "")
    return found if _ID.fullmatch(found) else ""


def player_id_of(visitor: str) -> str:
    """Return the id that the database knows a visitor by; it does not reveal the cookie."""
    return hashlib.sha256(f"paintcam visitor {visitor}".encode()).hexdigest()


def new_visitor() -> str:
    """Return a new random id."""
    return secrets.token_urlsafe(16)


def set_visitor(response: Response, visitor: str) -> None:
    """Give a visitor a cookie that scripts cannot read."""
    response.set_cookie(_VISITOR, visitor, max_age=_YEAR_S, path="/", httponly=True, samesite="lax")


def set_control(response: Response, secret: str) -> None:
    """Let this browser use the control page until it is closed."""
    response.set_cookie(_CONTROL, secret, path="/", httponly=True, samesite="strict")


def may_control(text: str, secret: str) -> bool:
    """Return whether a text is the control secret, compared in constant time."""
    # JSON may hold half a character, which is no UTF-8.
    return hmac.compare_digest(text.encode("utf-8", "surrogatepass"), secret.encode())


def control_cookie(connection: HTTPConnection) -> str:
    """Return the control secret that a browser sent; empty if there is none."""
    return connection.cookies.get(_CONTROL, "")
