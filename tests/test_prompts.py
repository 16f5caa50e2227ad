"""Prompts: the offline generator, the check, and a language model that behaves or does not."""

from __future__ import annotations

import gzip
import http.server
import itertools
import json
import os
import re
import threading
import time
from itertools import islice, pairwise

import psutil
import pytest
from typer.testing import CliRunner

from paintcam.cli import app
from paintcam.prompts import LlmPrompts, LlmUnavailableError, PromptGenerator, draw, problem_of
from paintcam.prompts.generator import content_words, with_article

GOOD = [
    "a giraffe in the Arctic",
    "a raccoon driving a tractor",
    "an upside-down dinosaur",
    "a bumblebee that loves capitalism",
    "a gorilla gardening with grapes",
]

SEED_2026 = [
    "a lizard planting a tree",
    "a bunny being chased by a cloud",
    "a pineapple with robot arms",
]


def test_a_seed_repeats_the_row_and_another_does_not():
    first = list(islice(PromptGenerator(7), 50))
    assert first == list(islice(PromptGenerator(7), 50))
    assert first != list(islice(PromptGenerator(8), 50))


def test_a_seed_gives_these_prompts_on_every_machine():
    assert list(islice(PromptGenerator(2026), 3)) == SEED_2026


def test_tens_of_thousands_differ_and_all_pass_the_check():
    prompts = list(islice(PromptGenerator(1), 50_000))
    assert len(set(prompts)) == 50_000
    assert [(p, problem_of(p)) for p in prompts if problem_of(p)] == []


def test_no_two_in_a_row_share_a_word_that_carries_them():
    prompts = list(islice(PromptGenerator(3), 5000))
    for one, two in pairwise(prompts):
        assert not content_words(one) & content_words(two), (one, two)


def test_articles_and_plurals_are_right():
    text = "\n".join(islice(PromptGenerator(4), 20_000))
    assert not re.findall(r"\ba [aeio]\w*", text.replace("a one-eyed", ""))
    assert not re.findall(r"\ban [^aeiouh\s]\w*", text)
    assert "a(n)" not in text
    assert not set("{}") & set(text)
    assert not re.findall(
        r"(?:two|three|four|five) \w*(?:gooses|sheeps|wolfs|foxs|butterflys)", text
    )
    assert "two foxes" in text or "three foxes" in text
    assert with_article("unicorn") == "a unicorn"
    assert with_article("owl") == "an owl"
    assert with_article("one-eyed") == "a one-eyed"


def test_the_generator_makes_prompts_like_those_of_the_talk():
    prompts = list(islice(PromptGenerator(5), 20_000))
    for start, end in [
        ("a giraffe ", " in the Arctic"),
        ("an upside-down ", " dinosaur"),
        ("a bumblebee ", " that loves capitalism"),
        ("a raccoon ", " driving a tractor"),
        ("a gorilla ", " gardening with grapes"),
    ]:
        assert any(prompt.startswith(start) for prompt in prompts), start
        assert any(prompt.endswith(end) for prompt in prompts), end


@pytest.mark.parametrize("prompt", GOOD)
def test_good_prompts_pass(prompt):
    assert problem_of(prompt) is None


@pytest.mark.parametrize(
    ("prompt", "problem"),
    [
        ("", "characters"),
        ("a" * 200, "characters"),
        ("elephants", "words"),
        ("una jirafa en el ártico", "plain"),
        ("una jirafa con gafas", "English"),
        ("ein Hund auf dem Mond", "English"),
        ("жираф в Арктике", "words"),
        ("green ideas sleep furiously", "English"),
        ("a naked man on the beach", "ages"),
        ("two dogs shooting a cat", "ages"),
        ("a cat\x00; DROP TABLE", "plain"),
        ("a giraffe in http://x.y", "plain"),
        ("here is a prompt for the game", "prompts"),
        ("a cat " * 12, "words"),
    ],
)
def test_what_is_not_for_a_stage_is_named(prompt, problem):
    assert problem in problem_of(prompt)


@pytest.mark.parametrize("prompt", ["a bear eating butter", "a cocker spaniel in the rain"])
def test_a_harmless_word_that_begins_like_another_passes(prompt):
    assert problem_of(prompt) is None


# --- a language model on loopback ---

BOMB = gzip.compress(b" " * 50_000_000, 1)


