"""Sources of prompts: an offline generator, or a language model."""

from __future__ import annotations

from paintcam.prompts.check import is_unsafe, problem_of
from paintcam.prompts.generator import PromptGenerator
from paintcam.prompts.llm import LlmPrompts, LlmUnavailableError
from paintcam.prompts.source import draw

__all__ = [
    "LlmPrompts",
    "LlmUnavailableError",
    "PromptGenerator",
    "draw",
    "is_unsafe",
    "problem_of",
]
