"""What the presenter does with the secret link."""

from __future__ import annotations

import io
import json
import zipfile

import pytest

from test_web_play import blank_with_ink, live
from web_client import Presenter, Visitor
from web_server import SECRET, InkEncoder, Server


@pytest.fixture
def server(tmp_path):
    with Server(tmp_path) as running:
        yield running


@pytest.fixture
def presenter(server):
    return Presenter(server.base, SECRET)


def stage(server: Server) -> dict:
    with live(server, "stage") as socket:
        return json.loads(socket.recv(10))


def test_the_next_prompt_replaces_the_last_one(server, presenter):
    """Everybody's page shows it; ranks begin again."""
    Visitor(server.base).draw(blank_with_ink(0.1))
    assert presenter.act("open", prompt="a cat  on a mat", minutes=3).status_code == 200
    state = Visitor(server.base).get("/api/state").json()
    assert state["round"]["prompt"] == "a cat on a mat"
    assert (len(state["rounds"]), state["players"]) == (1, 0)
    assert Visitor(server.base).draw(blank_with_ink(0.1), slug="1").status_code == 410


def test_a_prompt_beside_the_others(server, presenter):
    """Both stay open, and one of them is on the stage."""
    presenter.act("open", prompt="a cat", beside=True)
    assert len(Visitor(server.base).get("/api/state").json()["rounds"]) == 2
    assert stage(server)["round"]["prompt"] == "a cat"
    presenter.act("show", slug="1")
    assert stage(server)["round"]["prompt"] == "a house"


@pytest.mark.parametrize("prompt", ["", "  \u202e ", "x" * 121, 7, None])
def test_a_prompt_that_cannot_be_drawn_is_refused(server, presenter, prompt):
    """With a reason, and the old prompt stays."""
    answer = presenter.act("open", prompt=prompt)
    assert answer.status_code in (400, 422)
    assert answer.json()["error"]
    assert stage(server)["round"]["prompt"] == "a house"


def test_a_rude_prompt_is_refused(tmp_path):
    """The word list knows it."""
    with Server(tmp_path, guards=("nsfw",), prompts=("a house",), moderation="auto") as server:
        answer = Presenter(server.base, SECRET).act("open", prompt="a naked person")
        assert answer.status_code == 422
        assert "naked" in answer.json()["error"]


def test_suggestions_come_from_the_offline_generator(server, presenter):
    """Another one each time."""
    drawn = {presenter.act("suggest").json()["prompt"] for _ in range(5)}
    assert len(drawn) > 3


def test_a_language_model_that_cannot_be_reached_is_named(tmp_path, monkeypatch):
    """And the offline generator takes over."""
    monkeypatch.setenv("OPENAI_BASE_URL", "http://127.0.0.1:9/v1")
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path / "data"))
    with Server(tmp_path, llm=True) as server:
        result = Presenter(server.base, SECRET).act("suggest", llm=True).json()
        assert result["prompt"]
        assert "127.0.0.1:9" in result["note"]


def test_nothing_is_shown_before_approval(tmp_path):
    """The player sees a score and rank at once; the stage waits for the presenter."""
    with Server(tmp_path, moderation="approve") as server:
        visitor, presenter = Visitor(server.base), Presenter(server.base, SECRET)
        result = visitor.draw(blank_with_ink(0.1), name="Ada").json()
        assert (result["state"], result["rank"]) == ("waiting", 1)
        state = stage(server)
        assert (state["newest"], state["best"], state["players"]) == ([], [], 1)
        stranger = Visitor(server.base)
        for path in (f"/pictures/{result['id']}.png", f"/api/drawings/{result['id']}"):
            assert stranger.get(path).status_code == 404
            assert visitor.get(path).status_code == 200
            assert presenter.get(path).status_code == 200
        presenter.act("moderate", ids=[result["id"]], state="shown")
        assert stage(server)["newest"][0]["id"] == result["id"]
        assert stranger.get(f"/pictures/{result['id']}.png").status_code == 200