class Endpoint(http.server.ThreadingHTTPServer):
    """Speaks enough of OpenAI's protocol, well or badly."""

    daemon_threads = True

    def __init__(self):
        super().__init__(("127.0.0.1", 0), _Handler)
        self.requests: list[tuple[str, dict]] = []
        self.content = json.dumps(GOOD)
        self.behave = "well"

    @property
    def url(self):
        return f"http://127.0.0.1:{self.server_port}/v1"


class _Handler(http.server.BaseHTTPRequestHandler):
    def log_message(self, *_):
        pass

    def do_POST(self):
        length = int(self.headers["Content-Length"])
        body = json.loads(self.rfile.read(length))
        self.server.requests.append((self.headers.get("Authorization", ""), body))
        behave = self.server.behave
        try:
            if behave == "refuse":
                self.answer(401, b'{"error": {"message": "Incorrect API key: sk-very-secret"}}')
            elif behave == "busy":
                self.answer(429, b"{}")
            elif behave == "silent":
                time.sleep(3)
            elif behave == "trickle":  # the status line, then a byte of a header at a time
                self.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
                self.drip(b"x")
            elif behave.startswith("endless"):
                self.send_response(int(behave.split()[1]))
                self.send_header("Location", self.server.url)
                self.send_header("Retry-After", "0")
                self.end_headers()
                self.server.sent = 0
                while True:
                    self.server.sent += self.wfile.write(b"x" * 65536)
            elif behave.startswith("slow"):
                self.send_response(int(behave.split()[1]))
                self.end_headers()
                self.drip(b" ")
            elif behave == "bomb":
                self.send_response(200)
                self.send_header("Content-Encoding", "gzip")
                self.send_header("Content-Length", str(len(BOMB)))
                self.end_headers()
                self.wfile.write(BOMB)
            elif behave == "huge":
                self.answer(200, b"[" * 10_000_000)
            elif behave == "rubbish":
                self.answer(200, b"<html>It works!</html>")
            elif behave.startswith("status"):
                self.send_response_only(int(behave.split()[1]))
                self.end_headers()
            elif behave == "interim":
                while True:
                    self.wfile.write(b"HTTP/1.1 102 Processing\r\n\r\n" * 500)
            elif behave == "empty":
                self.answer(200, b'{"choices": []}')
            else:
                message = {"role": "assistant", "content": self.server.content}
                self.answer(200, json.dumps({"choices": [{"message": message}]}).encode())
        except (BrokenPipeError, ConnectionResetError):
            pass

    def drip(self, byte):
        for _ in range(300):
            self.wfile.write(byte)
            self.wfile.flush()
            time.sleep(0.1)

    def answer(self, status, body):
        self.send_response(status)
        self.send_header("Content-Type", "application/json")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)


@pytest.fixture
def endpoint(monkeypatch, tmp_path):
    import httpx  # noqa: F401
    import openai

    # so that no test measures how long its hundred modules take to import
    assert openai.OpenAI(api_key="none").chat.completions

    server = Endpoint()
    threading.Thread(target=server.serve_forever, args=(0.02,), daemon=True).start()
    monkeypatch.setenv("OPENAI_API_KEY", "sk-very-secret")
    monkeypatch.setenv("OPENAI_BASE_URL", server.url)
    monkeypatch.setenv("PAINTCAM_DATA_DIR", str(tmp_path / "data"))
    monkeypatch.delenv("OPENAI_MODEL", raising=False)
    yield server
    server.shutdown()
    server.server_close()


def test_a_batch_is_requested_checked_and_cached(endpoint):
    endpoint.content = json.dumps([*GOOD, GOOD[0].upper(), "un perro en la luna", "a nude", 7])
    llm = LlmPrompts("tiny-model")
    assert llm.ask(20) == GOOD
    assert LlmPrompts("tiny-model").cached() == GOOD
    (request,) = endpoint.requests
    assert request[0] == "Bearer sk-very-secret"
    assert request[1]["model"] == "tiny-model"
    assert "20" in request[1]["messages"][-1]["content"]
    with pytest.raises(LlmUnavailableError, match="no usable prompt"):
        llm.ask(20)  # the same again: nothing new


@pytest.mark.parametrize(
    "content",
    [
        "```json\n" + json.dumps(GOOD) + "\n```",
        "Sure! Here are some:\n" + json.dumps(GOOD),
        "\n".join(f"{n}. {text}." for n, text in enumerate(GOOD, 1)),
        "\n".join(f'- "{text}"' for text in GOOD),
    ],
)
def test_an_answer_in_another_form_is_understood(endpoint, content):
    endpoint.content = content
    assert LlmPrompts().ask(5) == GOOD


