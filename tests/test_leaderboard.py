"""One contract over both databases: what is stored, ranked, taken back and deleted."""

from __future__ import annotations

import contextlib
import multiprocessing
import random
import threading
import uuid
from datetime import datetime, timezone

import pytest
from sqlalchemy import create_engine

import postgres
from paintcam.errors import LeaderboardError
from paintcam.leaderboard import Board, Leaderboard, Turn, new_turn_id, points_of, schema
from ranks import best_of, rank_of

GORILLA = Board("a gorilla gardening with grapes", "sketch", 0.02, 0.36)


@pytest.fixture(scope="module")
def postgres_url():
    with contextlib.ExitStack() as stack:
        try:
            url = stack.enter_context(postgres.server())
        except postgres.NoPostgresError as reason:
            pytest.skip(str(reason))
        yield url


@pytest.fixture(params=["sqlite", "postgresql"])
def url(request, tmp_path):
    """A database of its own for each test."""
    if request.param == "sqlite":
        yield f"sqlite:///{tmp_path}/scores.sqlite3"
        return
    import psycopg

    server = request.getfixturevalue("postgres_url")
    name = f"test_{uuid.uuid4().hex}"
    plain = server.replace("+psycopg", "")
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"CREATE DATABASE {name}")
    yield server.removesuffix("/postgres") + f"/{name}"
    with psycopg.connect(plain, autocommit=True) as connection:
        connection.execute(f"DROP DATABASE {name} WITH (FORCE)")


@pytest.fixture
def leaderboard(url):
    with Leaderboard(url) as opened:
        yield opened


def turn(player="Ada", score=50.0, board=GORILLA, **values):
    values = {"best": score, "similarity": 0.2, **values}
    return Turn(values.pop("id", None) or new_turn_id(), board, player, score, **values)


def names(leaderboard, **query):
    return [standing.turn.player for board in leaderboard.top(**query) for standing in board]


def test_a_stored_turn_is_read_back_unchanged(leaderboard):
    stored = turn(
        "Ada",
        61.239,
        best=77.5,
        similarity=-0.0125,
        guards=("handwriting", "nsfw"),
        at=datetime(2026, 11, 23, 15, 55, 2, 125000, timezone.utc),
        snapshot="/tmp/shots/é.png",
    )
    leaderboard.store(stored)
    standing = best_of(leaderboard, GORILLA, "Ada")
    assert standing.turn == stored
    assert str(standing) == "1 of 1"


def test_best_a_player_and_ties_share_a_rank(leaderboard):
    for player, score in [("Ada", 60), ("Ada", 80), ("Bo", 80), ("Cy", 70), ("Ada", 10), ("Di", 5)]:
        leaderboard.store(turn(player, score))
    (board,) = leaderboard.top()
    assert [(row.rank, row.of, row.turn.player, row.turn.score) for row in board] == [
        (1, 4, "Ada", 80),
        (1, 4, "Bo", 80),
        (3, 4, "Cy", 70),
        (4, 4, "Di", 5),
    ]
    assert str(best_of(leaderboard, GORILLA, "Cy")) == "3 of 4"
    assert rank_of(leaderboard, GORILLA, 75) == (3, 4)


def test_a_turn_has_a_place_of_its_own_beside_its_players_better_one(leaderboard):
    played = [turn(*row) for row in [("Ada", 80), ("Bo", 60), ("Ada", 40), ("Cy", 50), ("Cy", 50)]]
    for one in played:
        leaderboard.store(one)
    places = [leaderboard.rank_of_turn(one.id) for one in played]
    assert list(map(str, places)) == ["1 of 3", "2 of 3", "3 of 3", "3 of 3", "3 of 3"]
    assert [place.turn for place in places] == played
    assert leaderboard.rank_of_turn(new_turn_id()) is None


def test_large_ranks_are_printed_as_a_person_reads_them(leaderboard):
    standing = None
    for index in range(12):
        leaderboard.store(turn(f"p{index}", index))
    standing = best_of(leaderboard, GORILLA, "p0")
    assert str(standing) == "12 of 12"
    assert str(type(standing)(586, 10187, standing.turn)) == "586 of 10,187"


def test_what_is_printed_alike_is_a_tie(leaderboard):
    leaderboard.store(turn("Ada", 50.001))
    leaderboard.store(turn("Bo", 50.004))
    leaderboard.store(turn("Cy", 49.99))
    assert [(row.rank, row.turn.player) for row in leaderboard.top()[0]] == [
        (1, "Ada"),
        (1, "Bo"),
        (3, "Cy"),
    ]


