"""Everything that the pages share: settings, database, judge, rounds, limits, live news."""

from __future__ import annotations

import asyncio
import contextlib
import math
import sys
import time
from collections import OrderedDict
from collections.abc import Callable, Coroutine, Hashable, Sequence
from dataclasses import dataclass
from typing import Any

from paintcam.encoders import load_encoder
from paintcam.encoders.base import Encoder
from paintcam.errors import LeaderboardError, PromptError
from paintcam.judge.verdict import Verdict
from paintcam.leaderboard import (
    Board,
    Leaderboard,
    State,
    Submission,
    Submissions,
    SubmissionTakenError,
    Turn,
)
from paintcam.prompts import is_unsafe
from paintcam.text import clean_text
from paintcam.web.admission import Admission
from paintcam.web.judging import Judging, Worker
from paintcam.web.limits import Limits
from paintcam.web.live import Hub
from paintcam.web.moderation import delete_old, effective, first_state
from paintcam.web.pictures import Picture
from paintcam.web.rounds import Round, Rounds
from paintcam.web.settings import Moderation, WebSettings

__all__ = ["Site"]

_HOUR_S = 3600.0
_TELL_AGAIN_S = 10.0
_CACHED_PICTURES = 128
_LONGEST_PROMPT = 120


@dataclass(frozen=True, slots=True)
class _Stored:
    turn: Turn
    png: bytes
    state: State
    flags: tuple[str, ...]


