"""One encoder thread judges what all phones send; a second thread stores it.

Requests wait in a bounded queue. A worker takes up to eight at a time: a batch is a little faster
to encode, and one sync of the disk serves eight transactions.
"""

from __future__ import annotations

import asyncio
import queue
import threading
import time
from collections.abc import Callable, Sequence
from typing import Generic, TypeVar

from paintcam.encoders.base import Encoder
from paintcam.errors import ModelError, PaintcamError, PromptError
from paintcam.frames import Frame, Image
from paintcam.judge.calibration import stored_range
from paintcam.judge.judge import Judge
from paintcam.judge.make import make_judge
from paintcam.judge.verdict import Verdict

__all__ = ["BATCH", "Judging", "Worker"]

BATCH = 8
"""The most drawings that are encoded, or stored, together."""

_MOST_JUDGES = 8

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


class Worker(Generic[_Item, _Result]):
    """A thread that works on queued items, up to eight at a time. A context manager.

    Args:
        name: Of the thread.
        work: Gives a result or an exception for each item, in the same order.
    """

    def __init__(
        self, name: str, work: Callable[[Sequence[_Item]], Sequence[_Result | Exception]]
    ) -> None:
        self._work = work
        self._queue: queue.SimpleQueue[tuple[_Item, asyncio.Future[_Result]] | None]
        self._queue = queue.SimpleQueue()
        self._thread = threading.Thread(target=self._run, name=f"paintcam-{name}", daemon=True)

    async def do(self, item: _Item) -> _Result:
        """Wait for the result of one item."""
        future: asyncio.Future[_Result] = asyncio.get_running_loop().create_future()
        self._queue.put((item, future))
        return await future

    def __enter__(self) -> Worker[_Item, _Result]:
        self._thread.start()
        return self

    def __exit__(self, *_: object) -> None:
        self._queue.put(None)
        self._thread.join(5)

    def _run(self) -> None:
        while True:
            taken = self._queue.get()
            batch = []
            while taken is not None:
                batch.append(taken)
                if len(batch) == BATCH or self._queue.empty():
                    break
                taken = self._queue.get()
            if batch:
                self._finish(batch)
            if taken is None:
                return

    def _finish(self, batch: list[tuple[_Item, asyncio.Future[_Result]]]) -> None:
        results: Sequence[_Result | Exception]
        try:
            results = self._work([item for item, _ in batch])
        except Exception as error:
            results = [error] * len(batch)
        for (_, future), result in zip(batch, results, strict=True):
            loop = future.get_loop()
            if not loop.is_closed():
                loop.call_soon_threadsafe(_settle, future, result)


def _settle(future: asyncio.Future[_Result], result: _Result | Exception) -> None:
    if future.done():  # the visitor has gone
        return
    if isinstance(result, Exception):
        future.set_exception(result)
    else:
        future.set_result(result)


class Judging:
    """The encoder and a judge for each prompt. All of it belongs to one worker's thread.

    Args:
        load: Gives the encoder; called in that thread.
        score_range: Similarities that score 0 and 100; None for the encoder's calibrated or own.
        guards: Names of the guards to run.
    """

    def __init__(
        self,
        load: Callable[[], Encoder],
        score_range: tuple[float, float] | None,
        guards: Sequence[str],
    ) -> None:
        self._load = load
        self._range = score_range
        self._guards = guards
        self._encoder: Encoder | None = None
        self._judges: dict[str, Judge] = {}
        self._worker = Worker("judge", self._judge)

    async def judge(self, prompt: str, image: Image) -> Verdict:
        """Judge one drawing.

        Args:
            prompt: What it should show.
            image: BGR uint8 (512, 512, 3).

        Raises:
            PaintcamError: The encoder cannot run, or returns no usable embedding.
        """
        result = await self._worker.do((prompt, image))
        assert isinstance(result, Verdict)
        return result

    async def prepare(self, prompt: str) -> tuple[Judge, str]:
        """Load what a prompt needs before anybody draws it.

        Returns:
            Its judge, to be asked for range and guards only, and the encoder's name.

        Raises:
            PaintcamError: The prompt is refused, or the encoder cannot be loaded.
        """
        result = await self._worker.do((prompt, None))
        assert isinstance(result, Judge)
        assert self._encoder is not None
        return result, self._encoder.info.name

    def __enter__(self) -> Judging:
        self._worker.__enter__()
        return self

    def __exit__(self, *_: object) -> None:
        self._worker.__exit__()

    def _judge(
        self, batch: Sequence[tuple[str, Image | None]]
    ) -> list[Verdict | Judge | Exception]:
        unusable = ModelError("The encoder returned no usable embedding for this drawing.")
        results: list[Verdict | Judge | Exception] = [unusable] * len(batch)
        by_prompt: dict[str, list[int]] = {}
        for index, (prompt, _) in enumerate(batch):
            by_prompt.setdefault(prompt, []).append(index)
        for prompt, indices in by_prompt.items():
            try:
                judge = self._judge_of(prompt)
                now = time.monotonic()
                frames = [
                    Frame(image, index, now, 0.0)
                    for index in indices
                    if (image := batch[index][1]) is not None
                ]
                for verdict in judge.judge(frames):
                    results[verdict.frame] = verdict
                for index in indices:
                    if batch[index][1] is None:
                        results[index] = judge
            except PaintcamError as error:
                if isinstance(error, ModelError) and not isinstance(error, PromptError):
                    self._encoder, self._judges = None, {}  # its process may be gone: load it again
                for index in indices:
                    results[index] = error
        return results

    def _judge_of(self, prompt: str) -> Judge:
        if prompt in self._judges:
            return self._judges[prompt]
        if self._encoder is None:
            self._encoder = self._load()
        encoder = self._encoder
        score_range = self._range or stored_range(encoder)
        judge = make_judge(
            encoder,
            prompt,
            score_range=score_range,
            guards=self._guards,
            crop=False,
            pictures="stills",
        )
        while len(self._judges) >= _MOST_JUDGES:
            del self._judges[next(iter(self._judges))]
        self._judges[prompt] = judge
        return judge