def test_a_rising_turn_is_one_turn_and_never_falls(leaderboard):
    one = new_turn_id()
    for score, best in [(10, 20), (40, 60), (30, 70), (40, 65)]:
        leaderboard.store(turn("Ada", score, best=best, id=one))
    assert leaderboard.count() == 1
    kept = best_of(leaderboard, GORILLA, "Ada").turn
    assert (kept.score, kept.best) == (40, 70)
    assert rank_of(leaderboard, GORILLA, 41) == (1, 1)
    assert rank_of(leaderboard, GORILLA, 39) == (2, 1)


def test_encoders_and_ranges_are_never_ranked_together(leaderboard):
    boards = [
        GORILLA,
        Board(GORILLA.prompt, "clip:ViT-B-16", 0.02, 0.36),
        Board(GORILLA.prompt, "sketch", 0.02, 0.40),
        Board(GORILLA.prompt, "sketch", 0.03, 0.36),
    ]
    for index, board in enumerate(boards):
        leaderboard.store(turn(f"p{index}", 10 * index, board))
    found = leaderboard.top(GORILLA.prompt)
    assert len(found) == 4
    assert all((row.rank, row.of) == (1, 1) for rows in found for row in rows)


def test_prompts_that_differ_in_case_or_spaces_share_a_board(leaderboard):
    leaderboard.store(turn("Ada", 40, Board("A  Gorilla ", "sketch", 0.0, 0.4)))
    leaderboard.store(turn("Bo", 50, Board("a gorilla", "sketch", 0.0, 0.4)))
    assert names(leaderboard, prompt="a GORILLA") == ["Bo", "Ada"]


@pytest.mark.parametrize(
    "name",
    [
        "'; DROP TABLE paintcam_turns; --",
        "../../x",
        "ענת כהן",
        "👩🏽‍🎨 زهرة",
        "x" * 10_000,
        "%s {0} :name",
        "NULL",
    ],
)
def test_a_name_is_any_text(leaderboard, name):
    leaderboard.store(turn(name, 42))
    leaderboard.store(turn("Ada", 43))
    assert best_of(leaderboard, GORILLA, name).turn.player == name
    assert leaderboard.delete(player=name) == 1
    assert names(leaderboard) == ["Ada"]


def test_a_name_that_a_database_or_terminal_would_choke_on_is_cleaned(leaderboard):
    leaderboard.store(turn("A\x00d\x1b[2Ja\ud800\n\u202eeb", 42))
    assert names(leaderboard) == ["A d [2Ja\N{REPLACEMENT CHARACTER} eb"]


@pytest.mark.parametrize("score", [-1, 101, float("nan"), float("inf")])
def test_an_invalid_score_is_refused(score):
    with pytest.raises(LeaderboardError, match=str(score)):
        turn("Ada", score)


@pytest.mark.parametrize("name", ["", "  ", "\n\t", "\u202e"])
def test_a_blank_name_or_prompt_is_refused(name):
    with pytest.raises(LeaderboardError, match="--player"):
        turn(name)
    with pytest.raises(LeaderboardError, match="--prompt"):
        Board(name, "sketch", 0, 1)


@pytest.mark.parametrize("text", ["../x", "", "a b", "é", "x" * 65])
def test_an_id_that_is_not_a_safe_file_name_is_refused(text):
    with pytest.raises(ValueError, match="id"):
        Turn(text, GORILLA, "Ada", 1, 1, 0)


def test_forgetting_the_best_turn_uncovers_the_one_before(leaderboard):
    first, second = turn("Ada", 30), turn("Ada", 60)
    leaderboard.store(first)
    leaderboard.store(second)
    leaderboard.store(turn("Bo", 40))
    assert leaderboard.forget(second.id)
    assert not leaderboard.forget(second.id)
    assert best_of(leaderboard, GORILLA, "Ada").turn == first
    assert str(best_of(leaderboard, GORILLA, "Ada")) == "2 of 2"
    assert leaderboard.forget(first.id)
    assert best_of(leaderboard, GORILLA, "Ada") is None
    assert rank_of(leaderboard, GORILLA, 0) == (2, 1)


