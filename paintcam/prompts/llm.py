"""Prompts from a language model, at any endpoint that speaks OpenAI's protocol."""

from __future__ import annotations

import hashlib
import json
import os
import re
import threading
import time
from collections.abc import Callable
from concurrent.futures import Future
from concurrent.futures import TimeoutError as LateError  # Python 3.10 has two of that name
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from paintcam.folders import data_folder, read_small_file, write_atomically
from paintcam.prompts.check import problem_of
from paintcam.text import clean_text, prompt_key

__all__ = ["LlmPrompts", "LlmUnavailableError"]

_MOST_BYTES = 512 * 1024
_MOST_CACHED = 2000
_MOST_LETTERS = 1000
_SYSTEM = "You invent prompts for a drawing game on a stage."
_TASK = (
    "Give {count} different prompts as a JSON array of strings and nothing else. Each is one short "
    "English phrase of 3 to 10 words, like 'a raccoon driving a tractor', 'a giraffe in the "
    "Arctic', 'an upside-down dinosaur' or 'a bumblebee that loves capitalism': funny, "
    "surprising, possible to draw with a pen in 20 seconds, fit for children, no names of people "
    "or brands, no ambiguous words, in lower case, without a full stop."
)


class LlmUnavailableError(Exception):
    """Why the language model returned nothing, as a clause for a message. It never holds a key."""


class LlmPrompts:
    """Prompts from a language model, checked, without duplicates, and cached for the next time.

    The key is `OPENAI_API_KEY`, the endpoint `OPENAI_BASE_URL` (OpenAI's own by default). A local
    endpoint needs no key.

    Args:
        model: The model's name; `OPENAI_MODEL` by default, or gpt-4o-mini if that is not set.
        timeout_s: For the whole call, from looking up the host to the answer's last byte.
        cache_dir: Where answers are kept; paintcam's data folder by default.
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
        """The endpoint's host and port, without any secret."""
        try:
            parts = urlsplit(self._base_url)
            port = f":{parts.port}" if parts.port else ""
        except ValueError:
            return "the endpoint in OPENAI_BASE_URL"
        return f"{parts.hostname or 'the endpoint in OPENAI_BASE_URL'}{port}"

    def cached(self) -> list[str]:
        """Return the prompts of earlier answers, oldest first; a damaged cache is an empty one."""
        try:
            listed = json.loads(read_small_file(self._cache))
        except (OSError, ValueError, RecursionError):
            return []
        texts = listed if isinstance(listed, list) else []
        valid = [clean_text(text) for text in texts if isinstance(text, str) and _is_valid(text)]
        return list({prompt_key(text): text for text in valid}.values())[-_MOST_CACHED:]

    def ask(self, count: int) -> list[str]:
        """Ask for a batch of prompts.

        Args:
            count: How many; the model may return fewer.

        Returns:
            New prompts that passed the check, at least one. They are also added to the cache.

        Raises:
            LlmUnavailableError: No key, no network, no answer in time, or no usable answer.
        """
        known = self.cached()
        keys = {prompt_key(text) for text in known}
        fresh: list[str] = []
        problems: list[str] = []
        for text in _phrases(self._answer(count)):
            problem = problem_of(text)
            if problem is not None:
                problems.append(problem)
            elif prompt_key(text) not in keys:
                keys.add(prompt_key(text))
                fresh.append(clean_text(text))
        if not fresh:
            why = f" ({problems[0]})" if problems else ""
            raise LlmUnavailableError(f"{self.endpoint} returned no usable prompt{why}")
        self._keep((known + fresh)[-_MOST_CACHED:])
        return fresh

    def _answer(self, count: int) -> str:
        try:
            import openai
        except ImportError:
            raise LlmUnavailableError(
                "its client is not installed (run `pip install 'paintcam[llm]'`)"
            ) from None
        key = os.environ.get("OPENAI_API_KEY")
        if not key and not os.environ.get("OPENAI_BASE_URL"):
            raise LlmUnavailableError("OPENAI_API_KEY is not set")
        late = LlmUnavailableError(f"{self.endpoint} did not answer within {self._timeout_s:g} s")
        try:
            body = _in_time(lambda: self._request(key or "none", count), self._timeout_s)
        except (LateError, openai.APITimeoutError):
            raise late from None
        except openai.APIStatusError as error:
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
        except (ValueError, LookupError, TypeError, RecursionError):
            raise LlmUnavailableError(f"{self.endpoint} returned an unexpected answer") from None

    def _request(self, key: str, count: int) -> bytes:
        import httpx
        import openai

        deadline = time.monotonic() + self._timeout_s
        # Errors without their body, which may be endless or quote the key: the number says enough.
        # Neither retries nor redirects: both would start the time again.
        with (
            httpx.Client(
                timeout=self._timeout_s,
                headers={"Accept-Encoding": "identity"},  # a small answer that unpacks to gigabytes
                event_hooks={"response": [_close_error]},
            ) as http,
            openai.OpenAI(
                api_key=key,
                base_url=self._base_url,
                timeout=self._timeout_s,
                max_retries=0,
                http_client=http,
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
            # Read here: the client itself would take any size, at a byte a second.
            for chunk in response.http_response.iter_raw():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise LlmUnavailableError(f"{self.endpoint} sent too long an answer")
                if time.monotonic() > deadline:
                    raise LateError
        return bytes(body)

    def _keep(self, prompts: list[str]) -> None:
        try:
            kept = json.dumps(prompts, ensure_ascii=False, indent=0)
            write_atomically(self._cache, kept.encode())
        except OSError:
            return  # the prompts can be used all the same; the next run asks again


def _in_time(work: Callable[[], bytes], timeout_s: float) -> bytes:
    # In a thread, because neither looking up a host nor headers that trickle in have a time limit.
    done: Future[bytes] = Future()

    def run() -> None:
        try:
            done.set_result(work())
        except BaseException as error:
            done.set_exception(error)

    threading.Thread(target=run, name="paintcam-llm", daemon=True).start()
    return done.result(timeout_s)


def _close_error(response: Any) -> None:  # noqa: ANN401 - httpx is imported only when it is used
    if response.status_code != 200:
        response.close()


def _is_valid(prompt: str) -> bool:
    return len(prompt) <= _MOST_LETTERS and problem_of(prompt) is None


def _status(endpoint: str, status: int) -> str:
    if status in (401, 403):
        return f"{endpoint} does not accept OPENAI_API_KEY ({status})"
    if status == 429:
        return f"{endpoint}: rate limit exceeded (429)"
    return f"{endpoint} returned an error ({status})"


def _phrases(answer: str) -> list[str]:
    """Find the strings of a JSON array in an answer, or else its lines without bullets."""
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
