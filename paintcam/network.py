"""Calls to servers that may misbehave: one time limit for everything, and failures in plain words.

The time limits of sockets start again with every byte, and looking up a host has none at all.
"""

from __future__ import annotations

import socket
import ssl
import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Future, wait
from typing import TypeVar
from urllib.parse import urlsplit

__all__ = ["LateError", "in_time", "proxy_note", "reason_of"]

Result = TypeVar("Result")

TIMED_OUT = "the server timed out"
CUT = "the connection was cut"
NOT_HTTP = "the answer is not valid HTTP"
NOT_VALID = "the address is not valid"
NOT_READ = (
    "TLS cannot be set up: a file that SSL_CERT_FILE, REQUESTS_CA_BUNDLE or the like names cannot "
    "be read"
)
_BY_TYPE: tuple[tuple[type[BaseException], str], ...] = (
    (ssl.SSLError, "TLS failed (does the server speak https?)"),
    (socket.gaierror, "its name cannot be resolved"),
    (TimeoutError, TIMED_OUT),
    (ConnectionRefusedError, "the connection was refused"),
    (ConnectionError, CUT),
    (FileNotFoundError, NOT_READ),
    (IsADirectoryError, NOT_READ),
    (PermissionError, NOT_READ),
    (UnicodeEncodeError, "a key or an address has characters that cannot be sent"),
    (ImportError, "a SOCKS proxy needs a package that is not installed"),
)
_BY_NAME = {
    "LocalProtocolError": "a key or an address has characters that cannot be sent",
    "RemoteProtocolError": NOT_HTTP,
    "BadStatusLine": NOT_HTTP,
    "LineTooLong": NOT_HTTP,
    "InvalidHeader": NOT_HTTP,
    "ProtocolError": CUT,
    "IncompleteRead": CUT,
    "ChunkedEncodingError": CUT,
    "ReadError": CUT,
    "ProxyError": "the proxy refused",
}


class LateError(Exception):
    """A call did not end in time."""


def in_time(
    work: Callable[[], Result], timeout_s: float, abandon: Callable[[], None] = lambda: None
) -> Result:
    """Run a call in a thread of its own, and wait no longer than it may take.

    Args:
        work: The call.
        timeout_s: For all of it, from looking up the host to the last byte.
        abandon: Closes the call's connections if it is late, so that its thread ends as well.

    Raises:
        LateError: It did not end in time.
        BaseException: Whatever the call raises.
    """
    done: Future[Result] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, name="paintcam-network", daemon=True).start()
    wait([done], timeout_s)
    if not done.done():
        abandon()
        raise LateError
    return done.result()


def reason_of(error: BaseException) -> str:
    """Describe why a call failed, as a clause, without its address: that may hold a key."""
    chain = list(_causes(error))
    for one in chain:
        if isinstance(one, ssl.SSLCertVerificationError):
            return f"its TLS certificate is not valid ({one.verify_message})"
        if "CA certificate bundle" in str(one) or getattr(one, "library", "") == "X509":
            return NOT_READ
        if "SOCKS" in str(one):
            return "a SOCKS proxy needs a package that is not installed"
        if "disconnected" in str(one) or "peer closed" in str(one):
            return CUT
    for kind, words in _BY_TYPE:
        if any(isinstance(one, kind) for one in chain):
            return words
    names = [type(one).__name__ for one in chain]
    if any("Timeout" in name for name in names):
        return TIMED_OUT
    for name, words in _BY_NAME.items():
        if name in names:
            return words
    if any(isinstance(one, ValueError) for one in chain) or "InvalidURL" in names:
        return NOT_VALID
    if "UnsupportedProtocol" in names:
        return NOT_VALID
    known = (one.strerror for one in reversed(chain) if isinstance(one, OSError))
    return f"the connection failed ({next(filter(None, known), names[0])})"


def proxy_note(url: str) -> str:
    """Return a clause that names the proxy's variables if calls to an address use a proxy."""
    from urllib.request import getproxies, proxy_bypass

    try:
        parts = urlsplit(url)
        proxies = getproxies()
        used = proxies.get(parts.scheme) or proxies.get("all")
        if not used or proxy_bypass(parts.hostname or ""):
            return ""
    except ValueError:  # an IPv6 address without its end
        return ""
    return " through the proxy of the environment (HTTP_PROXY and the like)"


def _causes(error: BaseException) -> Iterator[BaseException]:
    """Yield an error and the errors behind it, as libraries wrap them, the outermost first."""
    waiting: list[object] = [error]
    seen: set[int] = set()
    while waiting and len(seen) < 30:
        one = waiting.pop(0)
        if isinstance(one, BaseException) and id(one) not in seen:
            seen.add(id(one))
            yield one
            inner = (one.__cause__, one.__context__, getattr(one, "reason", None), *one.args)
            waiting += inner