class Site:
    """The services behind the pages. An async context manager.

    Args:
        settings: Of this `paintcam serve`.
        notice: Receives what the presenter should know, in a sentence. From any thread.
        load: Gives the encoder; by default the one that the settings name.
    """

    def __init__(
        self,
        settings: WebSettings,
        notice: Callable[[str], None] = lambda text: print(text, file=sys.stderr, flush=True),
        load: Callable[[], Encoder] | None = None,
    ) -> None:
        self.settings = settings
        self.notice = notice
        self.limits = Limits()
        self.admission = Admission()
        self.hub = Hub(self.database_failed)
        self._failed_at = -math.inf
        self._tenths = -1
        self.rounds = Rounds(settings.state_path, lambda: self.hub.changed(urgent=True))
        self.leaderboard = Leaderboard(settings.database, notice)
        self.submissions = Submissions(self.leaderboard)
        self.moderation: Moderation = settings.moderation
        self.judging = Judging(
            load or self._load,
            settings.score_range,
            settings.guards,
        )
        self._storing: Worker[_Stored, bool] = Worker("store", self._store_batch)
        self._pictures: OrderedDict[str, bytes] = OrderedDict()
        self._under_way: dict[Hashable, asyncio.Task[None]] = {}
        self._tasks: list[asyncio.Task[None]] = []
        self._closing = contextlib.ExitStack()

    async def __aenter__(self) -> Site:
        self._closing.callback(self.leaderboard.close)
        self._closing.enter_context(self.judging)
        self._closing.enter_context(self._storing)
        self.hub.start()
        try:
            await self._check_database()
            if self.rounds.current:  # started again after a crash: continue where it stopped
                await asyncio.gather(*(self.judge_of(each.prompt) for each in self.rounds.current))
            for prompt in () if self.rounds.current else self.settings.prompts:
                await self.begin(prompt, self.settings.minutes, beside=True)
        except BaseException:
            self._closing.close()
            raise
        if self.rounds.current:
            self.rounds.show(self.rounds.current[0].slug)
        self._tasks = [asyncio.create_task(self._watch_clock())]
        if self.settings.keep_days is not None:
            self._tasks.append(asyncio.create_task(self._delete_old(self.settings.keep_days)))
        return self

    async def __aexit__(self, *_: object) -> None:
        for task in self._tasks:
            task.cancel()
        await self.hub.close()
        self._closing.close()

    async def _check_database(self) -> None:
        try:
            await asyncio.to_thread(self.submissions.check_writable)
        except LeaderboardError as error:
            if not self.rounds.current:
                raise  # before anybody draws
            self.database_failed(error)  # a show goes on: pages and scores can still be read

    async def judge_of(self, prompt: str) -> Board:
        """Prepare the judge of a prompt, and return the board that its drawings rank on."""
        judge, encoder = await self.judging.prepare(prompt)
        self.moderation = effective(self.settings.moderation, judge.active_guards)
        origin = "camera" if self.settings.one_board else "web"
        return Board(prompt, encoder, *judge.score_range, origin)  # type: ignore[arg-type]

    async def begin(self, prompt: str, minutes: float | None, *, beside: bool) -> Round:
        """Open a prompt for everybody.

        Raises:
            PromptError: It is blank, too long, not suitable for a stage, or refused by the judge.
        """
        text = clean_text(prompt)
        if not text or len(text) > _LONGEST_PROMPT:
            raise PromptError(
                f"A prompt must have 1 to {_LONGEST_PROMPT} characters (got {len(text)})."
            )
        if "nsfw" in self.settings.guards and is_unsafe(text):
            raise PromptError(
                f'The prompt "{text}" is not suitable for a stage.', fix="Try another."
            )
        board = await self.judge_of(text)
        return self.rounds.begin(board, minutes, beside=beside)

    async def store(self, turn: Turn, picture: Picture, verdict: Verdict) -> bool:
        """Store a judged drawing; when this returns, it is on the disk.

        Returns:
            Whether it is new.

        Raises:
            LeaderboardError: The database does not take it.
            SubmissionTakenError: Its id is another player's.
        """
        state = first_state(self.moderation, verdict)
        stored = await self._storing.do(_Stored(turn, picture.png, state, verdict.flags))
        self.hub.changed()
        return stored

    async def once(self, key: Hashable, work: Callable[[], Coroutine[Any, Any, None]]) -> None:
        """Do something; who asks for the same meanwhile waits for it, and gets the same error."""
        task = self._under_way.get(key)
        if task is None:
            task = self._under_way[key] = asyncio.create_task(work())
            task.add_done_callback(lambda _: self._under_way.pop(key, None))
        # The phone may leave; what it sent is stored all the same.
        await asyncio.shield(task)

    def _load(self) -> Encoder:
        return load_encoder(self.settings.model, fetch=True, progress=self._progress, apart=True)

    def _progress(self, done: int, total: int) -> None:
        tenths = 10 * done // max(total, 1)
        if tenths != self._tenths:
            self._tenths = tenths
            self.notice(f"Downloading {self.settings.model}: {10 * tenths} % of {total >> 20} MiB.")

    def database_failed(self, error: Exception) -> None:
        """Report to the presenter, now and then, that the database is unavailable."""
        now = time.monotonic()
        if now - self._failed_at > _TELL_AGAIN_S:
            self._failed_at = now
            self.notice(str(error))

    def picture(self, submission: Submission) -> bytes | None:
        """Return the PNG of a drawing. Blocks."""
        key = submission.turn.id
        if key not in self._pictures:
            found = self.submissions.picture(key)
            if found is None:
                return None
            self._pictures[key] = found
            while len(self._pictures) > _CACHED_PICTURES:
                self._pictures.popitem(last=False)
        return self._pictures.get(key)

    def _store_batch(self, batch: Sequence[_Stored]) -> list[bool | Exception]:
        results: list[bool | Exception] = []
        for item in batch:
            try:
                results.append(self.submissions.store(item.turn, item.png, item.state, item.flags))
            except (LeaderboardError, SubmissionTakenError) as error:
                results.append(error)
        if any(result is True for result in results):
            self.leaderboard.sync()  # one for all of them, before any is acknowledged
        return results

    async def _watch_clock(self) -> None:
        """Notify pages when a round's time is up."""
        over: set[tuple[str, float]] = set()
        while True:
            await asyncio.sleep(0.25)
            for each in self.rounds.current:
                key = (each.slug, each.ends_at or 0.0)
                if each.ends_in_s == 0 and key not in over:
                    over.add(key)
                    self.hub.changed(urgent=True)

    async def _delete_old(self, keep_days: float) -> None:
        while True:
            try:
                deleted = await asyncio.to_thread(delete_old, self.submissions, keep_days)
                if deleted:
                    self.notice(f"Deleted {deleted:,} drawing(s) older than {keep_days:g} days.")
                    self.hub.changed()
            except LeaderboardError as error:
                self.notice(str(error))
            await asyncio.sleep(_HOUR_S)
