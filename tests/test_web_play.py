"""What visitors of the website do, over real HTTP."""

from __future__ import annotations

import csv
import io
import json
import threading
import time
import zipfile
from concurrent.futures import ThreadPoolExecutor

import numpy as np
import pytest
import requests
from PIL import Image
from websockets.sync.client import connect

from paintcam.leaderboard import Leaderboard, Turn
from web_client import Presenter, Visitor, house_strokes, picture_of, random_strokes
from web_server import SECRET, InkEncoder, Server

ID = "a-drawing-id-of-22-chars"


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path) as running:
        yield running


def blank_with_ink(share: float) -> bytes:
    """A picture with that much of it black."""
    pixels = np.full((512, 512, 3), 255, np.uint8)
    pixels[: round(512 * share)] = 0
    out = io.BytesIO()
    Image.fromarray(pixels).save(out, "PNG")
    return out.getvalue()


def live(server: Server, page: str, visitor: Visitor | None = None, slug: str = ""):
    cookies = visitor.http.cookies if visitor else {}
    return connect(
        f"ws://127.0.0.1:{server.port}/live?page={page}&round={slug}",
        origin=server.base,
        additional_headers={"Cookie": "; ".join(f"{k}={v}" for k, v in cookies.items())},
        open_timeout=20,
    )


def test_a_drawing_is_scored_ranked_and_shown(server):
    """Submit, then the score and "You rank 2 of 2"."""
    first, second = Visitor(server.base), Visitor(server.base)
    result = first.draw(blank_with_ink(0.1), name="Ada").json()
    assert result["score"] == pytest.approx(50, abs=2)
    assert (result["rank"], result["of"], result["best"]) == (1, 1, result["score"])
    result = second.draw(blank_with_ink(0.05), name="Ada").json()
    assert (result["rank"], result["of"]) == (2, 2)
    shown = second.get(f"/api/drawings/{result['id']}").json()
    assert (shown["name"], shown["prompt"], shown["mine"]) == ("Ada", "a house", True)
    assert second.get(f"/pictures/{result['id']}.png").headers["Content-Type"] == "image/png"


def test_a_players_best_counts(server):
    """A worse drawing later changes nothing; two drawings are one player."""
    visitor = Visitor(server.base)
    best = visitor.draw(blank_with_ink(0.1)).json()
    worse = visitor.draw(blank_with_ink(0.02)).json()
    assert (worse["rank"], worse["of"], worse["best"]) == (1, 1, best["score"])


def test_ties_share_a_rank(server):
    """Who drew as well ranks as high."""
    picture = blank_with_ink(0.1)
    ranks = [Visitor(server.base).draw(picture).json()["rank"] for _ in range(3)]
    assert ranks == [1, 1, 1]


def test_the_same_id_again_counts_once(server, tmp_path):
    """The phone has not heard the answer, and sends its drawing again."""
    visitor = Visitor(server.base)
    first = visitor.draw(blank_with_ink(0.1), drawing=ID)
    again = visitor.draw(blank_with_ink(0.2), drawing=ID)
    assert first.json() == again.json()
    with Leaderboard(server.settings.database) as leaderboard:
        assert leaderboard.count() == 1
    assert sum(server.encoder.batches) == 1


def test_the_same_id_twice_at_once_counts_once(tmp_path):
    """Two requests cross each other; both get the same answer."""
    with Server(tmp_path, InkEncoder(takes_s=0.2)) as server:
        visitor = Visitor(server.base)
        body = blank_with_ink(0.1)
        with ThreadPoolExecutor(4) as pool:
            answers = list(pool.map(lambda _: visitor.draw(body, drawing=ID), range(4)))
        assert {answer.status_code for answer in answers} == {200}
        assert len({answer.text for answer in answers}) == 1
        assert sum(server.encoder.batches) == 1
        with Leaderboard(server.settings.database) as leaderboard:
            assert leaderboard.count() == 1


def test_what_is_acknowledged_is_in_the_database_when_the_answer_comes(server):
    """With picture, strokes and name."""
    visitor = Visitor(server.base)
    strokes = house_strokes()
    result = visitor.draw(picture_of(strokes), name="Grace").json()
    assert visitor.strokes(result["id"], strokes).status_code == 200
    assert visitor.get(f"/api/drawings/{result['id']}/strokes").json() == strokes
    picture = Image.open(io.BytesIO(visitor.get(f"/pictures/{result['id']}.png").content))
    sent = Image.open(io.BytesIO(picture_of(strokes)))
    assert np.array_equal(np.asarray(picture), np.asarray(sent))


