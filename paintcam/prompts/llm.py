"""Prompts from a language model: any endpoint that speaks OpenAI's protocol."""

from __future__ import annotations

import hashlib
import json
import os
import re
import time
from pathlib import Path
from urllib.parse import urlsplit

from paintcam.folders import data_folder, write_atomically
from paintcam.prompts.check import problem_of
from paintcam.text import clean_text, prompt_key

__all__ = ["LlmPrompts", "LlmUnavailableError"]

_MOST_BYTES = 512 * 1024
_MOST_CACHED = 2000
_SYSTEM = "You invent prompts for a drawing game on a stage."
_TASK = (
    "Give {count} different prompts as a JSON array of strings and nothing else. Each is one short "
    "English phrase of 3 to 10 words, like 'a raccoon driving a tractor', 'a giraffe in the "
    "Arctic', 'an upside-down dinosaur' or 'a bumblebee that loves capitalism': funny, "
    "surprising, possible to draw with a pen in 20 seconds, fit for children, no names of people "
    "or brands, no ambiguous words, in lower case, without a full stop."
)


class LlmUnavailableError(Exception):
    """Why the language model gave nothing, in words for a person; never with a key in them."""


class LlmPrompts:
    """Prompts from a language model, checked, without doubles, and cached for the next time.

    Args:
        model: The model's name; by default `OPENAI_MODEL`, or else gpt-4o-mini.
        timeout_s: For one whole answer.
        cache_dir: Where answers are kept; by default paintcam's data folder, so that they last.

    The key is `OPENAI_API_KEY`, the endpoint `OPENAI_BASE_URL` (OpenAI's own by default). A local
    endpoint needs no key.
    """

    def __init__(
        self, model: str | None = None, timeout_s: float = 20.0, cache_dir: Path | None = None
    ) -> None:
        self.model = model or os.environ.get("OPENAI_MODEL") or "gpt-4o-mini"
        self._timeout_s = timeout_s
        self._base_url = os.environ.get("OPENAI_BASE_URL") or "https://api.openai.com/v1"
        folder = cache_dir or data_folder()
        digest = hashlib.sha256(f"{self.endpoint} {self.model}".encode()).hexdigest()[:16]
        self._cache = folder / "prompts" / f"{digest}.json"

    @property
    def endpoint(self) -> str:
        """The endpoint's host, as it may be printed."""
        try:
            parts = urlsplit(self._base_url)
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return "the endpoint in OPENAI_BASE_URL"
        return f"{parts.hostname or 'the endpoint in OPENAI_BASE_URL'}{port}"

    def cached(self) -> list[str]:
        """What earlier answers held, oldest first; a damaged cache is an empty one."""
        try:
            kept = json.loads(self._cache.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return []
        listed = kept if isinstance(kept, list) else []
        return [text for text in listed if isinstance(text, str) and problem_of(text) is None]

    def ask(self, count: int) -> list[str]:
        """Ask for a batch.

        Args:
            count: How many; the model may give fewer.

        Returns:
            New prompts that passed the check, at least one, also added to the cache.

        Raises:
            LlmUnavailableError: No key, no network, no answer in time, or none that can be used.
        """
        known = self.cached()
        seen = {prompt_key(text) for text in known}
        fresh: list[str] = []
        problems: list[str] = []
        for text in _phrases(self._answer(count)):
            problem = problem_of(text)
            if problem is not None:
                problems.append(problem)
            elif prompt_key(text) not in seen:
                seen.add(prompt_key(text))
                fresh.append(clean_text(text))
        if not fresh:
            why = f" ({problems[0]})" if problems else ""
            raise LlmUnavailableError(f"{self.endpoint} gave no prompt that can be used{why}")
        self._keep((known + fresh)[-_MOST_CACHED:])
        return fresh

    def _answer(self, count: int) -> str:
        try:
            import openai
        except ImportError:
            raise LlmUnavailableError(
                "the client is not installed: pip install 'paintcam[llm]'"
            ) from None
        key = os.environ.get("OPENAI_API_KEY")
        if not key and not os.environ.get("OPENAI_BASE_URL"):
            raise LlmUnavailableError("OPENAI_API_KEY is not set")
        deadline = time.monotonic() + self._timeout_s
        try:
            with (
                openai.OpenAI(
                    api_key=key or "none",
                    base_url=self._base_url,
                    timeout=self._timeout_s,
                    max_retries=0,
                ) as client,
                client.chat.completions.with_streaming_response.create(
                    model=self.model,
                    temperature=1.0,
                    messages=[
                        {"role": "system", "content": _SYSTEM},
                        {"role": "user", "content": _TASK.format(count=count)},
                    ],
                ) as response,
            ):
                body = bytearray()
                # Read by hand: the client itself would take ten megabytes, or a byte a second.
                for chunk in response.iter_bytes():
                    body += chunk
                    if len(body) > _MOST_BYTES:
                        raise LlmUnavailableError(f"{self.endpoint} answered without end")
                    if time.monotonic() > deadline:
                        raise LlmUnavailableError(
                            f"{self.endpoint} did not answer in {self._timeout_s:g} s"
                        )
        except openai.APITimeoutError:
            raise LlmUnavailableError(
                f"{self.endpoint} did not answer in {self._timeout_s:g} s"
            ) from None
        except openai.APIStatusError as error:
            # The body may quote the key: the number says enough.
            raise LlmUnavailableError(_status(self.endpoint, error.status_code)) from None
        except LlmUnavailableError:
            raise
        except Exception as error:
            # What httpx raises while a body is read, and URLs or keys that no request can carry.
            raise LlmUnavailableError(
                f"{self.endpoint} cannot be reached ({type(error).__name__})"
            ) from None
        try:
            return str(json.loads(body)["choices"][0]["message"]["content"])
        except (ValueError, LookupError, TypeError):
            raise LlmUnavailableError(f"{self.endpoint} answered something else") from None

    def _keep(self, prompts: list[str]) -> None:
        try:
            kept = json.dumps(prompts, ensure_ascii=False, indent=0)
            write_atomically(self._cache, kept.encode())
        except OSError:
            return  # the prompts are there all the same; the next run asks again


def _status(endpoint: str, status: int) -> str:
    if status in (401, 403):
        return f"{endpoint} refuses OPENAI_API_KEY ({status})"
    if status == 429:
        return f"{endpoint} has no more room for this key (429)"
    return f"{endpoint} answered {status}"


def _phrases(answer: str) -> list[str]:
    """The strings of a JSON array somewhere in an answer, or else its lines without bullets."""
    start, end = answer.find("["), answer.rfind("]")
    if 0 <= start < end:
        try:
            listed = json.loads(answer[start : end + 1])
        except (ValueError, RecursionError):
            listed = None
        if isinstance(listed, list):
            return [_bare(text) for text in listed if isinstance(text, str)]
    return [_bare(line) for line in answer.splitlines() if line.strip()]


def _bare(line: str) -> str:
    return re.sub(r"^\s*(?:[-*•]|\d+[.)])\s*", "", line).strip().strip("\"'“”.,").strip()
