"""What holds for the code as a whole: style, types, public names, sizes, import directions."""

from __future__ import annotations

import ast
import subprocess
import sys
from pathlib import Path

import pytest

import paintcam

ROOT = Path(__file__).parent.parent
SOURCES = sorted((ROOT / "paintcam").rglob("*.py"))


def run(*command: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-m", *command], cwd=ROOT, capture_output=True, text=True, check=False
    )


def test_ruff_lint():
    """Style and import rules."""
    done = run("ruff", "check", ".")
    assert done.returncode == 0, done.stdout


def test_ruff_format():
    """One format."""
    done = run("ruff", "format", "--check", ".")
    assert done.returncode == 0, done.stdout


@pytest.mark.timeout(600)
def test_mypy_strict():
    """Types, strictly."""
    done = run("mypy")
    assert done.returncode == 0, done.stdout


def test_all_is_exact():
    """`__all__` is sorted, each name resolves, and nothing else public is exported."""
    assert paintcam.__all__ == sorted(paintcam.__all__)
    for name in paintcam.__all__:
        assert getattr(paintcam, name) is not None
    assert set(paintcam.__all__) == {*paintcam._HOMES, "__version__"}
    with pytest.raises(AttributeError, match="no attribute 'Gorilla'"):
        _ = paintcam.Gorilla


@pytest.mark.parametrize("path", SOURCES, ids=lambda path: str(path.relative_to(ROOT)))
def test_every_module_names_its_exports(path):
    """`__all__` of a module holds names that it defines; packages' mere markers have none."""
    tree = ast.parse(path.read_text(encoding="utf-8"))
    assert ast.get_docstring(tree)
    exports = [
        ast.literal_eval(node.value)
        for node in tree.body
        if isinstance(node, ast.Assign) and getattr(node.targets[0], "id", "") == "__all__"
    ]
    if path.name == "__main__.py" or len(tree.body) == 1:
        return
    assert len(exports) == 1, "no __all__"
    text = path.read_text(encoding="utf-8")
    assert all(text.count(name) > 1 for name in exports[0])


def test_importing_paintcam_is_free():
    """The package alone loads nothing but the standard library."""
    code = (
        "import sys; import paintcam; print(sorted({'numpy', 'cv2', 'torch', 'inference', "
        "'supervision', 'onnxruntime', 'typer', 'rich'} & set(sys.modules)))"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    assert done.stdout.strip() == "[]"


def imports_of(path: Path) -> set[str]:
    """Modules of paintcam that a module imports when it runs, wherever in it."""
    names = set()
    tree = ast.parse(path.read_text(encoding="utf-8"))
    typing_only = [
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and getattr(block.test, "id", "") == "TYPE_CHECKING"
        for node in ast.walk(block)
    ]
    for node in ast.walk(tree):
        if isinstance(node, ast.ImportFrom) and node not in typing_only and node.module:
            names.add(node.module)
    return {name for name in names if name.startswith("paintcam.")}


MAY_IMPORT: dict[str, set[str]] = {
    "calibration": {"encoders", "errors", "folders", "frames"},
    "cameras": set(),
    "capture": {"errors"},
    "contest": {
        "errors",
        "fair",
        "frames",
        "judge",
        "leaderboard",
        "names",
        "overlay",
        "session",
        "show",
        "snapshots",
    },
    "controls": set(),
    "encoders": {"errors", "folders", "frames"},
    "errors": set(),
    "every_frame": {"frames", "live", "scorer", "stage"},
    "fair": set(),
    "folders": set(),
    "frames": {"errors"},
    "guards": {"encoders", "errors", "frames", "verdict"},
    "handwriting": {"encoders", "errors", "frames", "guards", "verdict"},
    "judge": {"encoders", "errors", "frames", "verdict"},
    "judging": {"encoders", "errors", "guards", "handwriting", "judge", "nsfw", "sheet"},
    "keeper": {"errors", "folders", "frames", "overlay", "session", "snapshots", "verdict"},
    "leaderboard": {"errors", "folders", "names"},
    "live": {"errors", "frames", "scorer", "stage"},
    "names": set(),
    "nsfw": {"encoders", "frames", "verdict"},
    "overlay": {"errors", "frames"},
    "pace": set(),
    "prompts": {"folders", "names"},
    "recording": {"errors", "frames"},
    "scorer": {"errors", "frames", "verdict"},
    "session": {"verdict"},
    "sheet": {"frames", "sheet_quads", "sheet_search"},
    "sheet_paper": {"sheet_quads"},
    "sheet_quads": set(),
    "sheet_search": {"frames", "sheet_paper", "sheet_quads"},
    "show": {"frames", "overlay", "session", "verdict"},
    "sinks": {"errors", "frames"},
    "snapshots": {"errors", "folders", "frames"},
    "sources": {"capture", "errors", "frames"},
    "stage": {
        "controls",
        "errors",
        "frames",
        "keeper",
        "overlay",
        "pace",
        "session",
        "show",
        "verdict",
    },
    "stills": {"errors", "frames"},
    "verdict": set(),
}
"""Every module but the command line, and which others it may import when it runs."""
MODULES = [
    path
    for path in sorted((ROOT / "paintcam").iterdir())
    if (path.suffix == ".py" or (path / "__init__.py").exists())
    and path.stem not in ("__init__", "__main__", "cli")
]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.stem)
def test_imports_go_one_way(path):
    """Leaves know frames and errors, the loops know the leaves; nothing knows the command line."""
    files = [path] if path.is_file() else sorted(path.rglob("*.py"))
    found = {name.split(".")[1] for file in files for name in imports_of(file)} - {path.stem}
    assert found <= MAY_IMPORT[path.stem]


def test_there_is_no_circle():
    """Taking away what imports nothing that is left, again and again, leaves nothing."""
    left = {name: set(imports) for name, imports in MAY_IMPORT.items()}
    while free := {name for name, imports in left.items() if not imports & set(left)}:
        left = {name: imports for name, imports in left.items() if name not in free}
    assert left == {}
