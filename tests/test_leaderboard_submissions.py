"""The website's drawings in the leaderboard's database, SQLite and PostgreSQL."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone

import pytest
from sqlalchemy import select

import postgres
from paintcam.leaderboard import (
    Board,
    Leaderboard,
    Submissions,
    SubmissionTakenError,
    Turn,
    new_turn_id,
    schema,
)
from ranks import rank_of

WEB = Board("a house", "sketch", 0.02, 0.36, "web")
PNG = b"\x89PNG any bytes"


@pytest.fixture(scope="module")
def postgres_url():
    try:
        with postgres.server() as url:
            yield url
    except postgres.NoPostgresError as reason:
        pytest.skip(str(reason))


@pytest.fixture(params=["sqlite", "postgresql"])
def leaderboard(request, tmp_path):
    url = f"sqlite:///{tmp_path / 'scores.sqlite3'}"
    if request.param == "postgresql":
        url = request.getfixturevalue("postgres_url")
    with Leaderboard(url) as opened:
        opened.delete()
        yield opened


def drawing(player: str, score: float, name: str = "Ada", **more) -> Turn:
    board = more.pop("board", WEB)
    return Turn(new_turn_id(), board, name, score, score, score / 300, player_id=player, **more)


def test_two_players_of_one_name_stay_two(leaderboard):
    """Names identify webcam players; on the website the cookie does."""
    drawings = Submissions(leaderboard)
    first, second = drawing("one", 40), drawing("two", 60)
    drawings.store(first, PNG, "shown")
    drawings.store(second, PNG, "shown")
    best = drawings.best(WEB, 5)
    assert [(row.rank, row.of, row.turn.score) for row in best] == [(1, 2, 60), (2, 2, 40)]
    assert drawings.standing(WEB, first.player_key).rank == 2


def test_web_and_webcam_rank_on_separate_boards(leaderboard):
    """Clean pixels beat filmed paper."""
    camera = Board("a house", "sketch", 0.02, 0.36)
    leaderboard.store(Turn(new_turn_id(), camera, "Grace", 20, 20, 0.1))
    Submissions(leaderboard).store(drawing("one", 90), PNG, "shown")
    assert rank_of(leaderboard, camera, 20) == (1, 1)
    assert rank_of(leaderboard, WEB, 20) == (2, 1)
    assert {row.turn.board.origin for board in leaderboard.top() for row in board} == {
        "camera",
        "web",
    }


def test_a_repeated_submission_is_stored_once(leaderboard):
    """A phone that lost the answer sends the same drawing again."""
    drawings = Submissions(leaderboard)
    turn = drawing("one", 40)
    assert drawings.store(turn, PNG, "shown")
    assert not drawings.store(turn, b"other bytes", "shown")
    assert leaderboard.count() == 1
    assert drawings.picture(turn.id) == PNG


def test_another_players_id_is_refused(leaderboard):
    """Nobody overwrites or reads a drawing by knowing its id."""
    drawings = Submissions(leaderboard)
    turn = drawing("one", 40)
    drawings.store(turn, PNG, "shown")
    theirs = Turn(turn.id, WEB, "Eve", 99, 99, 0.3, player_id="two")
    with pytest.raises(SubmissionTakenError):
        drawings.store(theirs, b"evil", "shown")
    assert drawings.picture(turn.id) == PNG
    assert not drawings.set_strokes(turn.id, theirs.player_key, "[]")
    assert drawings.set_strokes(turn.id, turn.player_key, "[1]")
    assert drawings.set_strokes(turn.id, turn.player_key, "[2]")
    assert drawings.strokes(turn.id) == "[1]"  # the first ones stay


def test_a_hidden_drawing_does_not_rank_and_comes_back_when_shown(leaderboard):
    """The podium and the phones agree about who is first."""
    drawings = Submissions(leaderboard)
    rude, good = drawing("one", 90), drawing("two", 50)
    other = drawing("one", 30)
    for turn in (rude, good, other):
        drawings.store(turn, PNG, "shown")
    assert drawings.set_state([rude.id], "hidden") == 1
    assert [row.turn.id for row in drawings.best(WEB, 5)] == [good.id, other.id]
    assert rank_of(leaderboard, WEB, 50) == (1, 2)
    assert drawings.set_state([rude.id], "shown") == 1
    assert [row.turn.id for row in drawings.best(WEB, 5)] == [rude.id, good.id]
    assert rank_of(leaderboard, WEB, 50) == (2, 2)


def test_a_waiting_drawing_ranks_and_is_not_listed(leaderboard):
    """With approval, the player sees a rank at once; the stage waits."""
    drawings = Submissions(leaderboard)
    turn = drawing("one", 90)
    drawings.store(turn, PNG, "waiting", ["handwriting"])
    assert drawings.best(WEB, 5) == []
    assert drawings.standing(WEB, turn.player_key).rank == 1
    (found,) = drawings.newest(WEB, ["waiting"], 10)
    assert (found.turn.id, found.state, found.flags) == (turn.id, "waiting", ("handwriting",))
    assert drawings.counts(WEB) == {"waiting": 1}
    assert drawings.players(WEB) == 1


def test_deleting_takes_picture_name_and_rank_with_it(leaderboard):
    """Whoever presses "Delete my drawings" leaves nothing behind."""
    drawings = Submissions(leaderboard)
    mine = [drawing("one", score, name="Ada L.") for score in (20, 30)]
    theirs = drawing("two", 25)
    for turn in (*mine, theirs):
        drawings.store(turn, PNG, "shown")
    assert drawings.ids(player_key=mine[0].player_key) == [turn.id for turn in mine]
    assert drawings.delete([turn.id for turn in mine]) == 2
    assert drawings.picture(mine[0].id) is None
    assert rank_of(leaderboard, WEB, 0) == (2, 1)

    def names(connection):
        rows = connection.execute(select(schema.pictures.c.id)).scalars().all()
        return connection.execute(select(schema.players.c.name)).scalars().all(), rows

    assert leaderboard.read(names) == (["Ada"], [theirs.id])


def test_deleting_a_board_from_the_command_line_deletes_its_pictures(leaderboard):
    """`paintcam leaderboard delete --prompt` knows nothing of the website."""
    drawings = Submissions(leaderboard)
    turn = drawing("one", 20)
    drawings.store(turn, PNG, "shown")
    assert leaderboard.delete("a house") == 1
    assert drawings.find(turn.id) is None
    assert drawings.picture(turn.id) is None


def test_old_drawings_are_found_by_their_age(leaderboard):
    """`--keep-days` deletes what is older."""
    drawings = Submissions(leaderboard)
    now = datetime.now(timezone.utc)
    old, new = drawing("one", 20, at=now - timedelta(days=8)), drawing("one", 10)
    for turn in (old, new):
        drawings.store(turn, PNG, "shown")
    assert drawings.ids(before=now - timedelta(days=7)) == [old.id]


def test_a_new_nickname_replaces_the_old_one(leaderboard):
    """The list shows the name that the player uses now."""
    drawings = Submissions(leaderboard)
    drawings.store(drawing("one", 20, name="Ada"), PNG, "shown")
    drawings.store(drawing("one", 10, name="Ada the Great"), PNG, "shown")
    assert drawings.best(WEB, 5)[0].turn.player == "Ada the Great"


def test_a_database_of_version_2_gets_the_websites_tables(tmp_path):
    """Scores from before the website stay, as webcam scores."""
    url = f"sqlite:///{tmp_path / 'old.sqlite3'}"
    from sqlalchemy import create_engine

    engine = create_engine(url)
    with engine.begin() as connection:
        schema.migrate(connection, upto=2)
        values = {"key": Board("a house", "sketch", 0.02, 0.36).key, "prompt": "a house"}
        connection.execute(
            schema.boards.insert().values(id=1, encoder="sketch", low=0.02, high=0.36, **values)
        )
        key = Turn.key_of("Ada")
        connection.execute(schema.players.insert().values(id=1, key=key, name="Ada"))
        row = {"score": 50.0, "best": 50.0, "similarity": 0.2, "guards": "[]", "at": "2026-11-23"}
        connection.execute(
            schema.turns.insert().values(id="t1", board_id=1, player_id=1, points=5000, **row)
        )
        best = {"board_id": 1, "player_id": 1, "points": 5000, "turn_id": "t1"}
        connection.execute(schema.bests.insert().values(**best))
        connection.execute(schema.tallies.insert().values(board_id=1, tenths=500, players=1))
    engine.dispose()
    with Leaderboard(url) as leaderboard:
        ((standing,),) = leaderboard.top()
        assert standing.turn.board.origin == "camera"
        leaderboard.store(Turn("t2", Board("a house", "sketch", 0.02, 0.36), "Bo", 60, 60, 0.3))
        assert rank_of(leaderboard, WEB, 0) == (1, 0)
        assert rank_of(leaderboard, standing.turn.board, 50) == (2, 2)
