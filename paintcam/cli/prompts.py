"""`paintcam prompts`: what to draw next."""

from __future__ import annotations

from typing import Annotated

import click
import typer

from paintcam.cli.options import JsonOption
from paintcam.cli.report import print_json

__all__ = ["prompts"]


def prompts(
    context: typer.Context,
    count: Annotated[int, typer.Option("--count", "-n", help="How many.", min=1, max=100_000)] = 10,
    seed: Annotated[
        int | None, typer.Option(help="The same seed, the same prompts.", show_default=False)
    ] = None,
    llm: Annotated[
        bool,
        typer.Option(
            "--llm",
            help="Ask a language model: OPENAI_API_KEY, OPENAI_BASE_URL (any endpoint that speaks "
            "OpenAI's protocol, also a local one).",
        ),
    ] = False,
    llm_model: Annotated[
        str | None,
        typer.Option(
            envvar="OPENAI_MODEL",
            help="The language model's name; given here, it is asked without --llm too.",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[float, typer.Option(help="Seconds for its answer.", min=0.1)] = 20.0,
    as_json: JsonOption = False,
) -> None:
    """Draw prompts: animals, things, acts and places, fit for all ages and for a pen.

    Without `--llm`, and wherever the language model does not answer, they are made offline.
    """
    from paintcam.prompts import LlmPrompts, draw

    # a variable that other programs read as well must not send anybody to a paid endpoint
    typed = context.get_parameter_source("llm_model") is click.core.ParameterSource.COMMANDLINE
    model = LlmPrompts(llm_model, timeout) if llm or (llm_model and typed) else None
    drawn = draw(count, seed, model, lambda text: typer.echo(f"paintcam: {text}", err=True))
    for prompt in drawn:
        if as_json:
            print_json({"type": "prompt", "prompt": prompt})
        else:
            typer.echo(prompt)