def test_delete_takes_a_prompt_a_player_both_or_all(leaderboard):
    other = Board("a house", "sketch", 0.02, 0.36)
    for player in ("Ada", "Bo"):
        for board in (GORILLA, other):
            leaderboard.store(turn(player, 50, board))
    assert leaderboard.count() == 4
    assert (
        leaderboard.count(GORILLA.prompt, "Ada") == leaderboard.delete(GORILLA.prompt, "Ada") == 1
    )
    assert names(leaderboard, prompt=GORILLA.prompt) == ["Bo"]
    assert leaderboard.delete(player="Ada") == 1
    assert leaderboard.delete(prompt="a house") == 1
    assert leaderboard.delete(player="nobody") == leaderboard.delete(prompt="nothing") == 0
    assert leaderboard.delete() == 1
    assert leaderboard.top() == []
    leaderboard.store(turn("Ada", 1))
    assert names(leaderboard) == ["Ada"]


def test_a_limit_cuts_rows_and_boards(leaderboard):
    for prompt in ("a", "b", "c"):
        for index in range(4):
            leaderboard.store(turn(f"p{index}", index, Board(prompt, "sketch", 0, 1)))
    boards = leaderboard.top(limit=2, most_boards=2)
    assert [[row.turn.player for row in rows] for rows in boards] == [["p3", "p2"]] * 2
    assert [rows[0].turn.board.prompt for rows in boards] == ["c", "b"]
    assert [str(row) for rows in leaderboard.top(player="p1") for row in rows] == ["3 of 4"] * 3


def test_ranks_agree_with_counting_by_hand(leaderboard):
    chance = random.Random(5)
    best: dict[str, int] = {}
    for _ in range(150):
        player, score = (
            f"p{chance.randrange(40)}",
            chance.choice([chance.uniform(0, 100), 50.0, 100]),
        )
        leaderboard.store(turn(player, score))
        best[player] = max(best.get(player, 0), points_of(score))
    for player, points in best.items():
        standing = best_of(leaderboard, GORILLA, player)
        assert standing.rank == 1 + sum(other > points for other in best.values())
        assert standing.of == len(best)


def test_an_older_schema_is_brought_up_to_date_with_its_scores(url):
    engine = create_engine(url)
    with engine.begin() as connection:
        schema.migrate(connection, upto=1)
        connection.execute(
            schema.boards.insert().values(
                id=1, key=GORILLA.key, prompt=GORILLA.prompt, encoder="sketch", low=0.02, high=0.36
            )
        )
        for number, name in enumerate(["Ada", "Bo"], 1):
            key = Turn.key_of(name)
            connection.execute(schema.players.insert().values(id=number, key=key, name=name))
        for number, (player, score) in enumerate([(1, 30), (1, 70), (2, 70), (2, 10)]):
            row = {"board_id": 1, "player_id": player, "points": score * 100, "score": score}
            rest = {
                "best": score,
                "similarity": 0.1,
                "guards": "[]",
                "at": f"2026-01-0{number + 1}",
            }
            connection.execute(schema.turns.insert().values(id=f"t{number}", **row, **rest))
    engine.dispose()
    with Leaderboard(url) as leaderboard:
        assert [(r.rank, r.turn.player, r.turn.score) for r in leaderboard.top()[0]] == [
            (1, "Ada", 70),
            (1, "Bo", 70),
        ]
        leaderboard.store(turn("Cy", 99))
        assert rank_of(leaderboard, GORILLA, 70) == (2, 3)
    with create_engine(url).connect() as connection:
        assert schema.read_version(connection) == schema.VERSION


def _store_many(url, worker, start):
    start.wait(30)
    with Leaderboard(url) as leaderboard:
        for index in range(25):
            leaderboard.store(turn(f"p{(worker + index) % 10}", (worker * 25 + index) / 4))


def test_processes_write_at_once_and_lose_nothing(url):
    context = multiprocessing.get_context("spawn")
    start = context.Event()
    workers = [context.Process(target=_store_many, args=(url, n, start)) for n in range(4)]
    for worker in workers:
        worker.start()
    start.set()
    for worker in workers:
        worker.join(120)
        assert worker.exitcode == 0
    with Leaderboard(url) as leaderboard:
        assert leaderboard.count() == 100
        (board,) = leaderboard.top()
        assert len(board) == board[0].of == 10
        assert board[0].turn.score == 99 / 4


def test_threads_share_one_leaderboard(leaderboard):
    def work(worker):
        for index in range(20):
            leaderboard.store(turn(f"p{worker}", index))

    threads = [threading.Thread(target=work, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert leaderboard.count() == 80
    assert rank_of(leaderboard, GORILLA, 18.5) == (5, 4)
