"""`paintcam leaderboard` and `paintcam prompts`, as people type them."""

from __future__ import annotations

import csv
import io
import json
import os
import sqlite3
import subprocess
import sys

import pytest

from paintcam.cli.leaderboard import COLUMNS
from paintcam.leaderboard import Board, Leaderboard, Turn, new_turn_id
from paintcam.prompts import PromptGenerator, problem_of
from paintcam.text import spreadsheet_safe
from program import environment, paintcam, rows

HOUSE = Board("a house", "sketch", 0.02, 0.36)
CAT = Board("a cat, =1+1", "clip:ViT-B-16", 0.08, 0.48)


@pytest.fixture
def played(tmp_path):
    """Three players at a house, one of them at a cat too."""
    url = f"sqlite:///{tmp_path}/data/leaderboard.sqlite3"
    with Leaderboard(url) as leaderboard:
        for player, score, board in [
            ("=HYPERLINK(1)", 70.0, HOUSE),
            ("Ada", 70.0, HOUSE),
            ("[bold]Bo", 33.333, HOUSE),
            ("Ada", 12.0, CAT),
        ]:
            turn = Turn(new_turn_id(), board, player, score, score + 1, -0.0123, ("nsfw", "x"))
            leaderboard.store(turn)
    return tmp_path


def test_the_table_shows_each_prompts_best(played):
    done = paintcam("leaderboard", cwd=played)
    assert done.returncode == 0, done.stderr
    lines = done.stdout.splitlines()
    assert "a cat, =1+1 · clip:ViT-B-16 0.08…0.48" in lines[0]  # played last
    assert [line for line in lines if "1 of 3" in line and "70.00" in line and "71.00" in line]
    assert [line for line in lines if "3 of 3" in line and "[bold]Bo" in line]


def test_json_rows_have_what_was_promised(played):
    found = rows(paintcam("leaderboard", "--json", "--prompt", "A HOUSE", cwd=played).stdout)
    assert [(row["rank"], row["of"], row["player"], row["score"]) for row in found] == [
        (1, 3, "=HYPERLINK(1)", 70.0),
        (1, 3, "Ada", 70.0),
        (3, 3, "[bold]Bo", 33.33),
    ]
    for row in found:
        assert tuple(row) == ("type", *COLUMNS)
        assert row["similarity"] == -0.0123
        assert row["time"].endswith("+00:00")


def test_top_and_player_choose(played):
    found = rows(paintcam("leaderboard", "--json", "--top", "1", cwd=played).stdout)
    assert [row["prompt"] for row in found] == ["a cat, =1+1", "a house"]
    found = rows(paintcam("leaderboard", "--json", "--player", "Ada", cwd=played).stdout)
    assert [(row["rank"], row["of"]) for row in found] == [(1, 1), (1, 3)]


def test_csv_opens_in_a_spreadsheet_without_running_anything(played):
    done = paintcam("leaderboard", "--csv", cwd=played)
    table = list(csv.DictReader(io.StringIO(done.stdout)))
    assert tuple(table[0]) == COLUMNS
    assert [row["player"] for row in table] == ["Ada", "'=HYPERLINK(1)", "Ada", "[bold]Bo"]
    assert table[0]["prompt"] == "a cat, =1+1"
    assert float(table[0]["similarity"]) == -0.0123
    assert table[0]["guards"] == "nsfw x"


@pytest.mark.parametrize("cell", ["=1", "+1", "-1", "@x", " =1", "\t=1", "\r1", "＝1", "|x", "%x"])
def test_what_a_spreadsheet_would_run_is_defused(cell):
    assert spreadsheet_safe(cell) == f"'{cell}"


@pytest.mark.parametrize("trigger", ["=1+1", "+1", "-1", "@SUM(1)", "＝1", "|calc", "%x"])
@pytest.mark.parametrize("separator", [";", "|", ":", "; ", ';"', '; "'])
def test_a_formula_after_any_separator_is_defused(separator, trigger):
    """A reader that splits at semicolons sees a cell begin in the middle of ours."""
    after = spreadsheet_safe(f"Ada{separator}{trigger}").removeprefix("Ada")
    assert after.lstrip(";|:").startswith("'")


