"""Options written once: signatures, help with examples, limits, and what is refused at once."""

from __future__ import annotations

import dataclasses
import re
import threading

import click
import pytest
import typer.main

from hostile import run_here
from paintcam.cli.commands import _COMMANDS, app
from paintcam.cli.options import flag_of, options_of
from paintcam.cli.run_options import RunOptions
from paintcam.errors import UsageError

HOUSE = ("--prompt", "a house", "--model", "sketch", "--view", "none", "--source", "gone.mp4")


def commands() -> dict[str, click.Command]:
    """Every command and sub-command by its full name."""
    found: dict[str, click.Command] = {}

    def walk(command: click.Command, name: str) -> None:
        found[name] = command
        if isinstance(command, click.Group):
            context = click.Context(command)
            for inner in command.list_commands(context):
                walk(command.get_command(context, inner), f"{name} {inner}")

    walk(typer.main.get_command(app), "paintcam")
    return found


COMMANDS = commands()


@pytest.mark.parametrize("name", sorted(COMMANDS))
def test_each_option_has_one_example_in_its_help(name):
    """Which is about that very option."""
    for option in COMMANDS[name].params:
        if (
            not isinstance(option, click.Option)
            or "completion" in option.name
            or name == "paintcam"
        ):
            continue
        examples = re.findall(r"Example: (.*)", option.help or "", re.DOTALL)
        assert len(examples) == 1, (name, option.name)
        flags = [*option.opts, *option.secondary_opts]
        assert any(flag in examples[0] for flag in flags), (name, option.name)


def test_the_list_of_commands_has_the_summary_that_each_command_has():
    """`paintcam --help` imports no command, so the summaries stand in a table."""
    for name, (_, summary) in _COMMANDS.items():
        (paragraph, *_) = COMMANDS[f"paintcam {name}"].help.split("\n\n")
        assert " ".join(paragraph.split()) == summary
        assert summary[:40] in run_here("--help")[1]


def test_a_field_of_run_options_is_an_option_of_the_commands():
    """All of `run`; the others take what they need, with the same names and help."""
    run = {one.name: one for one in COMMANDS["paintcam run"].params}
    assert set(run) == {field.name for field in dataclasses.fields(RunOptions)}
    for name in ("contest", "demo", "bench", "score", "serve"):
        shared = [one for one in COMMANDS[f"paintcam {name}"].params if one.name in run]
        same = [one for one in shared if one.help == run[one.name].help]
        assert len(same) >= 3, name
    with pytest.raises(dataclasses.FrozenInstanceError):
        RunOptions().prompt = "x"  # type: ignore[misc]


def test_the_decorator_takes_and_leaves_out_fields():
    """And a command's own parameters come first, in `--help` as in the code."""

    @options_of(RunOptions, only=("prompt", "json"))
    def command(options: RunOptions, extra: int = 3) -> tuple[RunOptions, int]:
        """Do it."""
        return options, extra

    import inspect

    assert list(inspect.signature(command).parameters) == ["extra", "prompt", "json"]
    assert command(prompt="a cat") == (RunOptions(prompt="a cat"), 3)
    assert command.__doc__ == "Do it."
    assert [flag_of(RunOptions, name) for name in ("score_range", "labels", "hold")] == [
        "--range", "--label", "--hold",
    ]  # fmt: skip


