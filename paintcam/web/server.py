"""The server process: it reads its settings from the supervisor, serves, and ends with it."""

from __future__ import annotations

import asyncio
import contextlib
import json
import logging
import os
import socket
import sys
import threading
import time
from collections.abc import Callable
from typing import Any

import uvicorn

from paintcam.encoders.base import Encoder
from paintcam.errors import PaintcamError
from paintcam.web.app import create_app
from paintcam.web.protocol import HurriedProtocol, RequestLog
from paintcam.web.settings import WebSettings
from paintcam.web.site import Site

__all__ = ["main", "serve"]

_SMALL = 16 * 1024
_END_S = 6.0
_BEAT_S = 5.0
_FILES = 65_536


def main() -> None:
    """Serve until the supervisor closes its end of stdin. Messages to it go to stdout."""
    line = json.loads(sys.stdin.readline())
    settings = WebSettings.from_json(json.dumps(line["settings"]))
    if os.name == "posix":
        listening = socket.socket(fileno=line["socket"])
    else:
        listening = socket.create_server((line["host"], line["port"]))
    _raise_file_limit()
    ready, ending = threading.Event(), threading.Event()
    threading.Thread(target=_watch_supervisor, args=(ready, ending), daemon=True).start()

    def tell(message: dict[str, Any]) -> None:
        if message["type"] == "ready":
            ready.set()
        sys.stdout.write(json.dumps(message) + "\n")
        sys.stdout.flush()

    code = 0
    try:
        asyncio.run(_serve_alive(settings, listening, tell, ready, ending))
    except PaintcamError as error:
        tell({"type": "error", "what": error.what, "fix": error.fix})
        code = 1
    sys.stdout.flush()
    os._exit(code)  # a thread inside a model or a driver must not keep the process alive


async def _serve_alive(
    settings: WebSettings,
    listening: socket.socket,
    tell: Callable[[dict[str, Any]], None],
    ready: threading.Event,
    ending: threading.Event,
) -> None:
    """Serve, and notify the supervisor now and then that the event loop still runs."""

    async def beat() -> None:
        while True:
            await asyncio.sleep(_BEAT_S)
            if ready.is_set():
                tell({"type": "alive"})

    beating = asyncio.create_task(beat())
    try:
        await serve(settings, listening, tell, ending.wait)
    finally:
        beating.cancel()


def _watch_supervisor(ready: threading.Event, ending: threading.Event) -> None:
    """End with the supervisor: in order if visitors are served, otherwise at once."""
    while sys.stdin.read(4096):
        pass
    if ready.is_set():
        ending.set()
        time.sleep(_END_S)
    os._exit(0)


def _raise_file_limit() -> None:
    """Let as many phones in as the system allows: each one is an open file."""
    if os.name == "posix":
        import resource

        _, most = resource.getrlimit(resource.RLIMIT_NOFILE)
        files = _FILES if most == resource.RLIM_INFINITY else min(_FILES, most)
        with contextlib.suppress(OSError, ValueError):
            resource.setrlimit(resource.RLIMIT_NOFILE, (files, most))


async def serve(
    settings: WebSettings,
    listening: socket.socket,
    tell: Callable[[dict[str, Any]], None],
    wait_for_end: Callable[[], object],
    load: Callable[[], Encoder] | None = None,
) -> None:
    """Serve one website to its end.

    Args:
        settings: Of the website.
        listening: Bound; closed at the end.
        tell: Receives "ready" and "notice" messages, from any thread.
        wait_for_end: Blocks in a thread of its own until the server should end.
        load: Gives the encoder; by default the one that the settings name.

    Raises:
        PaintcamError: Encoder, prompt or database cannot be used.
    """

    def notice(text: str) -> None:
        tell({"type": "notice", "text": text})

    async with Site(settings, notice, load) as site:
        _log_requests(settings.verbose)
        server = uvicorn.Server(
            uvicorn.Config(
                create_app(site),
                http=HurriedProtocol,
                ws="auto",
                lifespan="off",
                log_config=None,
                access_log=settings.verbose,
                server_header=False,
                proxy_headers=False,
                timeout_keep_alive=30,
                timeout_graceful_shutdown=3,
                h11_max_incomplete_event_size=_SMALL,
                ws_max_size=4096,
                ws_max_queue=4,
                ws_per_message_deflate=False,  # 300 compressors cost more than a LAN gains
            )
        )
        loop = asyncio.get_running_loop()

        def end() -> None:
            wait_for_end()
            loop.call_soon_threadsafe(setattr, server, "should_exit", True)

        threading.Thread(target=end, name="paintcam-supervisor", daemon=True).start()
        prompts = [each.prompt for each in site.rounds.current]
        tell({"type": "ready", "moderation": site.moderation, "prompts": prompts})
        await server.serve([listening])


def _log_requests(verbose: bool) -> None:
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(RequestLog())
    for name, level in (("uvicorn.access", logging.INFO), ("uvicorn.error", logging.ERROR)):
        logger = logging.getLogger(name)
        logger.handlers = [handler] if verbose or name == "uvicorn.error" else []
        logger.setLevel(level)
        logger.propagate = False
