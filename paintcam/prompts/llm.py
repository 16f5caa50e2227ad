"""Prompts from a language model, at any endpoint that speaks OpenAI's protocol."""

from __future__ import annotations

import hashlib
import json
import os
import re
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

from paintcam.folders import data_folder, read_small_file, write_atomically
from paintcam.network import LateError, in_time, proxy_note, reason_of
from paintcam.prompts.check import problem_of
from paintcam.text import clean_text, prompt_key

if TYPE_CHECKING:
    import httpx

__all__ = ["LlmPrompts", "LlmUnavailableError"]

_MOST_BYTES = 512 * 1024
_MOST_PHRASES = 2000
"""How many phrases of an answer are looked at; nobody asks for more at once."""
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
        # half characters come from variables that are not in UTF-8
        name = f"{self.endpoint} {self.model}".encode(errors="surrogatepass")
        digest = hashlib.sha256(name).hexdigest()[:16]
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
        for text in _phrases(self._answer(count))[: max(count, _MOST_PHRASES)]:
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
            import httpx
            import openai
        except ImportError:
            raise LlmUnavailableError(
                "its client is not installed (run `pip install 'paintcam[llm]'`)"
            ) from None
        key = os.environ.get("OPENAI_API_KEY")
        if not key and not os.environ.get("OPENAI_BASE_URL"):
            raise LlmUnavailableError("OPENAI_API_KEY is not set")
        try:
            # Trusts the proxies and certificates of the environment, as other programs do.
            # Nothing that unpacks, and no redirect: the key is for this endpoint alone.
            with httpx.Client(
                timeout=self._timeout_s,
                headers={"Accept-Encoding": "identity"},
                event_hooks={"response": [self._refuse_error]},
            ) as http:
                client = openai.OpenAI(
                    api_key=key or "none",
                    base_url=self._base_url,
                    timeout=self._timeout_s,
                    max_retries=0,  # one would start the time again
                    http_client=http,
                )
                # Imports a hundred modules, for which the endpoint's time must not be used.
                create = client.chat.completions.with_streaming_response.create
                body = in_time(lambda: self._request(create, count), self._timeout_s, http.close)
        except (LateError, openai.APITimeoutError):
            raise LlmUnavailableError(
                f"{self.endpoint} did not answer within {self._timeout_s:g} s"
            ) from None
        except LlmUnavailableError:
            raise
        except Exception as error:
            if isinstance(error.__cause__, LlmUnavailableError):
                raise error.__cause__ from None  # openai wraps what `_refuse_error` raises
            # What httpx raises while a body is read, and URLs or keys that no request can carry.
            where = f"{self.endpoint} cannot be reached{proxy_note(self._base_url)}"
            raise LlmUnavailableError(f"{where}: {reason_of(error)}") from None
        try:
            return str(json.loads(body)["choices"][0]["message"]["content"])
        except (ValueError, LookupError, TypeError, RecursionError):
            raise LlmUnavailableError(f"{self.endpoint} returned an unexpected answer") from None

    def _request(self, create: Callable[..., Any], count: int) -> bytes:
        body = bytearray()
        with create(
            model=self.model,
            temperature=1.0,
            messages=[
                {"role": "system", "content": _SYSTEM},
                {"role": "user", "content": _TASK.format(count=count)},
            ],
        ) as response:
            # Read here: the client itself would take any size.
            for chunk in response.http_response.iter_raw():
                body += chunk
                if len(body) > _MOST_BYTES:
                    raise LlmUnavailableError(f"{self.endpoint} sent too long an answer")
        return bytes(body)

    def _refuse_error(self, response: httpx.Response) -> None:
        """Refuse an error before its body is read, which may be endless or quote the key."""
        if response.status_code != 200:
            raise LlmUnavailableError(_status(self.endpoint, response.status_code))

    def _keep(self, prompts: list[str]) -> None:
        try:
            kept = json.dumps(prompts, ensure_ascii=False, indent=0)
            write_atomically(self._cache, kept.encode())
        except OSError:
            return  # the prompts can be used all the same; the next run asks again


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
