"""The website's figures: submissions a second, overload, kill -9, listeners, ranks, the stage.

    python tests/benchmarks/web.py [--seconds 60] [--kills 20] [--players 1000000]
        [--stage-seconds 60] [--only PART ...] [--databases sqlite postgresql] [--json]

Server, database and load generator share this machine; the generator is a process of its own, and
its cost is in the figures. Drawings are distinct, commits durable (fsync on). PostgreSQL is
Debian's, started on loopback. A lost or doubled drawing ends the benchmark with an error; times are
only reported.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import random
import re
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE), str(HERE.parent), str(HERE.parents[1])]

import psutil
import requests
from sqlalchemy import select
from web_load import Answer, Load, Plan, summary

import postgres
from paintcam.leaderboard import Leaderboard, Submissions, Turn
from paintcam.leaderboard.schema import pictures, turns
from web_client import Visitor, house_strokes, picture_of, random_strokes

PARTS = ("sustained", "overload", "kills", "restart", "listeners", "ranks", "stage")


def pack_bodies(path: Path, count: int) -> None:
    """Distinct drawings, as a phone would send them."""
    with path.open("wb") as file:
        for seed in range(count):
            body = picture_of([*house_strokes(seed), *random_strokes(seed, 4)])
            file.write(len(body).to_bytes(4, "big") + body)


class Website:
    """`paintcam serve` as people start it. A context manager."""

    def __init__(self, database: str, folder: Path) -> None:
        self.database, self.folder = database, folder

    def __enter__(self) -> Website:
        self.log = (self.folder / "serve.log").open("w+")
        command = [sys.executable, "-m", "paintcam", "serve", "--model", "sketch"]
        command += ["--no-guard", "nsfw", "--moderate", "off", "--prompt", "a house"]
        self.process = subprocess.Popen(
            [*command, "--port", "0", "--database", self.database],
            cwd=HERE.parents[1],
            env={**os.environ, "PAINTCAM_DATA_DIR": str(self.folder)},
            stdout=self.log,
            stderr=self.log,
        )
        deadline = time.monotonic() + 120
        while not (found := re.search(r"Play +(\S+)/\n(?s:.*)Ctrl-C", self.output)):
            assert time.monotonic() < deadline, self.output
            time.sleep(0.1)
        self.base = found.group(1)
        Visitor(self.base).draw(picture_of(house_strokes())).raise_for_status()  # warm
        return self

    @property
    def output(self) -> str:
        return (self.folder / "serve.log").read_text(encoding="utf-8")

    @property
    def port(self) -> int:
        return int(self.base.rpartition(":")[2])

    @property
    def cpu_s(self) -> float:
        """CPU seconds that the server process has used."""
        (child,) = psutil.Process(self.process.pid).children()
        times = child.cpu_times()
        return float(times.user + times.system)

    def wait(self) -> None:
        """Wait until it answers again."""
        deadline = time.monotonic() + 120
        while True:
            with contextlib.suppress(requests.RequestException):
                requests.get(f"{self.base}/help", timeout=5).raise_for_status()
                return
            assert time.monotonic() < deadline, self.output
            time.sleep(0.1)

    def kill_server(self) -> None:
        for child in psutil.Process(self.process.pid).children():
            child.kill()
            child.wait(10)

    def __exit__(self, *_: object) -> None:
        self.process.terminate()
        self.process.wait(30)
        self.log.close()


def check(database: str, answers: list[Answer]) -> dict[str, int]:
    """Every acknowledged drawing is in the database with its picture, none twice."""
    acknowledged = [answer.id for answer in answers if answer.status == 200]
    with Leaderboard(database) as leaderboard:
        for column in (turns.c.id, pictures.c.id):
            query = select(column)
            rows = leaderboard.read(
                lambda connection, query=query: connection.execute(query).scalars().all()
            )
            lost = set(acknowledged) - set(rows)
            assert not lost, f"{len(lost)} acknowledged drawings are lost"
            assert len(rows) == len(set(rows)), "a drawing is stored twice"
    return {"acknowledged": len(acknowledged), "lost": 0, "doubled": 0}


def sustained(site: Website, bodies: str, seconds: float) -> dict[str, Any]:
    """As many as twelve phones can send, one after the other."""
    before = site.cpu_s
    answers = Load(Plan(site.base, bodies, seconds, workers=12)).answers()
    found = summary(answers, seconds)
    good = max(1, found["statuses"].get(200, 0))
    # comparable where the machine is busy with something else
    found["server_cpu_ms_each"] = round(1000 * (site.cpu_s - before) / good, 1)
    return found | check(site.database, answers)


def overload(site: Website, bodies: str, seconds: float) -> dict[str, Any]:
    """Seventy a second, whatever the server can do."""
    answers = Load(Plan(site.base, bodies, seconds, rate=70)).answers()
    return summary(answers, seconds) | check(site.database, answers)


def kills(site: Website, bodies: str, count: int) -> dict[str, Any]:
    """Kill -9 of the server under load; phones try again with the same id."""
    load = Load(Plan(site.base, bodies, 120.0 * count, workers=6, retry=True))
    chance = random.Random(count)
    for _ in range(count):
        time.sleep(chance.uniform(1, 4))
        site.kill_server()
        site.wait()  # a busy machine takes its time to start another one
    time.sleep(2)
    load.stop()
    answers = load.answers()
    assert {answer.status for answer in answers} == {200}, summary(answers, 1)
    again = sum(answer.tries > 1 for answer in answers)
    return {"kills": count, "sent_again": again} | check(site.database, answers)


def restart(site: Website, bodies: str, server: postgres.Server) -> dict[str, Any]:
    """PostgreSQL is stopped for ten seconds, and started."""
    load = Load(Plan(site.base, bodies, 30, workers=6, retry=True))
    time.sleep(8)
    server.stop()
    time.sleep(10)
    server.start()
    answers = load.answers()
    assert {answer.status for answer in answers} == {200}, summary(answers, 30)
    again = sum(answer.tries > 1 for answer in answers)
    return {"sent_again": again} | check(site.database, answers)


def listeners(site: Website, bodies: str, seconds: float) -> dict[str, Any]:
    """Twenty submissions a second, without and with 300 pages that listen and 20 that are dead."""
    alone = summary(Load(Plan(site.base, bodies, seconds, rate=20)).answers(), seconds)
    ready = threading.Event()
    code = f"import web; web.listen_for_ever({site.base!r}, 300, 20)"
    pages = subprocess.Popen(
        [sys.executable, "-c", code], cwd=HERE, stdout=subprocess.PIPE, text=True
    )
    assert pages.stdout is not None
    try:
        assert pages.stdout.readline().strip() == "ready"
        ready.set()
        with_pages = summary(Load(Plan(site.base, bodies, seconds, rate=20)).answers(), seconds)
    finally:
        pages.kill()
        pages.wait()
    return {
        "p95_alone_ms": alone["p95_ms"],
        "p95_with_pages_ms": with_pages["p95_ms"],
        "ratio": round(with_pages["p95_ms"] / alone["p95_ms"], 2),
        "statuses": with_pages["statuses"],
    }


def listen_for_ever(base: str, alive: int, dead: int) -> None:
    """Pages of a hall, in a process of their own."""
    import asyncio

    from websockets.asyncio.client import connect

    url = base.replace("http", "ws") + "/live?page=play&round="

    async def page(reads: bool, opened: asyncio.Event) -> None:
        async with connect(url, origin=base, ping_interval=None, max_queue=1) as socket:
            opened.set()
            while reads:
                await socket.recv()
            socket.transport.pause_reading()
            await asyncio.sleep(3600)

    async def run() -> None:
        tasks = []
        for index in range(alive + dead):
            opened = asyncio.Event()
            tasks.append(asyncio.create_task(page(index < alive, opened)))
            await asyncio.wait_for(opened.wait(), 30)
        print("ready", flush=True)
        await asyncio.gather(*tasks)

    asyncio.run(run())


def ranks(database: str, players: int) -> dict[str, Any]:
    """The rank that a phone is told, among many."""
    import leaderboard as crowd

    with Leaderboard(database) as opened:
        crowd.fill(opened, players)
        submissions, taken = Submissions(opened), []
        board = crowd.BOARD
        for number in range(300):
            key = Turn.key_of(f"p{2 + number * (players - 2) // 300}")
            started = time.perf_counter()
            assert submissions.standing(board, key) is not None
            taken.append(1000 * (time.perf_counter() - started))
    taken.sort()
    return {
        "players": players,
        "p50_ms": round(taken[150], 2),
        "p95_ms": round(taken[285], 2),
    }


def stage(site: Website, seconds: float) -> dict[str, Any]:
    """Frames a second and memory of the stage page, with 1,000 drawings and more coming in."""
    from browser import Browser

    body = [picture_of([*house_strokes(seed), *random_strokes(seed, 4)]) for seed in range(200)]
    for number in range(1000):
        if number % 20 == 0:
            visitor = Visitor(site.base)
        while visitor.draw(body[number % 200], name=f"Player {number}").status_code != 200:
            time.sleep(0.2)
    with Browser(site.port, (1280, 720)) as browser:
        browser.open("/stage")
        browser.until(
            lambda: browser.run("return document.querySelectorAll('#wall li').length") > 8
        )
        browser.run("""
            window.frames_seen = 0;
            (function step() { window.frames_seen += 1; requestAnimationFrame(step) })()""")

        def memory() -> float:
            browser.cdp("HeapProfiler.collectGarbage")
            return round(browser.run("return performance.memory.usedJSHeapSize") / 2**20, 2)

        first, rates, sent = memory(), [], 1000
        begun = time.monotonic()
        while time.monotonic() - begun < seconds:
            before, at = browser.run("return window.frames_seen"), time.monotonic()
            for _ in range(10):
                if sent % 20 == 0:
                    visitor = Visitor(site.base)
                visitor.draw(body[sent % 200], name=f"Player {sent}")
                sent += 1
                time.sleep(0.4)
            count = browser.run("return window.frames_seen") - before
            rates.append(count / (time.monotonic() - at))
        return {
            "drawings": sent,
            "fps_mean": round(sum(rates) / len(rates), 1),
            "fps_lowest_4s": round(min(rates), 1),
            "heap_before_mib": first,
            "heap_after_mib": memory(),
            "elements": browser.run("return document.querySelectorAll('*').length"),
        }


@contextlib.contextmanager
def database_of(kind: str, folder: Path) -> Iterator[tuple[str, postgres.Server | None]]:
    """A new database with durable commits."""
    if kind == "sqlite":
        yield f"sqlite:///{folder / 'scores.sqlite3'}", None
        return
    with postgres.running(durable=True) as server:
        yield server.url, server


def main() -> None:
    """Run the parts that were asked for."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--kills", type=int, default=20)
    parser.add_argument("--players", type=int, default=1_000_000)
    parser.add_argument("--stage-seconds", type=float, default=60)
    parser.add_argument("--only", nargs="+", choices=PARTS, default=PARTS)
    parser.add_argument("--databases", nargs="+", default=["sqlite", "postgresql"])
    parser.add_argument("--json", action="store_true", help="One JSON object a line.")
    options = parser.parse_args()
    if not options.json:
        print(f"{os.cpu_count()} cores, load {os.getloadavg()[0]:.1f} before the start")
    with tempfile.TemporaryDirectory() as scratch:
        bodies = Path(scratch) / "bodies"
        if set(options.only) - {"ranks", "stage"}:
            pack_bodies(bodies, min(4200, int(70 * options.seconds)))
        for kind in options.databases:
            for part in options.only:
                if (part == "restart" and kind == "sqlite") or (
                    part == "stage" and kind != "sqlite"
                ):
                    continue
                with (
                    tempfile.TemporaryDirectory() as folder,
                    database_of(kind, Path(folder)) as (
                        url,
                        server,
                    ),
                ):
                    found = run_part(part, url, server, Path(folder), str(bodies), options)
                row = {"part": part, "database": kind, **found, "load": os.getloadavg()[0]}
                print(json.dumps(row) if options.json else f"{part} ({kind}): {found}", flush=True)


def run_part(
    part: str,
    url: str,
    server: postgres.Server | None,
    folder: Path,
    bodies: str,
    options: argparse.Namespace,
) -> dict[str, Any]:
    """One part on a new database."""
    if part == "ranks":
        return ranks(url, options.players)
    with Website(url, folder) as site:
        if part == "sustained":
            return sustained(site, bodies, options.seconds)
        if part == "overload":
            return overload(site, bodies, options.seconds)
        if part == "kills":
            return kills(site, bodies, options.kills)
        if part == "restart":
            assert server is not None
            return restart(site, bodies, server)
        if part == "listeners":
            return listeners(site, bodies, options.seconds)
        return stage(site, options.stage_seconds)


if __name__ == "__main__":
    main()
