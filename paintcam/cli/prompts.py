"""`paintcam prompts`: what to draw next."""

from __future__ import annotations

from typing import Annotated

import click
import typer

from paintcam.cli.options import JsonOption
from paintcam.cli.output import print_json, print_line, say
from paintcam.cli.signals import check_stop

__all__ = ["prompts"]


def prompts(
    context: typer.Context,
    count: Annotated[
        int,
        typer.Option(
            "--count", "-n", help="Number of prompts. Example: --count 3", min=1, max=100_000
        ),
    ] = 10,
    seed: Annotated[
        int | None,
        typer.Option(
            "--seed",
            help="The same seed gives the same prompts. Example: --seed 7",
            show_default=False,
        ),
    ] = None,
    llm: Annotated[
        bool,
        typer.Option(
            "--llm",
            help="Ask a language model. Set OPENAI_API_KEY, or OPENAI_BASE_URL to another "
            "endpoint with OpenAI's protocol. Example: --llm --llm-model gpt-4o-mini",
        ),
    ] = False,
    llm_model: Annotated[
        str | None,
        typer.Option(
            "--llm-model",
            envvar="OPENAI_MODEL",
            help="Name of the language model. On the command line it implies --llm. Example: "
            "--llm-model llama3.2",
            show_default=False,
        ),
    ] = None,
    timeout: Annotated[
        float,
        typer.Option(
            "--timeout",
            help="Seconds to wait for the language model. Example: --timeout 5",
            min=0.1,
            max=3_600,
        ),
    ] = 20.0,
    as_json: JsonOption = False,
) -> None:
    """Suggest prompts that are easy to draw and fit for all ages.

    An offline generator makes them. With --llm a language model does, if it answers.
    """
    from paintcam.prompts import LlmPrompts, draw

    # a variable that other programs read as well must not send anybody to a paid endpoint
    typed = context.get_parameter_source("llm_model") is click.core.ParameterSource.COMMANDLINE
    model = LlmPrompts(llm_model, timeout) if llm or (llm_model and typed) else None
    drawn = draw(count, seed, model, say)
    for prompt in drawn:
        check_stop()
        if as_json:
            print_json({"type": "prompt", "prompt": prompt})
        else:
            print_line(prompt)
