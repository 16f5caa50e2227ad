"""The leaderboard's figures: ranks, writers at once, kill -9, and what a contest costs the picture.

    python tests/benchmarks/leaderboard.py [--players 100000 1000000] [--queries 300]
        [--processes 8] [--write-seconds 10] [--kills 200] [--contest-seconds 20] [--json]

PostgreSQL is Debian's, started on loopback with its default durability (fsync on); the contest
needs Debian's xvfb. What is absent is left out, with the reason. A 0 leaves a part out. Nothing
here is an assertion on time, but a lost score or a damaged database ends it.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import multiprocessing
import os
import platform
import random
import shutil
import sqlite3
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Any

HERE = Path(__file__).parent
sys.path[:0] = [str(HERE.parent), str(HERE.parents[1])]

import postgres
from paintcam.leaderboard import (
    Board,
    Leaderboard,
    Turn,
    new_turn_id,
    points_of,
    schema,
)
from ranks import rank_of

BOARD = Board("a gorilla gardening with grapes", "sketch", 0.02, 0.36)
CHUNK = 20_000


def score_of(index: int) -> float:
    """A crowd's scores: most in the middle, to a hundred-thousandth."""
    return round(min(100.0, max(0.0, random.Random(index).gauss(45, 18))), 5)


def load(connection: Any, table: Any, rows: list[dict[str, Any]]) -> None:
    """Insert many rows, in PostgreSQL by COPY."""
    if connection.dialect.name != "postgresql":
        connection.execute(table.insert(), rows)
        return
    names = list(rows[0])
    with (
        connection.connection.driver_connection.cursor() as cursor,
        cursor.copy(f"COPY {table.name} ({', '.join(names)}) FROM STDIN") as copy,
    ):
        for row in rows:
            copy.write_row([row[name] for name in names])