@pytest.mark.parametrize(
    ("behave", "reason"),
    [
        ("refuse", "does not accept OPENAI_API_KEY"),
        ("busy", "429"),
        ("silent", "did not answer within 0.5 s"),
        ("slow 200", "did not answer within 0.5 s"),
        ("slow 500", "error (500)"),
        ("trickle", "did not answer within 0.5 s"),
        ("endless 200", "too long an answer"),
        ("endless 302", "error (302)"),
        ("endless 201", "error (201)"),
        ("status 204", "error (204)"),
        ("status 206", "error (206)"),
        ("interim", "did not answer within 0.5 s"),
        ("endless 429", "rate limit exceeded (429)"),
        ("endless 500", "error (500)"),
        ("bomb", "unexpected answer"),
        ("huge", "too long an answer"),
        ("rubbish", "unexpected answer"),
        ("empty", "unexpected answer"),
    ],
)
def test_a_model_that_misbehaves_is_replaced_by_the_generator(endpoint, behave, reason):
    endpoint.behave = behave
    notices: list[str] = []
    llm = LlmPrompts(timeout_s=0.5)
    started, before = time.monotonic(), psutil.Process().memory_info().rss
    drawn = draw(6, seed=3, llm=llm, notice=notices.append)
    assert time.monotonic() - started < 4
    assert psutil.Process().memory_info().rss - before < 150 * 1024**2
    assert drawn == draw(6, seed=3)
    assert len(endpoint.requests) == 1
    (notice,) = notices
    assert reason in notice
    assert "the offline generator" in notice
    assert "secret" not in notice


@pytest.mark.parametrize("behave", ["trickle", "interim", "slow 200"])
def test_an_endpoint_that_was_abandoned_takes_no_more_time(endpoint, behave):
    """Or each press of "new prompts" on the website would leave a thread at full load behind."""
    endpoint.behave = behave
    with pytest.raises(LlmUnavailableError, match="did not answer"):
        LlmPrompts(timeout_s=0.5).ask(5)
    deadline = time.monotonic() + 20
    while time.monotonic() < deadline and "paintcam-network" in threads():
        time.sleep(0.02)
    assert "paintcam-network" not in threads()


def threads():
    return {thread.name for thread in threading.enumerate()}


def test_an_answer_of_thousands_of_prompts_is_cut(endpoint):
    words = ["".join(letters) for letters in itertools.product("abcdefghijklmnop", repeat=3)]
    endpoint.content = json.dumps([f"a dog in a {word}" for word in words])
    assert len(LlmPrompts().ask(5)) <= 2000


@pytest.mark.parametrize(
    ("name", "value", "reason"),
    [
        ("HTTP_PROXY", "http://ada:hunter2@127.0.0.1:1", "through the proxy.*refused"),
        ("HTTP_PROXY", "http://[::1", "through the proxy.*address is not valid"),
        (
            "ALL_PROXY",
            "socks5://ada:hunter2@127.0.0.1:1",
            "through the proxy.*: (a SOCKS|the conn)",
        ),
        ("OPENAI_BASE_URL", "https://127.0.0.1:PORT/v1", "TLS failed|did not answer"),
        ("SSL_CERT_FILE", "/nonexistent", "TLS cannot be set up.*SSL_CERT_FILE"),
        ("OPENAI_ORG_ID", "a\nb", "characters that cannot be sent"),
        ("OPENAI_API_KEY", "hunter2\udcff", "characters that cannot be sent"),
        ("OPENAI_BASE_URL", "http://hunter2:x@none.invalid/v1", "its name cannot be resolved"),
        ("OPENAI_BASE_URL", "http://\udcff/v1", "cannot be reached"),
        ("OPENAI_MODEL", "\udcff", "characters that cannot be sent"),
    ],
)
def test_what_is_wrong_with_the_environment_is_named(endpoint, monkeypatch, name, value, reason):
    for proxy in ("HTTP_PROXY", "http_proxy", "NO_PROXY", "no_proxy"):
        monkeypatch.delenv(proxy, raising=False)
    monkeypatch.setenv(name, value.replace("PORT", str(endpoint.server_port)))
    with pytest.raises(LlmUnavailableError, match=reason) as caught:
        LlmPrompts(timeout_s=2).ask(5)
    assert "hunter2" not in str(caught.value)
    assert "Error" not in str(caught.value)


@pytest.mark.parametrize("content", ["", "null", "[[[[", "[" * 100_000, "No.", "[1, 2]", "😀" * 50])
def test_an_answer_without_prompts_is_refused(endpoint, content):
    endpoint.content = content
    with pytest.raises(LlmUnavailableError, match="no usable prompt"):
        LlmPrompts().ask(5)


