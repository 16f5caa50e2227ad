"""Options written once: the annotated fields of a dataclass give commands their signatures."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Collection
from dataclasses import MISSING, fields
from enum import Enum
from typing import Annotated, Any, TypeVar, get_type_hints

import typer

__all__ = [
    "Crop",
    "DatabaseOption",
    "Engine",
    "JsonOption",
    "ModelOption",
    "View",
    "flag_of",
    "options_of",
]

Options = TypeVar("Options")


class Crop(str, Enum):
    """Which part of the picture is judged."""

    AUTO = "auto"
    OFF = "off"


class Engine(str, Enum):
    """What runs CLIP's network."""

    ONNX = "onnx"
    INFERENCE = "inference"


class View(str, Enum):
    """Where the picture is shown."""

    AUTO = "auto"
    WINDOW = "window"
    NONE = "none"


ModelOption = Annotated[
    str,
    typer.Option(
        "--model",
        "-m",
        metavar="NAME",
        envvar="PAINTCAM_MODEL",
        help="Encoder: sketch (bundled), clip, clip:VARIANT, server:http://HOST:PORT (a Roboflow "
        "Inference server), or auto, which is CLIP if its weights are installed and sketch "
        "otherwise. Example: --model clip:ViT-B-32",
    ),
]
JsonOption = Annotated[
    bool,
    typer.Option(
        "--json", help="Print one JSON object per line on stdout. Example: --json | jq .best"
    ),
]
DatabaseOption = Annotated[
    str | None,
    typer.Option(
        "--database",
        metavar="URL",
        envvar="PAINTCAM_DATABASE",
        help="Database of the leaderboard, as an SQLAlchemy URL. Default: an SQLite file in the "
        "data folder. Example: --database sqlite:///scores.sqlite3",
        show_default=False,
    ),
]


def options_of(
    kind: type[Options],
    *,
    only: Collection[str] = (),
    without: Collection[str] = (),
) -> Callable[[Callable[..., Any]], Callable[..., Any]]:
    """Give a command one option for each annotated field of a dataclass.

    The command takes the dataclass as its first argument. Further parameters of its own become
    arguments and options as Typer makes them; they come before the dataclass's in `--help`.

    Args:
        kind: A dataclass whose fields are annotated with `typer.Option`. Its types must be
            importable at run time, not under `TYPE_CHECKING`.
        only: Names of the fields to take; all of them if empty.
        without: Names of fields to leave out: these keep their default.
    """
    hints = get_type_hints(kind, include_extras=True)
    chosen = [
        one
        for one in fields(kind)  # type: ignore[arg-type]
        if one.name not in without and (not only or one.name in only)
    ]

    def decorate(command: Callable[..., Any]) -> Callable[..., Any]:
        own = list(inspect.signature(command, eval_str=True).parameters.values())[1:]
        names = {one.name for one in chosen}

        def run(**values: Any) -> Any:  # noqa: ANN401 - whatever the command returns
            options = {name: values.pop(name) for name in names & set(values)}
            return command(kind(**options), **values)

        shared = [
            inspect.Parameter(
                one.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=one.default if one.default_factory is MISSING else one.default_factory(),
                annotation=hints[one.name],
            )
            for one in chosen
        ]
        parameters = [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in own] + shared
        run.__signature__ = inspect.Signature(parameters)  # type: ignore[attr-defined]
        run.__annotations__ = {one.name: one.annotation for one in parameters}
        run.__name__, run.__doc__ = command.__name__, command.__doc__
        return run

    return decorate


def flag_of(kind: type[Any], name: str) -> str:
    """Return the option of a parameter, as "--range" for the field `score_range`."""
    hint = get_type_hints(kind, include_extras=True).get(name)
    for extra in getattr(hint, "__metadata__", ()):
        # Typer takes the first name of an annotated option for its default at first
        for flag in (extra.default, *(extra.param_decls or ())):
            if isinstance(flag, str) and flag.startswith("--"):
                return flag
    return f"--{name.replace('_', '-')}"