def test_a_transparent_picture_lies_on_white_paper(server):
    """What was never painted is paper, not black ink."""
    out = io.BytesIO()
    Image.new("RGBA", (512, 512), (0, 0, 0, 0)).save(out, "PNG")
    result = Visitor(server.base).draw(out.getvalue()).json()
    assert result["score"] == 0


def test_webp_is_accepted(server):
    """A drawing with many colours is smaller so."""
    body = picture_of(random_strokes(1), "WEBP")
    assert Visitor(server.base).draw(body, kind="image/webp").status_code == 200


def test_a_closed_prompt_takes_no_drawing_and_answers_for_old_ones(server):
    """A retry after the end still gets its answer; a new drawing does not count."""
    visitor, presenter = Visitor(server.base), Presenter(server.base, SECRET)
    first = visitor.draw(blank_with_ink(0.1), drawing=ID).json()
    presenter.act("close", slug="1")
    assert visitor.draw(blank_with_ink(0.1)).status_code == 410
    assert visitor.draw(blank_with_ink(0.1), drawing=ID).json() == first
    presenter.act("reopen", slug="1")
    assert visitor.draw(blank_with_ink(0.1)).status_code == 200


def test_the_time_is_up(server, monkeypatch):
    """With a moment of grace for what was sent in the last second."""
    monkeypatch.setattr("paintcam.web.rounds.GRACE_S", 0.5)
    visitor, presenter = Visitor(server.base), Presenter(server.base, SECRET)
    presenter.act("open", prompt="a cat", minutes=0.1)
    assert visitor.get("/api/state").json()["round"]["open"]
    server.until(lambda: not visitor.get("/api/state").json()["round"]["open"])
    server.until(lambda: visitor.draw(blank_with_ink(0.1), slug="2").status_code == 410)


def test_several_prompts_have_pages_of_their_own(tmp_path):
    """`/` lists them, `/p/<board>` is each one's paint page."""
    with Server(tmp_path, prompts=("a house", "a cat")) as server:
        visitor = Visitor(server.base)
        assert "What do you want to draw?" in visitor.get("/").text
        state = visitor.get("/api/state").json()
        assert [each["prompt"] for each in state["rounds"]] == ["a house", "a cat"]
        slug = state["rounds"][1]["slug"]
        assert 'id="paper"' in visitor.get(f"/p/{slug}").text
        assert visitor.draw(blank_with_ink(0.1), slug=slug).json()["of"] == 1
        assert visitor.get(f"/api/state?round={slug}").json()["players"] == 1
        assert visitor.get("/api/state?round=1").json()["players"] == 0
        assert visitor.get("/p/99").status_code == 404


def test_web_and_webcam_rank_apart_unless_joined(tmp_path):
    """`--one-board` joins them."""
    with Server(tmp_path) as server:
        Visitor(server.base).draw(blank_with_ink(0.1))
        with Leaderboard(server.settings.database) as leaderboard:
            ((place,),) = leaderboard.top()
            board = place.turn.board
            assert board.origin == "web"
    joined = tmp_path / "joined"
    joined.mkdir()
    with Server(joined, one_board=True) as server:
        with Leaderboard(server.settings.database) as leaderboard:
            camera = type(board)(board.prompt, board.encoder, board.low, board.high)
            leaderboard.store(Turn("t1", camera, "Grace", 99, 99, 0.3))
        visitor = Visitor(server.base)
        assert visitor.draw(blank_with_ink(0.1)).json()["rank"] == 2
        best = visitor.get("/api/state").json()["best"]
        assert [(row["name"], row["picture"]) for row in best] == [
            ("Grace", False),
            ("Anonymous", True),
        ]


def test_one_thread_encodes_and_takes_up_to_eight_at_a_time(tmp_path):
    """A batch is a little faster, and the encoder belongs to one thread."""
    with Server(tmp_path, InkEncoder(takes_s=0.3)) as server:
        visitors = [Visitor(server.base) for _ in range(12)]
        body = blank_with_ink(0.1)
        with ThreadPoolExecutor(12) as pool:
            answers = list(pool.map(lambda visitor: visitor.draw(body), visitors))
        assert {answer.status_code for answer in answers} <= {200, 503}
        assert len(server.encoder.threads) == 1
        assert 1 < max(server.encoder.batches) <= 8


