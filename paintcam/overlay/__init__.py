"""The heads-up display: score, best, prompt and state, drawn on the picture.

`Hud` holds what is shown, `Overlay` draws it. Nothing here knows cameras, encoders or sessions.
"""

from __future__ import annotations

from paintcam.overlay.draw import Overlay
from paintcam.overlay.hud import KEYS, Hud

__all__ = ["KEYS", "Hud", "Overlay"]
