"""A hall of phones for the website's benchmark: a process of its own that sends drawings.

Requests are written by hand on keep-alive connections: the generator shares two cores with the
server that it measures.
"""

from __future__ import annotations

import asyncio
import contextlib
import random
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from multiprocessing import get_context
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

PER_COOKIE = 20, 3  # drawings, and where each may be sent again and again; 30 a minute may come
MOST_COOKIES = 800


@dataclass
class Answer:
    """One submission as the phone saw it."""

    id: str
    status: int  # 0: the connection broke
    seconds: float
    retry_after: str | None = None
    tries: int = 1


@dataclass
class Plan:
    """What to send: `rate` a second, or as fast as `workers` phones can, one after the other.

    With `retry` a phone tries again with the same id until it is answered 200, as the page does.
    """

    base: str
    bodies: str
    seconds: float
    rate: float = 0.0
    workers: int = 0
    retry: bool = False
    answers: list[Answer] = field(default_factory=list)


def read_bodies(path: str) -> list[bytes]:
    """Pictures packed in one file, each with its length before it."""
    data, found, at = Path(path).read_bytes(), [], 0
    while at < len(data):
        length = int.from_bytes(data[at : at + 4], "big")
        found.append(data[at + 4 : at + 4 + length])
        at += 4 + length
    return found


class Connection:
    """One keep-alive connection to the server."""

    def __init__(self, base: str) -> None:
        parts = urlsplit(base)
        self.host, self.port = str(parts.hostname), int(parts.port or 80)
        self.reader: asyncio.StreamReader | None = None
        self.writer: asyncio.StreamWriter | None = None

    async def ask(
        self, method: str, path: str, headers: dict[str, str], body: bytes = b""
    ) -> tuple[int, dict[str, str], bytes]:
        if self.writer is None:
            self.reader, self.writer = await asyncio.open_connection(self.host, self.port)
        assert self.reader is not None
        try:
            lines = [f"{method} {path} HTTP/1.1", f"Host: {self.host}:{self.port}"]
            lines += [f"{name}: {value}" for name, value in headers.items()]
            lines += [f"Content-Length: {len(body)}", "", ""]
            self.writer.write("\r\n".join(lines).encode() + body)
            await self.writer.drain()
            head = (await self.reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
            found = dict(line.lower().split(": ", 1) for line in head[1:] if ": " in line)
            rest = await self.reader.readexactly(int(found.get("content-length", 0)))
            if found.get("connection") == "close":
                self.close()
            return int(head[0].split(" ")[1]), found, rest
        except BaseException:
            self.close()
            raise

    def close(self) -> None:
        if self.writer is not None:
            self.writer.close()
        self.writer = None


async def _cookies(base: str, count: int) -> list[str]:
    connection, found = Connection(base), []
    for _ in range(count):
        _, headers, _ = await connection.ask("GET", "/", {})
        found.append(headers["set-cookie"].split(";")[0])
    connection.close()
    return found


async def _send(plan: Plan, connection: Connection, cookie: str, body: bytes) -> Answer:
    drawing, started, tries = secrets.token_urlsafe(16), time.monotonic(), 0
    while True:
        tries += 1
        status, headers = 0, {}
        with contextlib.suppress(OSError, EOFError, asyncio.TimeoutError, ValueError):
            status, headers, _ = await asyncio.wait_for(
                connection.ask(
                    "PUT",
                    f"/api/rounds/1/drawings/{drawing}",
                    {"Origin": plan.base, "Cookie": cookie, "Content-Type": "image/png"},
                    body,
                ),
                30,
            )
        if status == 200 or not plan.retry or time.monotonic() - started > 60:
            taken = time.monotonic() - started
            return Answer(drawing, status, taken, headers.get("retry-after"), tries)
        await asyncio.sleep(float(headers.get("retry-after", 0.3)) * random.uniform(0.7, 1.3))


async def _run(plan: Plan, begin: Callable[[], None], stopped: Callable[[], bool]) -> list[Answer]:
    bodies = read_bodies(plan.bodies)
    per_cookie = PER_COOKIE[plan.retry]
    count = int(plan.seconds * (plan.rate or 60)) // per_cookie + 2 + plan.workers
    count = min(count, MOST_COOKIES)  # by the time they come round again, their minute is over
    cookies = await _cookies(plan.base, count)
    answers: list[Answer] = []
    number = 0
    free: list[Connection] = []

    async def one(index: int) -> None:
        connection = free.pop() if free else Connection(plan.base)
        cookie = cookies[(index // per_cookie) % len(cookies)]
        answers.append(await _send(plan, connection, cookie, bodies[index % len(bodies)]))
        free.append(connection)

    async def worker() -> None:
        nonlocal number
        while time.monotonic() < until and not stopped():
            number += 1
            await one(number)
            if answers and answers[-1].status != 200:
                await asyncio.sleep(1.0)  # as the page does

    begin()
    begun = time.monotonic()
    until = begun + plan.seconds
    if plan.workers:
        await asyncio.gather(*(worker() for _ in range(plan.workers)))
        return answers
    tasks = []
    while (now := time.monotonic()) < until:
        # Open loop: the hall does not wait for the server.
        while number < (now - begun) * plan.rate:
            number += 1
            tasks.append(asyncio.create_task(one(number)))
        await asyncio.sleep(0.005)
    await asyncio.gather(*tasks)
    return answers


def _main(plan: Plan, queue: Any, stop: Any) -> None:
    answers = asyncio.run(_run(plan, lambda: queue.put("begun"), stop.is_set))
    queue.put([vars(answer) for answer in answers])


class Load:
    """A plan under way in a process of its own; it has begun when this returns."""

    def __init__(self, plan: Plan) -> None:
        context = get_context("spawn")
        self._queue = context.Queue()
        self._stop = context.Event()
        self._process = context.Process(target=_main, args=(plan, self._queue, self._stop))
        self._process.start()
        assert self._queue.get(timeout=120) == "begun"

    def stop(self) -> None:
        """Begin no more drawings."""
        self._stop.set()

    def answers(self) -> list[Answer]:
        found = [Answer(**values) for values in self._queue.get()]
        self._process.join()
        return found


def summary(answers: list[Answer], seconds: float) -> dict[str, Any]:
    """Counts and latencies."""
    good = sorted(answer.seconds for answer in answers if answer.status == 200)
    every = sorted(answer.seconds for answer in answers)

    def at(values: list[float], share: float) -> float | None:
        return round(1000 * values[int(share * (len(values) - 1))], 1) if values else None

    statuses: dict[int, int] = {}
    for answer in answers:
        statuses[answer.status] = statuses.get(answer.status, 0) + 1
    return {
        "per_second": round(len(good) / seconds, 1),
        "p50_ms": at(good, 0.5),
        "p95_ms": at(good, 0.95),
        "slowest_ms": at(every, 1.0),
        "statuses": dict(sorted(statuses.items())),
        "refused_without_retry_after": sum(
            answer.status == 503 and not answer.retry_after for answer in answers
        ),
    }