def test_a_reader_that_splits_at_semicolons_finds_no_formula(tmp_path):
    url = f"sqlite:///{tmp_path}/data/leaderboard.sqlite3"
    evil = 'x;=HYPERLINK("evil");"=1;\t=2;\n+3'
    with Leaderboard(url) as leaderboard:
        board = Board(f"a cat {evil}", f"sketch{evil}", 0.02, 0.36)
        leaderboard.store(
            Turn(new_turn_id(), board, f"Ada{evil}", 7, 7, -0.01, (f"nsfw{evil}",), snapshot=evil)
        )
    printed = paintcam("leaderboard", "--csv", cwd=tmp_path).stdout
    for line in csv.reader(io.StringIO(printed), delimiter=";"):
        for cell in line:
            assert not cell.strip(" \"'\t\r\n")[:1] or not cell.lstrip(' "').startswith(
                ("=", "+", "-", "@", "|", "%", "\t", "\r", "\n")
            ), cell
    (header, row) = list(csv.reader(io.StringIO(printed)))
    assert len(header) == len(row) == len(COLUMNS)
    texts = [name for name, cell in zip(COLUMNS, row, strict=True) if f'"{cell[:4]}' in printed]
    assert {"player", "prompt", "encoder", "time", "guards", "snapshot", "turn"} <= set(texts)


@pytest.mark.parametrize(
    "hidden", ["\u202e", "\x00", "\x1b", "\u2066", "\u200b", "\ufeff", "\u00ad"]
)
@pytest.mark.parametrize("start", ["", "Ada;", "Ada|", "Ada^", "Ada~"])
def test_what_a_reader_does_not_see_hides_no_formula(capsys, start, hidden):
    """Some of it is removed from the cell, so that the formula behind it would come first."""
    from paintcam.cli.output import print_csv_row

    print_csv_row([f"{start}{hidden}=HYPERLINK(1)"])
    (cell,) = next(csv.reader(io.StringIO(capsys.readouterr().out)))
    assert cell.removeprefix(start).startswith("'")


def test_the_websites_csv_has_no_formula_for_a_reader_that_splits_at_semicolons(tmp_path):
    from paintcam.leaderboard import Submissions
    from paintcam.web.export import scores_csv

    board = Board("a house;+1", "sketch", 0.02, 0.36, "web")
    with Leaderboard(f"sqlite:///{tmp_path}/scores.sqlite3") as leaderboard:
        drawings = Submissions(leaderboard)
        drawn = Turn("web-1", board, "Ada;=HYPERLINK(1)", 70, 70, 0.2, player_id="visitor")
        drawings.store(drawn, b"png", "shown")
        text = scores_csv(drawings, [board])
    assert "Ada;'=HYPERLINK(1)" in text
    assert "a house;'+1" in text