def test_a_full_queue_answers_with_retry_after(tmp_path):
    """Nobody waits forever, and a client that retries is served."""
    with Server(tmp_path, InkEncoder(takes_s=1.0)) as server:
        visitors = [Visitor(server.base) for _ in range(30)]
        body = blank_with_ink(0.1)
        with ThreadPoolExecutor(30) as pool:
            answers = list(pool.map(lambda visitor: visitor.draw(body), visitors))
        refused = [answer for answer in answers if answer.status_code == 503]
        assert refused
        assert all(int(answer.headers["Retry-After"]) >= 1 for answer in refused)
        accepted = sum(answer.status_code == 200 for answer in answers)
        assert accepted + len(refused) == 30
        assert Visitor(server.base).draw(body).json()["of"] == accepted + 1


def test_delete_my_drawings(server):
    """Mine go with name and picture, the others stay."""
    mine, other = Visitor(server.base), Visitor(server.base)
    result = mine.draw(blank_with_ink(0.1), name="Ada").json()
    other.draw(blank_with_ink(0.05))
    assert mine.http.delete(f"{server.base}/api/mine").json() == {"deleted": 1}
    assert mine.get(f"/pictures/{result['id']}.png").status_code == 404
    assert other.get("/api/state").json()["players"] == 1


def test_old_drawings_are_deleted(tmp_path):
    """`--keep-days` counts from the time of the drawing."""
    with Server(tmp_path) as server:
        Visitor(server.base).draw(blank_with_ink(0.1))
    time.sleep(0.1)
    again = {"keep_days": 1e-6, "state_file": str(tmp_path / "other.json")}
    with Server(tmp_path, **again) as server:
        server.until(lambda: Visitor(server.base).get("/api/state").json()["players"] == 0)


def test_pages_hear_what_changed(server):
    """The stage shows a new drawing at once; a paint page learns of the next prompt."""
    visitor, presenter = Visitor(server.base), Presenter(server.base, SECRET)
    with live(server, "stage") as stage, live(server, "play", visitor) as play:
        assert json.loads(stage.recv(10))["players"] == 0
        assert json.loads(play.recv(10))["round"]["prompt"] == "a house"
        result = visitor.draw(blank_with_ink(0.1), name="Ada").json()
        news = json.loads(stage.recv(10))
        assert news["newest"][0]["id"] == result["id"]
        assert news["best"][0]["name"] == "Ada"
        presenter.act("open", prompt="a cat", minutes=2)
        started = time.monotonic()
        while json.loads(play.recv(10))["round"]["prompt"] != "a cat":
            assert time.monotonic() - started < 10
        news = json.loads(stage.recv(10))
        assert news["round"]["ends_at"] - news["now"] == pytest.approx(120, abs=5)


def test_a_dead_page_disturbs_nobody(server):
    """A page that never reads costs the others nothing."""
    dead = [live(server, "stage") for _ in range(5)]
    with live(server, "stage") as stage:
        stage.recv(10)
        Visitor(server.base).draw(blank_with_ink(0.1))
        assert json.loads(stage.recv(10))["players"] == 1
    for socket in dead:
        threading.Thread(target=socket.close, daemon=True).start()


def test_the_presenter_downloads_scores_and_drawings(server):
    """CSV without formulas, ZIP with every drawing under its id."""
    visitor, presenter = Visitor(server.base), Presenter(server.base, SECRET)
    result = visitor.draw(blank_with_ink(0.1), name="=1+1").json()
    other = Visitor(server.base).draw(blank_with_ink(0.05), name="\u200c=1").json()
    rows = list(
        csv.DictReader(
            io.StringIO(presenter.get("/api/control/scores.csv").content.decode("utf-8-sig"))
        )
    )
    assert (rows[0]["rank"], rows[0]["player"]) == ("1", "'=1+1")
    assert rows[1]["player"] == "'\u200c=1", "what cannot be seen hides no formula"
    archive = zipfile.ZipFile(io.BytesIO(presenter.get("/api/control/drawings.zip").content))
    names = ["scores.csv", f"{result['id']}.png", f"{other['id']}.png"]
    assert archive.namelist() == names
    assert archive.testzip() is None


