"""Messages, fixes, help and the picture's texts of the code, each with its kind."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from pathlib import Path
from typing import NamedTuple

ROOT = Path(__file__).parent.parent / "paintcam"
PRINTING = {"say", "say_lines", "print_line", "note", "notice", "_notice", "notes"}
ON_THE_PICTURE = ("overlay/", "run/hud.py", "run/live.py", "run/keys.py", "contest/")


class Text(NamedTuple):
    """One text and where it stands."""

    place: str
    kind: str
    text: str


def texts() -> list[Text]:
    """All texts, file by file."""
    found = []
    for path in sorted(ROOT.rglob("*.py")):
        name = path.relative_to(ROOT).as_posix()
        found += _of_file(name, ast.parse(path.read_text(encoding="utf-8")))
    return found


def _of_file(name: str, tree: ast.Module) -> Iterator[Text]:
    docstrings = {_docstring(node) for node in ast.walk(tree)}
    listed: set[ast.AST] = set()
    for node in ast.walk(tree):
        if not isinstance(node, ast.Call):
            continue
        function = getattr(node.func, "id", getattr(node.func, "attr", ""))
        for keyword in node.keywords:
            if keyword.arg in ("fix", "help", "epilog", "trouble"):
                yield from _texts(name, keyword.arg, keyword.value, listed)
        if function.endswith("Error") or function in ("Check", "failure"):
            for argument in node.args:
                yield from _texts(name, "message", argument, listed)
        elif function in PRINTING:
            for argument in node.args:
                yield from _texts(name, "printed", argument, listed)
    if name.startswith("cli/"):
        for node in ast.walk(tree):
            if isinstance(node, ast.FunctionDef) and any(map(_is_command, node.decorator_list)):
                yield Text(f"{name}:{node.lineno}", "command", ast.get_docstring(node) or "")
    if name.startswith(ON_THE_PICTURE):
        for node in ast.walk(tree):
            if node not in docstrings and not any(node in ast.walk(one) for one in listed):
                yield from _words(name, node)


def _texts(name: str, kind: str, node: ast.AST, listed: set[ast.AST]) -> Iterator[Text]:
    text = _shown(node)
    if " " in text.strip():
        listed.add(node)
        yield Text(f"{name}:{node.lineno}", kind, text)  # type: ignore[attr-defined]


def _words(name: str, node: ast.AST) -> Iterator[Text]:
    """A literal that looks like words: a picture also holds single ones."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        text = node.value.strip()
        if len(text) > 3 and any(c.isalpha() for c in text) and text[0] not in "_<#&\\":
            yield Text(f"{name}:{node.lineno}", "picture", text)


def _shown(node: ast.AST) -> str:
    """A literal as it is read, with {…} for values; "" if it is none."""
    if isinstance(node, ast.Constant) and isinstance(node.value, str):
        return node.value
    if isinstance(node, ast.JoinedStr):
        return "".join(
            _shown(part) if isinstance(part, ast.Constant) else "{…}" for part in node.values
        )
    if isinstance(node, ast.BinOp) and isinstance(node.op, ast.Add):
        return f"{_shown(node.left) or '{…}'}{_shown(node.right) or '{…}'}"
    if isinstance(node, ast.IfExp):
        return f"{_shown(node.body)} / {_shown(node.orelse)}"
    return ""


def _is_command(decorator: ast.expr) -> bool:
    call = decorator.func if isinstance(decorator, ast.Call) else decorator
    return getattr(call, "id", getattr(call, "attr", "")) in ("options_of", "command", "callback")


def _docstring(node: ast.AST) -> ast.AST | None:
    body = getattr(node, "body", None)
    if isinstance(body, list) and body and isinstance(body[0], ast.Expr):
        return body[0].value
    return None