def test_without_a_network_earlier_answers_come_first(endpoint):
    LlmPrompts().ask(5)
    endpoint.behave = "busy"
    notices: list[str] = []
    drawn = draw(8, llm=LlmPrompts(), notice=notices.append)
    assert set(GOOD) == set(drawn[:5])
    assert len(set(drawn)) == 8
    assert "5 from its earlier answers and the offline generator" in notices[0]


def test_a_seed_draws_from_the_cache_without_asking(endpoint):
    LlmPrompts().ask(5)
    requests = len(endpoint.requests)
    assert draw(4, seed=1, llm=LlmPrompts()) == draw(4, seed=1, llm=LlmPrompts())
    assert len(endpoint.requests) == requests


def test_a_missing_server_and_a_missing_key_are_reported(endpoint, monkeypatch):
    monkeypatch.setenv("OPENAI_BASE_URL", "http://ada:hunter2@127.0.0.1:1/v1")
    with pytest.raises(LlmUnavailableError, match=r"127\.0\.0\.1:1 cannot be reached") as caught:
        LlmPrompts().ask(5)
    assert "hunter2" not in str(caught.value)
    monkeypatch.delenv("OPENAI_BASE_URL")
    monkeypatch.delenv("OPENAI_API_KEY")
    with pytest.raises(LlmUnavailableError, match="OPENAI_API_KEY is not set"):
        LlmPrompts().ask(5)


@pytest.mark.parametrize("url", ["nonsense", "http://[::1", "ftp://x"])
def test_an_invalid_endpoint_is_reported(endpoint, monkeypatch, url):
    monkeypatch.setenv("OPENAI_BASE_URL", url)
    with pytest.raises(LlmUnavailableError, match="cannot be reached"):
        LlmPrompts().ask(5)


def test_an_api_key_that_is_not_a_valid_header_causes_no_traceback(endpoint, monkeypatch):
    monkeypatch.setenv("OPENAI_API_KEY", "sk-\nvery-secret")
    with pytest.raises(LlmUnavailableError) as caught:
        LlmPrompts().ask(5)
    assert "secret" not in str(caught.value)


@pytest.mark.parametrize(
    "kept",
    ["", "{}", "[1, null]", '["a nude"]', "\x00", "[" * 100_000, "7", '["\\ud800 a dog"]',
     '["' + "a dog " * 300_000 + '"]', "[1e999]"],
    ids=lambda kept: kept[:12],
)  # fmt: skip
def test_a_damaged_cache_is_an_empty_one(endpoint, kept):
    llm = LlmPrompts()
    llm.ask(5)
    llm._cache.write_text(kept)
    assert llm.cached() == []
    assert llm.ask(5) == GOOD


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="no FIFOs on this platform")
def test_a_fifo_in_place_of_the_cache_does_not_hang(endpoint):
    llm = LlmPrompts()
    llm._cache.parent.mkdir(parents=True)
    os.mkfifo(llm._cache)
    assert llm.cached() == []
    assert llm.ask(5) == GOOD


def test_prompts_in_the_cache_are_cleaned_and_listed_once(endpoint):
    llm = LlmPrompts()
    llm._cache.parent.mkdir(parents=True)
    kept = [
        "a dog\n on the moon",
        "A Dog on the Moon",
        "a cat\u202e in the rain",
        "a bear\x1b in a car",
    ]
    llm._cache.write_text(json.dumps(kept))
    assert llm.cached() == ["A Dog on the Moon", "a cat in the rain", "a bear in a car"]


def test_a_cache_that_cannot_be_written_is_ignored(endpoint, tmp_path):
    (tmp_path / "file").write_text("")
    assert LlmPrompts(cache_dir=tmp_path / "file").ask(5) == GOOD


@pytest.mark.parametrize(
    ("options", "calls"),
    [((), 0), (("--llm",), 1), (("--llm-model", "large"), 1), (("--llm-model", ""), 0)],
)
def test_a_variable_alone_asks_no_language_model(endpoint, monkeypatch, options, calls):
    monkeypatch.setenv("OPENAI_MODEL", "tiny-model")
    done = CliRunner().invoke(app, ["prompts", "--count", "2", *options])
    assert done.exit_code == 0, done.output
    models = [body["model"] for _, body in endpoint.requests]
    assert models == ["large" if "large" in options else "tiny-model"] * calls
