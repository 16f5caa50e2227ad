"""Drawing prompts from a language model, its earlier answers, or the offline generator."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

from paintcam.prompts.generator import PromptGenerator, content_words
from paintcam.prompts.llm import LlmPrompts, LlmUnavailableError

__all__ = ["draw"]


def draw(
    count: int,
    seed: int | None = None,
    llm: LlmPrompts | None = None,
    notice: Callable[[str], None] = lambda _: None,
) -> list[str]:
    """Draw prompts.

    Args:
        count: How many.
        seed: The same seed draws the same prompts (with a language model: from the same cache).
        llm: Ask this language model, then fall back on its earlier answers, and then on the
            offline generator; None uses the generator at once.
        notice: Called with a sentence that says where the prompts come from instead, and why.

    Returns:
        `count` different prompts. No two in a row share a main word, where possible.
    """
    offline = PromptGenerator(seed)
    if llm is None:
        return [next(offline) for _ in range(count)]
    pool = llm.cached()
    if seed is None or len(pool) < count:
        try:
            fresh = llm.ask(max(count, 20))
            pool = fresh + (pool if len(fresh) < count else [])
        except LlmUnavailableError as reason:
            kept = f"{min(count, len(pool))} from its earlier answers" if pool else ""
            rest = "the offline generator" if len(pool) < count else ""
            notice(
                f"No new prompts from the language model: {reason}. "
                f"Using {' and '.join(filter(None, (kept, rest)))} instead."
            )
    order = random.Random(seed)
    pool.sort(key=lambda _: order.random())
    drawn = list(_spread(pool, count))
    drawn += [next(offline) for _ in range(count - len(drawn))]
    return drawn


def _spread(pool: list[str], count: int) -> Iterator[str]:
    last: frozenset[str] = frozenset()
    for _ in range(min(count, len(pool))):
        apart = (i for i, text in enumerate(pool) if not content_words(text) & last)
        chosen = pool.pop(next(apart, 0))
        last = content_words(chosen)
        yield chosen