@pytest.mark.parametrize(
    ("args", "words"),
    [
        (("contest", *HOUSE, "--player", "A", "--rounds", "100000000"), "--rounds must be at most"),
        (("contest", *HOUSE, "--player", "A", "--rounds", "0"), "--rounds must be 1 or more"),
        (("contest", *HOUSE, "--player", "A", "--hold", "1e9"), "--hold must be at most"),
        (("run", *HOUSE, "--seconds", "1e18"), "--seconds must be at most"),
        (("run", *HOUSE, "--width", "9" * 20), "--width must be at most"),
        (("run", *HOUSE, "--smoothing", "1e9"), "--smoothing must be at most"),
        (("leaderboard", "--top", "9" * 20), "--top"),
        (("prompts", "--timeout", "1e9"), "--timeout"),
        (("run", *HOUSE[:-1], "9" * 5000), "camera"),
        (("run", *HOUSE[:2], "--model", "clip:clip"), "Unknown model 'clip:clip'"),
        (("models", "pull", "clip:clip"), "Unknown model 'clip:clip'"),
        (("calibrate", "--forget", "--model", "clip:clip"), "Unknown model 'clip:clip'"),
    ],
)
def test_numbers_that_no_machine_can_handle_are_refused_at_once(tmp_path, monkeypatch, args, words):
    """A clear message with the option in it, before memory or a camera is touched."""
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path))
    code, out, err = run_here(*args)
    assert code in (1, 2)
    assert words in err
    assert "should not happen" not in err
    assert out == ""


def test_a_recording_of_an_unknown_kind_is_refused_before_a_window_opens(tmp_path, monkeypatch):
    """And nothing is left open: no window, no thread that writes, no file."""
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.chdir(tmp_path)
    opened = []
    monkeypatch.setattr("paintcam.sinks.window.Window", lambda **_: opened.append(1))
    before = {thread.name for thread in threading.enumerate()}
    args = ("--prompt", "a house", "--model", "sketch", "--source", "97", "--record", "talk.avi")
    code, _, err = run_here("run", *args)
    assert code == 1
    assert "talk.avi" in err
    assert opened == []
    left = {one.name for one in threading.enumerate() if one.name.startswith("paintcam")} - before
    assert "paintcam-snapshots" not in left
    assert not list(tmp_path.glob("talk*"))


def test_a_contest_checks_guard_names_before_it_opens_its_leaderboard(tmp_path, monkeypatch):
    """A mistake leaves no database behind, and waits for none."""
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path / "data"))
    code, _, err = run_here("contest", *HOUSE, "--player", "Ada", "--no-guard", "bot")
    assert code == 1
    assert 'no guard named "bot"' in err
    assert not (tmp_path / "data").exists()


def test_removing_a_range_loads_no_model(tmp_path, monkeypatch):
    """Nor downloads one: `calibrate --forget --model clip` works offline at once."""
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path))
    ranges = tmp_path / "ranges.json"
    ranges.write_text('{"clip:ViT-B-16": [0.1, 0.2], "clip:RN50": [0.1, 0.3], "sketch@4": [0, 1]}')

    def load(*_args, **_more):
        raise AssertionError("loaded")

    monkeypatch.setattr("paintcam.encoders.load_encoder", load)
    assert run_here("calibrate", "--forget", "--model", "clip")[:2] == (
        0, "Removed the calibrated range of clip:ViT-B-16.\n",
    )  # fmt: skip
    assert "clip:RN50" in ranges.read_text()
    assert (
        "no calibrated range of clip:ViT-B-16" in run_here("calibrate", "--forget", "-m", "clip")[1]
    )
    assert '"forgotten": true' in run_here("calibrate", "--forget", "-m", "sketch", "--json")[1]


def test_a_download_for_calibrating_shows_its_progress(tmp_path, monkeypatch):
    """600 MB do not come in silence."""
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path))
    for name in ("a house", "a cat"):
        (tmp_path / "mine" / name).mkdir(parents=True)
        (tmp_path / "mine" / name / "1.png").write_bytes(b"x")

    def load(_name, *, progress, **_more):
        progress(50_000_000, 600_000_000)
        raise UsageError("Enough.")

    monkeypatch.setattr("paintcam.encoders.load_encoder", load)
    code, _, err = run_here("calibrate", str(tmp_path / "mine"), "--model", "clip:RN50")
    assert code == 1
    assert "clip:RN50" in err
    assert "50.0/600.0 MB" in err