def test_all_that_wait_are_shown_at_once(tmp_path):
    """One press for a hall that behaved."""
    with Server(tmp_path, moderation="approve") as server:
        for ink in (0.1, 0.05, 0.02):
            Visitor(server.base).draw(blank_with_ink(ink))
        result = Presenter(server.base, SECRET).act("approve_all", slug="1").json()
        assert result == {"changed": 3}
        assert len(stage(server)["newest"]) == 3


def test_auto_without_a_picture_guard_becomes_approve(tmp_path):
    """No guard that looks at pictures runs: paintcam says so, and shows nothing by itself."""
    with Server(tmp_path, moderation="auto") as server:
        assert server.messages[0] == {
            "type": "ready",
            "moderation": "approve",
            "prompts": ["a house"],
        }
        assert Visitor(server.base).draw(blank_with_ink(0.1)).json()["state"] == "waiting"


def test_auto_hides_what_the_picture_guard_blocks(tmp_path, monkeypatch):
    """With a guard that runs; a blocked drawing neither shows nor ranks."""
    monkeypatch.setattr(
        "paintcam.judge.nsfw.open_classifier", lambda: lambda image: float(image.mean() < 128)
    )
    with Server(tmp_path, guards=("nsfw",), moderation="auto") as server:
        assert server.messages[0]["moderation"] == "auto"
        visitor = Visitor(server.base)
        good = visitor.draw(blank_with_ink(0.1)).json()
        assert (good["state"], good["flags"]) == ("shown", [])
        bad = Visitor(server.base).draw(blank_with_ink(0.9)).json()
        assert (bad["state"], bad["rank"], bad["score"]) == ("hidden", None, 0)
        assert bad["flags"]
        assert [each["id"] for each in stage(server)["newest"]] == [good["id"]]


def test_hide_and_show_again(server, presenter):
    """A hidden drawing leaves stage and ranks, and comes back."""
    first = Visitor(server.base).draw(blank_with_ink(0.1)).json()
    second = Visitor(server.base).draw(blank_with_ink(0.05)).json()
    presenter.act("moderate", ids=[first["id"]], state="hidden")
    assert [(row["id"], row["rank"]) for row in stage(server)["best"]] == [(second["id"], 1)]
    assert Visitor(server.base).get(f"/pictures/{first['id']}.png").status_code == 404
    presenter.act("moderate", ids=[first["id"]], state="shown")
    assert [row["rank"] for row in stage(server)["best"]] == [1, 2]


def test_delete_a_drawing(server, presenter):
    """For good."""
    result = Visitor(server.base).draw(blank_with_ink(0.1)).json()
    assert presenter.act("delete", ids=[result["id"], "never-was"]).json() == {"deleted": 1}
    assert stage(server)["players"] == 0
    assert presenter.get(f"/pictures/{result['id']}.png").status_code == 404


def test_invalid_ids_are_ignored(server, presenter):
    """PostgreSQL takes no NUL, and SQLite no half character."""
    ids = ["a\0b", "\ud800", "../x", "", 7, None, "never-was"]
    assert presenter.act("delete", ids=ids).json() == {"deleted": 0}
    assert presenter.act("moderate", ids=ids, state="shown").json() == {"changed": 0}
    assert presenter.act("older", slug="1", before="a\0b").json() == {"drawings": []}


def test_a_drawing_that_left_the_newest_is_still_found(server, presenter, monkeypatch):
    """At three a second, the one to hide is no longer among the newest when it is noticed."""
    monkeypatch.setattr("paintcam.web.events._NEWEST", 2)
    result = [Visitor(server.base).draw(blank_with_ink(0.1)).json()["id"] for _ in range(5)]
    last, found = result[4], [result[4]]
    while older := presenter.act("older", slug="1", before=last).json()["drawings"]:
        found += [each["id"] for each in older]
        last = found[-1]
    assert found == result[::-1]
    presenter.act("moderate", ids=[result[0]], state="hidden")
    older = presenter.act("older", slug="1", before=result[1]).json()["drawings"]
    assert [each["state"] for each in older] == ["hidden"]


