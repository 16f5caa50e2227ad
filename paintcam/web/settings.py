"""The settings of one `paintcam serve`, as the supervisor hands them to the server process."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Literal

__all__ = ["Moderation", "WebSettings"]

Moderation = Literal["auto", "approve", "off"]


@dataclass(frozen=True, slots=True)
class WebSettings:
    """Everything that the server process needs to know.

    Attributes:
        prompts: What to draw; each is a round of its own.
        secret: Opens the control page.
        public_url: Where phones reach the site: scheme, host and port, no slash at the end.
        state_file: Where open rounds are kept, so that a restarted server continues.
        minutes: How long a round stays open; None until it is closed.
        model: As `--model` takes it, but never "auto".
        score_range: Similarities that become 0 and 100; None for the encoder's own.
        guards: Names of the guards to run.
        database: As `Leaderboard` takes it.
        moderation: "auto" shows what the picture guard passes, "approve" waits for the presenter,
            "off" shows everything.
        one_board: Rank drawings and webcam scores together.
        keep_days: Delete drawings older than this; None keeps them.
        wifi: Network name and password for the second QR code.
        trusted_proxies: Addresses whose X-Forwarded-For is trusted.
        llm: Whether the control page may ask a language model for prompts.
        verbose: Log one line per request.
    """

    prompts: tuple[str, ...]
    secret: str
    public_url: str
    state_file: str
    minutes: float | None = None
    model: str = "sketch"
    score_range: tuple[float, float] | None = None
    guards: tuple[str, ...] = ("handwriting", "nsfw")
    database: str | None = None
    moderation: Moderation = "auto"
    one_board: bool = False
    keep_days: float | None = None
    wifi: tuple[str, str] | None = None
    trusted_proxies: tuple[str, ...] = ()
    llm: bool = False
    verbose: bool = False

    @property
    def state_path(self) -> Path:
        """The state file as a path."""
        return Path(self.state_file)

    def as_json(self) -> str:
        """Return one line of JSON that `from_json` reads."""
        return json.dumps(asdict(self))

    @classmethod
    def from_json(cls, line: str) -> WebSettings:
        """Read a line that `as_json` wrote."""
        values = json.loads(line)
        for name in ("prompts", "guards", "trusted_proxies"):
            values[name] = tuple(values[name])
        for name in ("score_range", "wifi"):
            values[name] = None if values[name] is None else tuple(values[name])
        return cls(**values)
