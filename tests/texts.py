"""Collect every text that people read into one list, to be read from top to bottom.

`python tests/texts.py` prints what users see: errors, fixes, help, the picture's labels, the
doctor's checks, notes and the web pages. With `--code` it prints docstrings and comments instead.
Both accept folders or files that narrow the list. No test imports this file.
"""

import ast
import io
import re
import sys
import tokenize
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).resolve().parents[1]
HTML_TEXTS = (
    re.compile(r">([^<>]*[A-Za-z]{2}[^<>]*)<"),
    re.compile(r"(?:alt|title|placeholder|aria-label|content)=\"([^\"]+)\""),
)
JAVASCRIPT_TEXT = re.compile(r"\"([^\"\n]*)\"|`([^`]*)`")
SENTENCE = re.compile(r"[^\W\d_]{2}.* |  *[^\W\d_]{2}", re.DOTALL)
DOCUMENTED = (ast.Module, ast.ClassDef, ast.FunctionDef, ast.AsyncFunctionDef)

Text = tuple[int, str]


def strings(tree: ast.AST) -> Iterator[ast.Constant]:
    """Yield each plain string of a tree, the constant parts of f-strings included."""
    for node in ast.walk(tree):
        if isinstance(node, ast.Constant) and isinstance(node.value, str):
            yield node


def docstrings(tree: ast.AST) -> list[ast.Constant]:
    """Return the docstrings of a module, of its classes and of its functions."""
    bodies = (node.body for node in ast.walk(tree) if isinstance(node, DOCUMENTED) and node.body)
    firsts = [body[0].value for body in bodies if isinstance(body[0], ast.Expr)]
    return [node for first in firsts for node in strings(first) if node is first]


def spelled(node: ast.AST) -> str:
    """Return a string literal as its reader sees it, with `{expression}` where a value goes."""
    if isinstance(node, ast.JoinedStr):
        return "".join(spelled(part) for part in node.values)
    if isinstance(node, ast.FormattedValue):
        return f"{{{ast.unparse(node.value)}}}"
    return str(node.value) if isinstance(node, ast.Constant) else ""


def python_texts(source: str) -> Iterator[Text]:
    """Yield every literal of a module that has a word and a space, joined where Python joins it."""
    tree = ast.parse(source)
    joined = [node for node in ast.walk(tree) if isinstance(node, ast.JoinedStr)]
    parts = {id(part) for node in joined for part in ast.walk(node) if part is not node}
    skipped = parts | {id(node) for node in docstrings(tree)}
    for node in (*joined, *strings(tree)):
        text = spelled(node)
        if id(node) not in skipped and SENTENCE.search(text):
            yield node.lineno, text


def python_prose(source: str) -> Iterator[Text]:
    """Yield the docstrings and comments of a module; a command's docstring is its help text."""
    for node in docstrings(ast.parse(source)):
        yield node.lineno, str(node.value)
    for token in tokenize.generate_tokens(io.StringIO(source).readline):
        if token.type == tokenize.COMMENT:
            yield token.start[0], token.string


def html_texts(source: str) -> Iterator[Text]:
    """Yield what a page shows between its tags and in its attributes."""
    for match in (match for pattern in HTML_TEXTS for match in pattern.finditer(source)):
        yield source.count("\n", 0, match.start()) + 1, match.group(1)


def javascript_texts(source: str) -> Iterator[Text]:
    """Yield the strings and templates of a script that have a word and a space."""
    for match in JAVASCRIPT_TEXT.finditer(source):
        text = match.group(1) or match.group(2) or ""
        if SENTENCE.search(text):
            yield source.count("\n", 0, match.start()) + 1, text


def texts_of(path: Path, *, code: bool) -> list[Text]:
    """Return the texts of one file in the order of its lines."""
    source = path.read_text(encoding="utf-8")
    if path.suffix == ".py":
        return sorted((python_prose if code else python_texts)(source))
    return (
        [] if code else sorted((javascript_texts if path.suffix == ".js" else html_texts)(source))
    )


def main(arguments: list[str]) -> None:
    """Print `file:line` and the text, file by file."""
    code = "--code" in arguments
    places = [Path(place) for place in arguments if place != "--code"] or [ROOT / "paintcam"]
    files = [
        file for place in places for file in ([place] if place.is_file() else place.rglob("*"))
    ]
    for path in sorted(files):
        if path.suffix in {".py", ".html", ".js"} and "vendor" not in path.parts:
            name = path.resolve().relative_to(ROOT)
            for line, text in texts_of(path, code=code):
                sys.stdout.write(f"{name}:{line}: {' '.join(text.split())}\n")


if __name__ == "__main__":
    main(sys.argv[1:])
