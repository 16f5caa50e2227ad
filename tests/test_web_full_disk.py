"""A disk that fills up while visitors draw: a plain answer, and nothing acknowledged is lost."""

from __future__ import annotations

import pytest

from full_disk import fill, small_disk
from paintcam.errors import LeaderboardError
from test_web_play import blank_with_ink
from web_client import Visitor
from web_server import SECRET, Server

PLAIN = "The drawing cannot be stored right now. Try again in a moment."


def test_drawings_on_a_disk_that_fills_up_are_stored_or_refused(tmp_path):
    """Also by a server that starts again in mid-show. Afterwards all goes on."""
    with small_disk(tmp_path / "data", "1m") as folder:
        (folder / "room").write_bytes(b"x" * 300_000)
        acknowledged = []
        with Server(folder) as server:
            visitor = Visitor(server.base)
            assert visitor.draw(blank_with_ink(0.1), drawing="drawing-number-00").status_code == 200
            acknowledged.append("drawing-number-00")
            fill(folder)
            for index in range(1, 40):
                answer = visitor.draw(drawing=f"drawing-number-{index:02}")
                if answer.status_code == 503:
                    break
                acknowledged.append(f"drawing-number-{index:02}")
            assert answer.json() == {"error": PLAIN}
            for drawing in acknowledged:
                assert visitor.get(f"/api/drawings/{drawing}").status_code == 200
        with Server(folder, secret=SECRET) as server:
            notices = [each["text"] for each in server.messages if each["type"] == "notice"]
            assert any("No space for the scores" in notice for notice in notices), notices
            visitor.base = server.base
            visitor.http.headers["Origin"] = server.base
            assert len(visitor.get("/api/state").json()["rounds"]) == 1
            refused = visitor.draw(drawing="drawing-number-98")
            assert (refused.status_code, refused.json()) == (503, {"error": PLAIN})
            (folder / "room").unlink()
            assert visitor.draw(drawing="drawing-number-99").status_code == 200
            for drawing in acknowledged:
                assert visitor.get(f"/pictures/{drawing}.png").status_code == 200


def test_a_disk_that_is_full_from_the_start_is_refused_before_anybody_draws(tmp_path):
    with small_disk(tmp_path / "data") as folder:
        with Server(folder):
            pass
        (folder / "rounds.json").unlink()
        fill(folder)
        with pytest.raises(LeaderboardError, match="No space for the scores"), Server(folder):
            pass
