"""The README is run: every command in it, every option it should name, its Python."""

from __future__ import annotations

import re
import subprocess
import sys
from pathlib import Path

import click
import cv2
import pytest
import typer.main

from hostile import run_here
from paintcam.cli import app
from program import environment, house, write_video

README = (Path(__file__).parent.parent / "README.md").read_text(encoding="utf-8")
BLOCKS = re.findall(r"^```(\w+)\n(.*?)^```$", README, re.MULTILINE | re.DOTALL)
COMMANDS = [
    line
    for language, block in BLOCKS
    if language == "sh"
    for line in block.replace("\\\n", " ").splitlines()
    if line and not line.startswith(("#", "pip install '.[test]'"))
]

DEMO = "pip install . && paintcam demo"
"""It plays for half a minute: test_demo.py plays it once for all tests."""


@pytest.fixture(scope="module")
def folder(tmp_path_factory) -> Path:
    """What the README's commands find: video.mp4, drawing.png, drawings/."""
    folder = tmp_path_factory.mktemp("readme")
    write_video(folder / "video.mp4", [house(step) for step in range(5) for _ in range(6)])
    cv2.imwrite(str(folder / "drawing.png"), house(4))
    (folder / "drawings").mkdir()
    cv2.imwrite(str(folder / "drawings" / "house.png"), house(3))
    return folder


def test_the_readme_has_commands():
    """The two of the first screen among them."""
    assert DEMO in COMMANDS
    assert "pip install '.[test]' && pytest" in README
    assert len(COMMANDS) > 6


def test_what_the_readme_links_to_is_there():
    """Pictures and files."""
    root = Path(__file__).parent.parent
    links = re.findall(r"\]\((?!http)([^)#]+)\)", README)
    assert links
    assert [link for link in links if not (root / link).exists()] == []


@pytest.mark.parametrize("command", [command for command in COMMANDS if command != DEMO])
def test_a_command_of_the_readme_runs(folder, command):
    """As written; the webcam is a clip."""
    program = f"{sys.executable} -m paintcam"
    done = subprocess.run(
        re.sub(r"^paintcam\b", program, command).replace("python ", f"{sys.executable} ", 1)
        if not command.startswith("paintcam")
        else re.sub(r"^paintcam\b", program, command),
        shell=True,
        cwd=folder,
        env=environment(
            PAINTCAM_SOURCE=str(folder / "video.mp4"),
            PAINTCAM_DATA_DIR=str(folder / "data"),
            PAINTCAM_CACHE_DIR=str(folder / "cache"),
        ),
        capture_output=True,
        text=True,
        stdin=subprocess.DEVNULL,
        timeout=240,
        check=False,
    )
    assert done.returncode == 0, done.stderr + done.stdout


@pytest.mark.parametrize("block", [text for language, text in BLOCKS if language == "python"])
def test_the_python_of_the_readme_runs(folder, block):
    """As written."""
    done = subprocess.run(
        [sys.executable, "-c", block],
        cwd=folder,
        env=environment(),
        capture_output=True,
        text=True,
        check=False,
    )
    assert done.returncode == 0, done.stderr


def commands(group: click.Command, name: str = "paintcam") -> list[tuple[str, click.Command]]:
    found = [(name, group)]
    if isinstance(group, click.Group):
        context = click.Context(group)
        for inner in group.list_commands(context):
            found += commands(group.get_command(context, inner), f"{name} {inner}")
    return found


@pytest.mark.parametrize(
    ("name", "command"), commands(typer.main.get_command(app)), ids=lambda value: str(value)
)
def test_every_command_and_option_is_documented(name, command):
    """The README names each command; `--help` is the reference for options and variables."""
    assert name in README
    text = run_here(*name.split()[1:], "--help")[1]
    for parameter in command.params:
        if isinstance(parameter, click.Option) and not parameter.hidden:
            assert parameter.help, f"{name} {parameter.opts}"
            assert max(parameter.opts, key=len) in text
            for variable in [parameter.envvar] if parameter.envvar else []:
                assert str(variable) in text


def test_the_readme_is_short_and_in_the_order_of_a_newcomer():
    """At most 1,500 words: what it is, what it needs, the start, then stages and contests."""
    assert len(README.split()) <= 1500
    chapters = re.findall(r"^## (.+)$", README, re.MULTILINE)
    order = [
        "What it needs", "Start", "On a stage", "Contest", "Troubleshooting", "Keys",
        "From Python", "Licence",
    ]  # fmt: skip
    assert [chapter for chapter in chapters if chapter in order] == order


def test_options_that_the_readme_mentions_exist():
    """In some command."""
    known = {
        option
        for _, command in commands(typer.main.get_command(app))
        for parameter in command.params
        for option in [*parameter.opts, *parameter.secondary_opts]
    } | {"--help", "--no-deps"}
    assert set(re.findall(r"(?<![\w-])--[a-z][a-z-]*", README)) - known == set()
