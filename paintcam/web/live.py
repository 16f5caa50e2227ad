"""Live news for open pages: each page has one WebSocket, and each message is the whole state.

A message replaces the one before it. So a page that was away needs nothing but the newest, a slow
page skips what it missed, and 35 drawings a second cost 300 phones one message every two seconds.
Where nothing changes, the state is repeated now and then: a page that hears nothing for longer than
that knows that its connection is dead, and opens another one.
"""

from __future__ import annotations

import asyncio
import contextlib
import json
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from starlette.websockets import WebSocket, WebSocketDisconnect

from paintcam.web.clock import now

__all__ = ["Hub"]

_SEND_S = 10.0
_REPEAT_S = 20.0
_FLOOD = 30  # messages; pages never send any
_POLICY_VIOLATION = 1008

Build = Callable[[], Mapping[str, Any]]


@dataclass(slots=True)
class _Topic:
    build: Build
    interval_s: float
    message: str = ""
    version: int = 0
    dirty: asyncio.Event = field(default_factory=asyncio.Event)
    urgent: asyncio.Event = field(default_factory=asyncio.Event)
    news: asyncio.Condition = field(default_factory=asyncio.Condition)
    task: asyncio.Task[None] | None = None
    pages: int = 0


class Hub:
    """Informs pages of changes. Everything but `changed` belongs to the event loop.

    Args:
        failed: Called with an error that kept a message from being built.
    """

    def __init__(self, failed: Callable[[Exception], None]) -> None:
        self._failed = failed
        self._topics: dict[str, _Topic] = {}
        self._loop: asyncio.AbstractEventLoop | None = None

    @property
    def pages(self) -> int:
        """How many pages listen."""
        return sum(topic.pages for topic in self._topics.values())

    def start(self) -> None:
        """Bind to the running event loop."""
        self._loop = asyncio.get_running_loop()

    def changed(self, *, urgent: bool = False) -> None:
        """Note a change that pages show. May be called from any thread.

        Args:
            urgent: Do not wait for the topic's interval: the presenter pressed something.
        """
        if self._loop is not None and not self._loop.is_closed():
            self._loop.call_soon_threadsafe(self._mark, urgent)

    def _mark(self, urgent: bool) -> None:
        for topic in self._topics.values():
            topic.dirty.set()
            if urgent:
                topic.urgent.set()

    async def follow(self, socket: WebSocket, name: str, build: Build, interval_s: float) -> None:
        """Send a page the state of its topic now and at every change, until it leaves.

        Args:
            socket: Accepted.
            name: Of the topic; pages of one name get the same messages.
            build: Gives the state, from a thread.
            interval_s: Least time between two messages that are not urgent.
        """
        topic = self._topics.get(name)
        if topic is None:
            topic = self._topics[name] = _Topic(build, interval_s)
            topic.dirty.set()
            topic.task = asyncio.create_task(self._run(topic))
        topic.pages += 1
        listening = asyncio.create_task(_listen(socket))
        sending = asyncio.create_task(_send(socket, topic))
        try:
            await asyncio.wait({listening, sending}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for task in (listening, sending):
                task.cancel()
            await asyncio.gather(listening, sending, return_exceptions=True)
            with contextlib.suppress(Exception):
                await asyncio.wait_for(socket.close(_POLICY_VIOLATION), 1)
            topic.pages -= 1
            if topic.pages == 0 and self._topics.get(name) is topic:
                del self._topics[name]
                topic.task.cancel() if topic.task is not None else None

    async def close(self) -> None:
        """End all topics."""
        for topic in self._topics.values():
            if topic.task is not None:
                topic.task.cancel()
        self._topics.clear()

    async def _run(self, topic: _Topic) -> None:
        while True:
            await topic.dirty.wait()
            topic.dirty.clear()
            topic.urgent.clear()
            try:
                state = await asyncio.to_thread(topic.build)
            except Exception as error:  # an unavailable database must not end the live updates
                self._failed(error)
                topic.dirty.set()
            else:
                message = json.dumps(state, ensure_ascii=False, separators=(",", ":"))
                if message != topic.message:
                    topic.message = message
                    topic.version += 1
                    async with topic.news:
                        topic.news.notify_all()
            with contextlib.suppress(asyncio.TimeoutError):
                await asyncio.wait_for(topic.urgent.wait(), topic.interval_s)


async def _send(socket: WebSocket, topic: _Topic) -> None:
    sent = 0
    while True:
        with contextlib.suppress(asyncio.TimeoutError):
            await asyncio.wait_for(_news(topic, sent), _REPEAT_S)
        if topic.version == 0:
            continue  # the first state could not be built yet
        sent = topic.version
        # A page that accepts nothing for this long is gone; its connection is closed by the caller.
        # Its clock may be wrong: it counts down by ours.
        message = f'{{"now":{now():.3f},{topic.message[1:]}'
        await asyncio.wait_for(socket.send_text(message), _SEND_S)


async def _news(topic: _Topic, sent: int) -> None:
    async with topic.news:
        await topic.news.wait_for(lambda: topic.version != sent)


async def _listen(socket: WebSocket) -> None:
    with contextlib.suppress(WebSocketDisconnect, KeyError, RuntimeError):
        for _ in range(_FLOOD):
            await socket.receive()
