"""A server on loopback that sends any bytes at any pace: HTTP as no library would write it."""

from __future__ import annotations

import contextlib
import socket
import threading
from collections.abc import Callable


class RawServer:
    """Answers every connection with a function, in a thread of its own.

    Args:
        answer: Called with this server and the head of the request.

    Attributes:
        released: Set at the end; what drips or floods stops then.
    """

    def __init__(self, answer: Callable[[RawConnection], None]) -> None:
        self.released = threading.Event()
        self.requests: list[str] = []
        self._answer = answer
        self._socket = socket.create_server(("127.0.0.1", 0))
        threading.Thread(target=self._accept, daemon=True).start()

    @property
    def port(self) -> int:
        return self._socket.getsockname()[1]

    @property
    def url(self) -> str:
        return f"http://127.0.0.1:{self.port}"

    def __enter__(self) -> RawServer:
        return self

    def __exit__(self, *_: object) -> None:
        self.released.set()
        self._socket.close()

    def _accept(self) -> None:
        with contextlib.suppress(OSError):
            while True:
                connection, _ = self._socket.accept()
                threading.Thread(target=self._serve, args=(connection,), daemon=True).start()

    def _serve(self, connection: socket.socket) -> None:
        with connection, contextlib.suppress(OSError):
            connection.settimeout(30)
            raw = RawConnection(self, connection)
            self.requests.append(raw.head)
            self._answer(raw)


class RawConnection:
    """One request, and the ways to answer it badly.

    Attributes:
        head: The request's head.
        body: Its body.
    """

    def __init__(self, server: RawServer, connection: socket.socket) -> None:
        self._connection, self._released = connection, server.released
        self.url = server.url
        received = b""
        while b"\r\n\r\n" not in received and (piece := connection.recv(1 << 16)):
            received += piece
        head, _, body = received.partition(b"\r\n\r\n")
        self.head = head.decode("latin-1")
        length = int((self.header("Content-Length") or "0").strip())
        while len(body) < length and (piece := connection.recv(1 << 16)):
            body += piece
        self.body = body

    @property
    def path(self) -> str:
        return self.head.split(" ")[1] if " " in self.head else ""

    def header(self, name: str) -> str:
        for line in self.head.split("\r\n"):
            found, _, value = line.partition(":")
            if found.lower() == name.lower():
                return value.strip()
        return ""

    def send(self, content: bytes) -> None:
        self._connection.sendall(content)

    def reply(self, body: bytes, status: str = "200 OK", headers: bytes = b"") -> None:
        length = b"Content-Length: %d\r\nConnection: close\r\n" % len(body)
        self.send(b"HTTP/1.1 " + status.encode() + b"\r\n" + length + headers + b"\r\n" + body)

    def drip(self, content: bytes) -> None:
        """Send something every twentieth of a second, for ever."""
        while not self._released.wait(0.05):
            self.send(content)

    def flood(self, content: bytes, most_bytes: int = 1 << 40) -> None:
        """Send something as fast as it is taken."""
        sent = 0
        while not self._released.is_set() and sent < most_bytes:
            self.send(content)
            sent += len(content)


HEAD = b"HTTP/1.1 200 OK\r\n"
CHUNKS = HEAD + b"Transfer-Encoding: chunked\r\n\r\n"
ELSEWHERE = b"HTTP/1.1 302 Found\r\nLocation: /signed/elsewhere\r\n\r\n"
LINE = b"x" * (1 << 16)
MOST = 600 << 20

NEVER_FINISHED: dict[str, Callable[[RawConnection], None]] = {
    "nothing": lambda to: to.drip(b""),
    "head drips": lambda to: (to.send(HEAD + b"X: "), to.drip(b"x")),
    "interim answers drip": lambda to: to.drip(b"HTTP/1.1 100 Continue\r\n\r\n"),
    "interim answers flood": lambda to: to.flood(b"HTTP/1.1 100 Continue\r\n\r\n" * 500),
    "body drips": lambda to: (to.send(HEAD + b"\r\n"), to.drip(b" ")),
    "body without end": lambda to: (to.send(HEAD + b"\r\n"), to.flood(LINE, MOST)),
    "line of a chunk drips": lambda to: (to.send(CHUNKS + b"1;x="), to.drip(b"y")),
    "trailers drip": lambda to: (to.send(CHUNKS + b"2\r\n{}\r\n0\r\n"), to.drip(b"X: y\r\n")),
    "redirect without end": lambda to: (to.send(ELSEWHERE), to.flood(LINE, MOST)),
    "redirect drips": lambda to: (to.send(ELSEWHERE), to.drip(b"x")),
    "error without end": lambda to: (to.send(b"HTTP/1.1 500 X\r\n\r\n"), to.flood(LINE, MOST)),
}
"""Answers that never end, by name."""