def fill(leaderboard: Leaderboard, count: int) -> list[int]:
    """Load players, a turn each, by the tables; gives everybody's points."""
    leaderboard.store(Turn("first", BOARD, "first", 0.0, 0.0, 0.0))
    points = [0]
    values = {"board_id": 1, "best": 50.0, "similarity": 0.2, "guards": "[]", "at": "2026-11-23"}
    engine = leaderboard._transactions._engine.execution_options(paintcam_writes=True)
    with engine.begin() as connection:
        for start in range(2, count + 1, CHUNK):
            numbers = range(start, min(start + CHUNK, count + 1))
            scores = {number: score_of(number) for number in numbers}
            people = [{"id": n, "key": Turn.key_of(f"p{n}"), "name": f"p{n}"} for n in numbers]
            mine = [{"player_id": n, "points": points_of(s), "score": s} for n, s in scores.items()]
            played = [{"id": f"t{row['player_id']}", **row, **values} for row in mine]
            best = [
                {"board_id": 1, "turn_id": row["id"]}
                | {key: row[key] for key in ("player_id", "points")}
                for row in played
            ]
            for table, rows in (
                (schema.players, people),
                (schema.turns, played),
                (schema.bests, best),
            ):
                load(connection, table, rows)
            points += [row["points"] for row in mine]
        connection.execute(schema.tallies.delete())
        tally: dict[int, int] = {}
        for number in points:
            tally[number // 10] = tally.get(number // 10, 0) + 1
        connection.execute(
            schema.tallies.insert(),
            [{"board_id": 1, "tenths": number, "players": held} for number, held in tally.items()],
        )
    return points


def measure_ranks(url: str, count: int, queries: int) -> dict[str, float]:
    """Milliseconds of one rank, each compared with counting by hand."""
    with Leaderboard(url) as leaderboard:
        everybody = sorted(fill(leaderboard, count), reverse=True)
        chance = random.Random(1)
        taken = []
        for _ in range(queries):
            score = chance.uniform(0, 100)
            started = time.perf_counter()
            rank, of = rank_of(leaderboard, BOARD, score)
            taken.append(1000 * (time.perf_counter() - started))
            better = sum(points > points_of(score) for points in everybody[: rank + 10])
            assert (rank, of) == (better + 1, count), (rank, better, of)
        started = time.perf_counter()
        leaderboard.top(BOARD.prompt, limit=20)
        top_ms = 1000 * (time.perf_counter() - started)
    taken.sort()
    return {
        "p50_ms": round(taken[len(taken) // 2], 2),
        "p95_ms": round(taken[int(len(taken) * 0.95)], 2),
        "top_20_ms": round(top_ms, 2),
    }


def _write(url: str, worker: int, start: Any, seconds: float, done: Any) -> None:
    stored, worst_s, error = [], 0.0, ""
    with Leaderboard(url) as leaderboard:
        start.wait()
        end = time.monotonic() + seconds
        chance = random.Random(worker)
        while time.monotonic() < end:
            turn = Turn(new_turn_id(), BOARD, f"p{chance.randrange(500)}", chance.uniform(0, 100),
                        100.0, 0.1)  # fmt: skip
            started = time.monotonic()
            try:
                leaderboard.store(turn)
            except Exception as caught:
                error = str(caught)
                break
            worst_s = max(worst_s, time.monotonic() - started)
            stored.append(turn.id)
    done.put((stored, worst_s, error))


def measure_writes(url: str, processes: int, seconds: float) -> dict[str, object]:
    """Turns stored a second by processes that write at the same time; none may be lost."""
    Leaderboard(url).close()
    context = multiprocessing.get_context("spawn")
    start, done = context.Event(), context.Queue()
    workers = [
        context.Process(target=_write, args=(url, number, start, seconds, done))
        for number in range(processes)
    ]
    for worker in workers:
        worker.start()
    time.sleep(2 + 0.5 * processes)  # all of them connected
    start.set()
    results = [done.get(timeout=seconds + 120) for _ in workers]
    for worker in workers:
        worker.join()
    acknowledged = {turn for stored, _, _ in results for turn in stored}
    with Leaderboard(url) as leaderboard, leaderboard._transactions._engine.connect() as connection:
        kept = set(connection.execute(schema.turns.select()).scalars())
        bests = connection.execute(schema.bests.select()).all()
        tallies = connection.execute(schema.tallies.select()).all()
    assert acknowledged <= kept, f"{len(acknowledged - kept)} lost"
    assert sum(row.players for row in tallies) == len(bests) <= 500
    return {
        "turns_per_s": round(len(acknowledged) / seconds),
        "lost": len(acknowledged - kept),
        "errors": [error for _, _, error in results if error],
        "slowest_ms": round(1000 * max(worst_s for _, worst_s, _ in results)),
    }


_KILLED = """
import sys
from paintcam.leaderboard import Board, Leaderboard, Turn
board = Board("a house", "sketch", 0.02, 0.36)
with Leaderboard(sys.argv[1]) as leaderboard:
    for index in range(10**9):
        turn = Turn(f"{sys.argv[2]}-{index}", board, f"p{index % 50}", index % 101, 100, 0)
        leaderboard.store(turn)
        print(index, flush=True)
"""


def measure_kills(folder: Path, kills: int) -> dict[str, int]:
    """Kill a writer at any moment, over and over, on one database."""
    path = folder / "killed.sqlite3"
    url = f"sqlite:///{path}"
    Leaderboard(url).close()
    chance = random.Random(3)
    acknowledged = lost = damaged = 0
    for number in range(kills):
        name = f"run{number}"
        with subprocess.Popen(
            [sys.executable, "-c", _KILLED, url, name], stdout=subprocess.PIPE, text=True
        ) as process:
            assert process.stdout is not None
            lines = [process.stdout.readline()]
            reader = threading.Thread(target=lambda: lines.extend(process.stdout), daemon=True)  # noqa: B023
            reader.start()
            time.sleep(chance.uniform(0.0, 0.15))
            process.kill()
            reader.join()
        stored = [int(line) for line in lines if line.endswith("\n")]
        acknowledged += len(stored)
        with contextlib.closing(sqlite3.connect(path)) as raw:
            damaged += raw.execute("PRAGMA integrity_check").fetchall() != [("ok",)]
            query = "SELECT id FROM paintcam_turns WHERE id LIKE ?"
            kept = {row[0] for row in raw.execute(query, (f"{name}-%",))}
        lost += sum(f"{name}-{index}" not in kept for index in stored)
    assert not lost, f"{lost} acknowledged scores lost"
    assert not damaged, f"damaged {damaged} times"
    return {"kills": kills, "acknowledged": acknowledged, "lost": lost, "damaged": damaged}


@contextlib.contextmanager
def webcam() -> Iterator[str]:
    """A 720p30 webcam on loopback, in a process of its own."""
    clip = HERE.parents[1] / "paintcam" / "assets" / "demo" / "demo.mp4"
    server = subprocess.Popen(
        [sys.executable, HERE.parent / "mjpeg.py", clip, "1280", "720", "30"],
        stdin=subprocess.PIPE,
        stdout=subprocess.PIPE,
        text=True,
    )
    assert server.stdout is not None
    assert server.stdin is not None
    try:
        yield server.stdout.readline().strip()
    finally:
        server.stdin.close()
        server.wait(10)


def shown_fps(folder: Path, url: str, *command: str) -> float:
    """Frames shown a second, from the first verdict to the end."""
    env = {**os.environ, "PAINTCAM_DATA_DIR": str(folder / "data")}
    env["PYTHONPATH"] = str(HERE.parents[1])
    args = ["--prompt", "a house", "--model", "sketch", "--view", "window", "--source", url]
    process = subprocess.Popen(
        ["xvfb-run", "-a", "-s", "-screen 0 1280x800x24", sys.executable, "-m", "paintcam",
         *command, *args, "--json"],
        env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True,
    )  # fmt: skip
    assert process.stdout is not None
    began = first = last = 0.0
    summary: dict[str, Any] = {}
    for line in process.stdout:
        row = json.loads(line)
        if row["type"] == "state" and row["state"] == "live":
            began = time.monotonic()
        if row["type"] == "verdict":
            first, last = first or time.monotonic(), time.monotonic()
        summary = row
    process.wait()
    return float(summary["frames_shown"] / (last - (began or first)))


def measure_contest(folder: Path, seconds: float) -> dict[str, float]:
    """Frames shown a second by a contest and by a plain run, in turns, on one live source."""
    turn = str(round(seconds / 3, 1))
    contest = ("contest", "--player", "Ada", "--player", "Grace", "--seconds", turn)
    plain, played = [], []
    with webcam() as url:
        for _ in range(3):
            plain.append(shown_fps(folder, url, "run", "--seconds", str(seconds)))
            played.append(shown_fps(folder, url, *contest, "--hold", "1", "--snapshot",
                                    str(folder / "shots")))  # fmt: skip
    run, game = sorted(plain)[1], sorted(played)[1]
    return {
        "run_fps": round(run, 2),
        "contest_fps": round(game, 2),
        "ratio": round(game / run, 3),
    }


def fsync_ms() -> float:
    """What the disk takes to sync 4 KiB, the median: the floor of a commit."""
    taken = []
    with tempfile.NamedTemporaryFile() as file:
        for _ in range(100):
            file.write(b"x" * 4096)
            file.flush()
            started = time.perf_counter()
            os.fsync(file.fileno())
            taken.append(1000 * (time.perf_counter() - started))
    return sorted(taken)[50]


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--players", type=int, nargs="*", default=[100_000, 1_000_000])
    parser.add_argument("--queries", type=int, default=300)
    parser.add_argument("--processes", type=int, default=8)
    parser.add_argument("--write-seconds", type=float, default=10)
    parser.add_argument("--kills", type=int, default=200)
    parser.add_argument("--contest-seconds", type=float, default=20)
    parser.add_argument("--json", action="store_true")
    options = parser.parse_args()

    results: dict[str, object] = {
        "machine": f"{os.cpu_count()} cores, {platform.machine()}, Python "
        f"{platform.python_version()}, load {os.getloadavg()[0]:.1f}, fsync {fsync_ms():.1f} ms"
    }

    def tell(name: str, figures: object) -> None:
        results[name] = figures
        if not options.json:
            print(f"{name}: {figures}", flush=True)

    if not options.json:
        print(results["machine"], flush=True)
    with tempfile.TemporaryDirectory() as name, contextlib.ExitStack() as stack:
        folder = Path(name)
        server = ""
        try:
            server = stack.enter_context(postgres.server(durable=True))
        except postgres.NoPostgresError as reason:
            tell("postgresql", str(reason))
        databases = [("sqlite", f"sqlite:///{folder}/{{}}.sqlite3")]
        if server:
            databases.append(("postgresql", server.removesuffix("/postgres") + "/{}"))

        def fresh(kind: str, pattern: str, name: str) -> str:
            if kind == "postgresql":
                import psycopg

                plain = server.replace("+psycopg", "")
                with psycopg.connect(plain, autocommit=True) as connection:
                    connection.execute(f"CREATE DATABASE {name}")
            return pattern.format(name)

        for kind, pattern in databases:
            for count in options.players:
                url = fresh(kind, pattern, f"ranks{count}")
                tell(f"rank of one among {count:,}, {kind}",
                     measure_ranks(url, count, options.queries))  # fmt: skip
            if options.write_seconds:
                url = fresh(kind, pattern, "writes")
                tell(f"{options.processes} processes writing, {kind}",
                     measure_writes(url, options.processes, options.write_seconds))  # fmt: skip
        if options.kills:
            tell("kill -9, sqlite", measure_kills(folder, options.kills))
        if options.contest_seconds and shutil.which("xvfb-run"):
            tell("contest over run", measure_contest(folder, options.contest_seconds))
        elif options.contest_seconds:
            tell("contest over run", "xvfb-run is not installed: apt-get install xvfb")
    if options.json:
        print(json.dumps(results, indent=1))


if __name__ == "__main__":
    main()
