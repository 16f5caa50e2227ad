"""The website for tests: a real server on loopback, in a thread, with a small encoder."""

from __future__ import annotations

import asyncio
import threading
import time
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np

from paintcam.encoders.base import EncoderInfo
from paintcam.web.address import listen
from paintcam.web.server import serve
from paintcam.web.settings import WebSettings

SECRET = "the-secret-of-the-presenter"


class InkEncoder:
    """Embeds how much of a picture is ink: the score rises with it. Texts are all alike."""

    info = EncoderInfo("ink", (0.0, 0.2))

    def __init__(self, takes_s: float = 0.0) -> None:
        self.takes_s = takes_s
        self.batches: list[int] = []
        self.threads: set[int] = set()

    def encode_image(self, images: Sequence[np.ndarray]) -> np.ndarray:
        time.sleep(self.takes_s)
        self.batches.append(len(images))
        self.threads.add(threading.get_ident())
        ink = np.array([np.mean(image < 200) for image in images], np.float32)
        return np.stack([ink, np.sqrt(1 - ink**2)], axis=1).astype(np.float32)

    def encode_text(self, texts: Sequence[str]) -> np.ndarray:
        return np.tile(np.array([1, 0], np.float32), (len(texts), 1))


class Server:
    """A running website. A context manager; `encoder` may be a function that loads one."""

    def __init__(self, folder: Path, encoder: Any = None, **settings: Any) -> None:
        self.encoder = encoder or InkEncoder()
        self.listening = listen("127.0.0.1", 0)
        self.port = self.listening.getsockname()[1]
        self.base = f"http://127.0.0.1:{self.port}"
        values: dict[str, Any] = {
            "prompts": ("a house",),
            "secret": SECRET,
            "public_url": self.base,
            "state_file": str(folder / "rounds.json"),
            "database": f"sqlite:///{folder / 'scores.sqlite3'}",
            "guards": (),
            "moderation": "off",
        }
        self.settings = WebSettings(**(values | settings))
        self.messages: list[dict[str, Any]] = []
        self.error: BaseException | None = None
        self._end = threading.Event()
        self._thread = threading.Thread(target=self._run, daemon=True)

    def _run(self) -> None:
        try:
            asyncio.run(
                serve(
                    self.settings,
                    self.listening,
                    self.messages.append,
                    self._end.wait,
                    self.encoder if callable(self.encoder) else lambda: self.encoder,
                )
            )
        except BaseException as error:
            self.error = error

    def until(self, condition: Callable[[], Any], limit_s: float = 20) -> Any:
        deadline = time.monotonic() + limit_s
        while not (found := condition()):
            if self.error is not None:
                raise self.error
            assert time.monotonic() < deadline, "it never happened"
            time.sleep(0.02)
        return found

    @property
    def ready(self) -> bool:
        return any(message["type"] == "ready" for message in self.messages)

    def __enter__(self) -> Server:
        self._thread.start()
        try:
            self.until(lambda: self.ready)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *_: object) -> None:
        self._end.set()
        self._thread.join(15)
        self.listening.close()