def test_the_site_answers_while_the_database_is_away(tmp_path, monkeypatch):
    """503 with Retry-After; the same drawing is stored when it is back."""
    from paintcam.errors import LeaderboardError
    from paintcam.leaderboard import Submissions

    with Server(tmp_path) as server:
        visitor = Visitor(server.base)
        right = Submissions.store

        def away(*_: object) -> bool:
            raise LeaderboardError("The database is away.")

        monkeypatch.setattr(Submissions, "store", away)
        answer = visitor.draw(blank_with_ink(0.1), drawing=ID)
        assert (answer.status_code, answer.headers["Retry-After"]) == (503, "2")
        assert "database" not in answer.text  # its address is for the presenter alone
        assert server.messages[-1] == {"type": "notice", "text": "The database is away."}
        monkeypatch.setattr(Submissions, "store", right)
        assert visitor.draw(blank_with_ink(0.1), drawing=ID).json()["of"] == 1


def test_postgresql_stops_and_starts_under_load(tmp_path):
    """Phones are asked to come back; what was acknowledged is there, and nothing twice."""
    import postgres

    try:
        with postgres.running() as database, Server(tmp_path, database=database.url) as server:
            acknowledged, statuses = [], set()
            for number in range(12):
                visitor = Visitor(server.base)
                if number == 4:
                    database.stop()
                if number == 6:
                    database.start()
                answer = visitor.draw(blank_with_ink(0.1), drawing=f"{ID}-{number}")
                statuses.add(answer.status_code)
                if answer.status_code == 503:
                    assert answer.headers["Retry-After"] == "2"
                else:
                    acknowledged.append(answer.json()["id"])
            assert statuses == {200, 503}
            assert len(acknowledged) == 10
            state = Visitor(server.base).get("/api/state").json()
            assert state["players"] == 10
    except postgres.NoPostgresError as reason:
        pytest.skip(str(reason))


def test_an_encoder_that_fails_is_loaded_again(tmp_path):
    """CLIP's process may die; the next drawing is judged by a new one."""
    from paintcam.errors import ModelError

    class Failing(InkEncoder):
        fails = False

        def encode_image(self, images):
            if self.fails:
                self.fails = False
                raise ModelError("The process that ran it ended.")
            return super().encode_image(images)

    with Server(tmp_path, Failing()) as server:
        visitor = Visitor(server.base)
        server.encoder.fails = True
        answer = visitor.draw(blank_with_ink(0.1), drawing=ID)
        assert (answer.status_code, "Retry-After" in answer.headers) == (503, True)
        assert visitor.draw(blank_with_ink(0.1), drawing=ID).status_code == 200


def test_a_page_full_of_words_is_penalised(tmp_path):
    """The same guard as the webcam's judge, with the bundled encoder."""
    from PIL import ImageDraw, ImageFont

    from paintcam.encoders import load_encoder

    words = Image.new("RGB", (512, 512), "white")
    font = ImageFont.load_default(64)
    for line in range(6):
        ImageDraw.Draw(words).text((20, 20 + 80 * line), "a house a house", "black", font)
    out = io.BytesIO()
    words.save(out, "PNG")
    with Server(tmp_path, load_encoder("sketch"), guards=("handwriting",)) as server:
        result = Visitor(server.base).draw(out.getvalue()).json()
        house = Visitor(server.base).draw(picture_of(house_strokes())).json()
    assert house["score"] > 20
    assert result["score"] < house["score"] / 2


def test_pages_carry_no_secret_and_fetch_nothing_from_elsewhere(server):
    """A hall without internet: every address in pages, scripts and styles is this site's."""
    visitor = Visitor(server.base)
    root = "paintcam/web/static"
    from pathlib import Path

    for path in (Path(__file__).parents[1] / root).rglob("*"):
        if path.suffix in (".html", ".js", ".css"):
            text = path.read_text(encoding="utf-8")
            foreign = [
                word
                for word in ("https://", "http://", "//cdn", "@import")
                if word in text and path.name not in ("help.html", "stage.js")
            ]
            assert foreign == [], path
    assert SECRET not in visitor.get("/control").text


def test_the_paint_page_is_light(server):
    """All in, at most 120 kB; a hall's Wi-Fi is slow."""
    visitor = Visitor(server.base)
    page = visitor.get("/").text
    paths, total = ["/"], 0
    visited: set[str] = set()
    import re

    while paths:
        path = paths.pop()
        if path in visited:
            continue
        visited.add(path)
        answer = visitor.get(path)
        assert answer.status_code == 200, path
        total += len(answer.content)
        found = re.findall(r'(?:src|href)="(/static/[^"]+)"', answer.text)
        found += [
            requests.compat.urljoin(path, each)
            for each in re.findall(r'from "(\.[^"]+)"', answer.text)
        ]
        paths += found
    assert len(visited) > 9
    assert "<script" in page
    assert total <= 120_000