def test_what_the_presenter_looks_at_stays_while_more_come_in(tmp_path, monkeypatch):
    """However many wait, the one that has waited longest is the first."""
    monkeypatch.setattr("paintcam.web.events._WAITING", 2)
    with Server(tmp_path, moderation="approve") as server:
        result = [Visitor(server.base).draw(blank_with_ink(0.1)).json()["id"] for _ in range(4)]
        with live(server, "control", Presenter(server.base, SECRET)) as socket:
            news = json.loads(socket.recv(10))
        assert [each["id"] for each in news["waiting"]] == result[:2]
        assert news["counts"] == {"waiting": 4}


def test_downloads_hold_every_prompt_of_the_show(server, presenter):
    """Also those that the next prompt replaced."""
    first = Visitor(server.base).draw(blank_with_ink(0.1)).json()["id"]
    presenter.act("open", prompt="a cat")
    second = Visitor(server.base).draw(blank_with_ink(0.2), slug="2").json()["id"]
    names = zipfile.ZipFile(io.BytesIO(presenter.get("/api/control/drawings.zip").content))
    assert set(names.namelist()) == {"scores.csv", f"{first}.png", f"{second}.png"}
    scores = presenter.get("/api/control/scores.csv").text
    assert "a house" in scores
    assert "a cat" in scores


def test_the_podium_closes_the_prompt_and_goes_step_by_step(server, presenter):
    """Third, second, first; then back to the wall."""
    Visitor(server.base).draw(blank_with_ink(0.1))
    for step in (1, 2, 3, 4):
        presenter.act("podium", step=step)
        state = stage(server)
        assert (state["podium"], state["round"]["open"]) == (step, False)
    presenter.act("podium", step=0)
    assert stage(server)["podium"] == 0


def test_blank(server, presenter):
    """And back."""
    presenter.act("blank", on=True)
    assert stage(server)["blank"]
    presenter.act("blank", on=False)
    assert not stage(server)["blank"]


def test_the_control_page_hears_what_waits(tmp_path):
    """With names, scores and counts."""
    with Server(tmp_path, moderation="approve") as server:
        result = Visitor(server.base).draw(blank_with_ink(0.1), name="Ada").json()
        with live(server, "control", Presenter(server.base, SECRET)) as socket:
            news = json.loads(socket.recv(10))
        assert [(each["id"], each["name"]) for each in news["waiting"]] == [(result["id"], "Ada")]
        assert (news["counts"], news["players"]) == ({"waiting": 1}, 1)


@pytest.mark.parametrize(
    "values",
    [
        {"do": "nothing"},
        {"do": "close"},
        {"do": "close", "slug": "99"},
        {"do": "podium", "step": 5},
        {"do": "podium", "step": True},
        {"do": "moderate", "ids": "all", "state": "shown"},
        {"do": "moderate", "ids": [], "state": "gone"},
        {"do": "open", "prompt": "a cat", "minutes": -1},
        {"do": "open", "prompt": "a cat", "minutes": "5"},
        {"do": "open", "prompt": "a cat", "minutes": 1e9},
        {"do": "open", "prompt": "a cat", "minutes": 10**400},
        {"do": "older", "slug": "1"},
    ],
    ids=str,
)
def test_invalid_requests_are_refused_with_a_reason(server, presenter, values):
    """400 or 404, never 500."""
    answer = presenter.act(**{"what": values.pop("do"), **values})
    assert answer.status_code in (400, 404)
    assert answer.json()["error"]


def test_rounds_survive_a_restart_of_the_server(tmp_path):
    """Same prompt, same time left, same podium."""
    with Server(tmp_path) as server:
        presenter = Presenter(server.base, SECRET)
        presenter.act("open", prompt="a cat", minutes=5)
        Visitor(server.base).draw(blank_with_ink(0.1), slug="2")
        presenter.act("blank", on=True)
        before = stage(server)
    with Server(tmp_path, InkEncoder()) as server:
        after = stage(server)
        assert after["round"] == before["round"]
        assert after["blank"]
        assert [each["id"] for each in after["newest"]] == [each["id"] for each in before["newest"]]
        assert Visitor(server.base).draw(blank_with_ink(0.2), slug="2").json()["of"] == 2
