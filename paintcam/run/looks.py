"""Which frame is judged next, and what the frames between two verdicts are worth."""

from __future__ import annotations

from collections import Counter, deque

from paintcam.frames import Frame
from paintcam.judge.look import Look

__all__ = ["Looks"]

KNOWN = 6
"""How many pictures are remembered: whoever swaps two quickly shows two."""
FRAMES = 600
"""How many frames are remembered until the next verdict: 20 seconds at 30 per second."""


class _Picture:
    """Frames that look the same."""

    def __init__(self, look: Look) -> None:
        self.look = look
        """Of the newest of them: hands drift."""
        self.score: float | None = None
        """That of the newest verdict on one of them."""


class Looks:
    """Takes every frame that is shown. Not thread-safe: the scorer calls it under its lock.

    The newest frame is judged next, but first one that looks unlike the frame that was judged last:
    a slow encoder that sees every tenth frame must not miss a picture that is swapped for another.
    """

    def __init__(self) -> None:
        self._newest: Frame | None = None
        self._unlike: Frame | None = None
        self._judged: _Picture | None = None
        self._score: float | None = None  # of the verdict before
        self._known: list[_Picture] = []  # the one that was seen last is first
        self._shown: deque[tuple[int, _Picture]] = deque(maxlen=FRAMES)  # since the last verdict

    @property
    def waiting(self) -> bool:
        """Whether a frame is there to be judged."""
        return self._newest is not None

    def offer(self, frame: Frame) -> None:
        """Take a frame that is shown."""
        picture = self._picture_of(frame)
        self._shown.append((frame.index, picture))
        self._newest = frame
        if self._judged is not None and picture is not self._judged:
            self._unlike = frame

    def take(self) -> Frame | None:
        """Return the frame to judge now; None if there is no new one."""
        frame = self._unlike or self._newest
        if frame is None:
            return None
        if frame is self._newest:
            self._newest = None
        self._unlike = None
        pictures = dict(self._shown)
        self._judged = pictures.get(frame.index)
        return frame

    def held(self, frame: Frame, score: float) -> tuple[tuple[float, float], ...]:
        """Take the score of a frame, and value the frames since the verdict before.

        Args:
            frame: The frame that was judged.
            score: 0…100.

        Returns:
            Scores and the share of that time that each was shown for; empty if no frame was
            shown. A picture that was not judged counts for the lower of both verdicts.
        """
        before, self._score = self._score, score
        shown = []
        while self._shown and self._shown[0][0] <= frame.index:
            shown.append(self._shown.popleft()[1])
        if not shown or self._judged is not shown[-1]:
            return ()
        self._judged.score = score
        if before is None:
            return ((score, 1.0),)
        lower = min(before, score)
        worth = Counter(lower if one.score is None else one.score for one in shown)
        return tuple((value, count / len(shown)) for value, count in worth.items())

    def forget(self) -> None:
        """Forget the scores: another prompt is judged."""
        self._score = None
        for picture in self._known:
            picture.score = None

    def _picture_of(self, frame: Frame) -> _Picture:
        look = Look(frame.image)
        picture = next((one for one in self._known if one.look.same(look)), _Picture(look))
        picture.look = look
        others = [one for one in self._known if one is not picture]
        self._known = [picture, *others][:KNOWN]
        return picture
