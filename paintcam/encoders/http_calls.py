"""HTTP calls that end in time and take little memory, whatever the server does.

`requests` alone guarantees neither: its time limit starts again with every byte, and it reads the
body of a redirect whole, however long that is.
"""

from __future__ import annotations

import contextlib
import socket
from collections.abc import Callable, MutableSet
from http.cookiejar import DefaultCookiePolicy
from typing import Any, TypeVar
from urllib.parse import urljoin
from weakref import WeakSet

import requests
from requests.adapters import HTTPAdapter
from urllib3 import HTTPConnectionPool, PoolManager, ProxyManager

from paintcam.encoders.http_answers import Interrupted
from paintcam.network import LateError, in_time, reason_of

__all__ = ["HttpCalls"]

Result = TypeVar("Result")

CHUNK = 1 << 16
REDIRECTS = 5
"""How many are followed for a call that follows any."""


class HttpCalls:
    """Calls over connections that stay open for the next call. One thread calls at a time.

    Args:
        environment: Use the proxies, certificates and `~/.netrc` of the environment.
        redirect: Follow redirects.
    """

    def __init__(self, *, environment: bool = True, redirect: bool = True) -> None:
        self._redirects = REDIRECTS if redirect else 0
        self._opened: MutableSet[Any] = WeakSet()
        self._session = _Session()
        self._session.trust_env = environment
        # what is small must not unpack to gigabytes
        self._session.headers["Accept-Encoding"] = "identity"
        # a server must not make every next call longer
        self._session.cookies.set_policy(DefaultCookiePolicy(allowed_domains=[]))
        for scheme in ("http://", "https://"):
            self._session.mount(scheme, _Adapter(self._opened))

    def open(self, method: str, url: str, *, limit_s: float, **options: Any) -> requests.Response:  # noqa: ANN401
        """Send a request, and wait for the head of the answer.

        Args:
            method: "GET", "HEAD" or "POST".
            url: The address. It never appears in an error, since it may hold a key.
            limit_s: For everything up to the head of the answer, redirects included.
            options: More of what `requests.request` takes, such as `timeout` for its body.

        Returns:
            The answer, to be closed by the caller. Its body is still to be read.

        Raises:
            Interrupted: There is none in time.
        """
        options = {"timeout": limit_s, **options}
        return self._in_time(lambda: self._answer(method, url, options), limit_s)

    def read(
        self,
        method: str,
        url: str,
        *,
        limit_s: float,
        most_bytes: int,
        **options: Any,  # noqa: ANN401
    ) -> tuple[requests.Response, bytes]:
        """Send a request, and read the whole answer.

        Args:
            method: As `open` takes it.
            url: As `open` takes it.
            limit_s: For everything up to the last byte.
            most_bytes: A longer body is refused.
            options: As `open` takes them.

        Returns:
            The answer's head, and its body; b"" for any status but 200.

        Raises:
            Interrupted: There is none in time, or it is too long.
        """

        def work() -> tuple[requests.Response, bytes]:
            with self._answer(method, url, {"timeout": limit_s, **options}) as answer:
                return answer, _body(answer, most_bytes) if answer.status_code == 200 else b""

        return self._in_time(work, limit_s)

    def _answer(self, method: str, url: str, options: dict[str, Any]) -> requests.Response:
        for _ in range(self._redirects + 1):
            answer = self._session.request(
                method, url, stream=True, allow_redirects=False, **options
            )
            if not (self._redirects and answer.is_redirect):
                return answer
            answer.close()
            target = urljoin(url, answer.headers["Location"])
            if url.startswith("https:") and not target.startswith("https:"):
                raise Interrupted("the server redirects to an address without TLS")
            url = target
            options = {**options, "params": None}  # the target has its own
        raise Interrupted("the server redirects too often")

    def _in_time(self, work: Callable[[], Result], limit_s: float) -> Result:
        try:
            return in_time(work, limit_s, self._abandon)
        except LateError:
            raise Interrupted("the server timed out") from None
        except Interrupted:
            raise
        except Exception as error:
            # Whatever a library raises for an answer that nobody foresaw. The cause holds the
            # request, and with it keys.
            raise Interrupted(reason_of(error)) from None

    def _abandon(self) -> None:
        """Cut all connections, which ends the thread that waits for one."""
        with contextlib.suppress(RuntimeError):  # the thread opens one at this moment
            for one in list(self._opened):
                with contextlib.suppress(Exception):  # it may be closed, or not open yet
                    getattr(one, "sock", one).shutdown(socket.SHUT_RDWR)


class _Session(requests.Session):
    def get_redirect_target(self, _answer: requests.Response) -> str | None:
        """Find no redirect: `requests` would read its body, also without following it."""
        return None


class _Adapter(HTTPAdapter):
    """Remembers its connections, so that they can be cut."""

    def __init__(self, opened: MutableSet[Any]) -> None:
        self._opened = opened
        super().__init__()

    def init_poolmanager(self, *args: Any, **options: Any) -> None:  # noqa: ANN401
        """Make the pools of direct connections."""
        super().init_poolmanager(*args, **options)
        self.poolmanager: PoolManager
        self._watch(self.poolmanager)

    def proxy_manager_for(self, *args: Any, **options: Any) -> ProxyManager:  # noqa: ANN401
        """Make the pools of connections through a proxy."""
        manager: ProxyManager = super().proxy_manager_for(*args, **options)
        self._watch(manager)
        return manager

    def _watch(self, manager: PoolManager) -> None:
        manager.pool_classes_by_scheme = {
            scheme: _watched(pool, self._opened)
            for scheme, pool in manager.pool_classes_by_scheme.items()
        }


def _watched(pool: type[HTTPConnectionPool], opened: MutableSet[Any]) -> type[HTTPConnectionPool]:
    base: Any = pool.ConnectionCls

    class Connection(base):  # type: ignore[misc]
        def connect(self) -> None:
            opened.add(self)
            super().connect()
            opened.add(self.sock)  # an answer without a length takes it over

    class Pool(pool):  # type: ignore[misc, valid-type]
        ConnectionCls = Connection

    return Pool


def _body(answer: requests.Response, most_bytes: int) -> bytes:
    body = bytearray()
    while piece := answer.raw.read1(CHUNK):
        body += piece
        if len(body) > most_bytes:
            raise Interrupted("the answer is too long")
    return bytes(body)