def test_control_characters_in_a_database_reach_no_terminal(tmp_path):
    """Not in the table, not in CSV, not in messages; JSON escapes them."""
    controls = "".join(map(chr, [*range(1, 32), *range(127, 160), *range(0x202A, 0x202F), 0x2066]))
    url = f"sqlite:///{tmp_path}/data/leaderboard.sqlite3"
    with Leaderboard(url) as leaderboard:
        board = Board("a house", "sketch", 0.02, 0.36)
        leaderboard.store(Turn(new_turn_id(), board, "Ada", 7, 7, 0.01, snapshot=f"a{controls}b"))
    with sqlite3.connect(tmp_path / "data" / "leaderboard.sqlite3") as raw:
        raw.execute("UPDATE paintcam_players SET name = ?", (f"A{controls}da",))
        raw.execute("UPDATE paintcam_boards SET encoder = ?", (f"s{controls}k",))
        raw.execute("UPDATE paintcam_turns SET guards = ?", (json.dumps([f"n{controls}w"]),))
    for options in ((), ("--csv",), ("--json",), ("--player", f"x{controls[9:]}")):
        done = paintcam("leaderboard", *options, cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        printed = (done.stdout + done.stderr).replace("\n", "")
        assert not set(printed) & set(controls), options


@pytest.mark.parametrize("cell", ["Ada", "a=b", "", "ענת", "1"])
def test_what_it_would_not_run_is_left(cell):
    assert spreadsheet_safe(cell) == cell


def test_an_empty_leaderboard_shows_how_to_play(tmp_path):
    done = paintcam("leaderboard", "--player", "Nobody", cwd=tmp_path)
    assert done.returncode == 0
    assert "No scores by “Nobody”" in done.stdout
    assert "paintcam contest" in done.stdout


def test_delete_asks_first(played):
    """On a real terminal: no keeps everything, yes deletes."""
    pty = pytest.importorskip("pty")
    for answer, left in (("n\n", 4), ("y\n", 2)):
        master, terminal = pty.openpty()
        with subprocess.Popen(
            [sys.executable, "-m", "paintcam", "leaderboard", "delete", "--player", "Ada"],
            cwd=played,
            env=environment(PAINTCAM_DATA_DIR=str(played / "data")),
            stdin=terminal,
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
        ) as process:
            os.write(master, answer.encode())
            screen = process.stdout.read().decode()
        os.close(master)
        os.close(terminal)
        assert "Delete 2 turns by “Ada”" in screen
        assert len(rows(paintcam("leaderboard", "--json", cwd=played).stdout)) == left


def test_delete_without_a_terminal_wants_yes(played):
    done = paintcam("leaderboard", "delete", "--all", cwd=played)
    assert done.returncode == 1
    assert "--yes" in done.stderr
    done = paintcam("leaderboard", "delete", "--all", "--yes", cwd=played)
    assert "Deleted 4 turns" in done.stdout
    assert paintcam("leaderboard", "--json", cwd=played).stdout == ""


@pytest.mark.parametrize(
    ("args", "message"),
    [
        (("delete",), "--player NAME"),
        (("delete", "--all", "--player", "Ada"), "--player NAME"),
        (("--player", "Ada", "delete", "--yes"), "must come after"),
        (("--json", "--csv"), "cannot be used together"),
        (("--database", "postgresql://ada:hunter2@127.0.0.1:1/x"), "127.0.0.1"),
    ],
)
def test_contradictory_options_are_an_error_and_delete_nothing(played, args, message):
    done = paintcam("leaderboard", *args, cwd=played)
    assert done.returncode == 1
    assert message in done.stderr
    assert "hunter2" not in done.stderr + done.stdout
    assert len(rows(paintcam("leaderboard", "--json", cwd=played).stdout)) == 4


def test_prompts_repeat_with_a_seed(tmp_path):
    first = paintcam("prompts", "--count", "5", "--seed", "3", cwd=tmp_path).stdout.splitlines()
    again = rows(paintcam("prompts", "-n", "5", "--seed", "3", "--json", cwd=tmp_path).stdout)
    generator = PromptGenerator(3)
    assert first == [row["prompt"] for row in again] == [next(generator) for _ in range(5)]


def test_prompts_without_a_key_come_from_the_generator_and_say_so(tmp_path):
    done = paintcam(
        "prompts", "--llm", "-n", "2", cwd=tmp_path, OPENAI_API_KEY="", OPENAI_BASE_URL=""
    )
    assert done.returncode == 0
    assert all(problem_of(line) is None for line in done.stdout.splitlines())
    assert "OPENAI_API_KEY is not set" in done.stderr
    assert "offline generator" in done.stderr


def test_a_random_prompt_is_printed(tmp_path):
    picture = tmp_path / "picture.png"
    import cv2
    import numpy as np

    cv2.imwrite(str(picture), np.full((64, 64, 3), 255, np.uint8))
    done = paintcam("score", picture, "--prompt", "random", "--model", "sketch", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    line = next(line for line in done.stderr.splitlines() if "Prompt: " in line)
    assert problem_of(line.partition("Prompt: ")[2]) is None


def test_help_and_prompts_load_nothing_heavy(tmp_path):
    heavy = "('torch', 'inference', 'supervision', 'cv2', 'onnxruntime', 'sqlalchemy', 'openai')"
    code = (
        "import sys; from paintcam.cli import app; from paintcam.prompts import draw; draw(1); "
        f"print([name for name in {heavy} if name in sys.modules])"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], capture_output=True, text=True, env=environment(), check=True
    )
    assert done.stdout.strip() == "[]"
