"""CLIP on a self-hosted Roboflow Inference server: one GPU for many cameras.

`--model server:http://HOST:9001`, or `server:http://HOST:9001#ViT-L-14` for another variant. The
server has no authentication of its own, so it belongs in a private network. The API key comes from
ROBOFLOW_API_KEY; it goes to the server alone, and is never shown.
"""

from __future__ import annotations

import base64
import json
import os
from collections.abc import Sequence
from typing import Any
from urllib.parse import urlsplit

import numpy as np

from paintcam.encoders.base import Embeddings, EncoderInfo, check_prompts, unit_rows
from paintcam.encoders.clip import CLIP_RANGE
from paintcam.encoders.clip_pixels import clip_square
from paintcam.encoders.clip_variants import DEFAULT_VARIANT, VARIANTS
from paintcam.encoders.http_answers import Interrupted, status_of
from paintcam.errors import ModelError, PromptError, UnavailableError
from paintcam.frames import Image

__all__ = ["ServerEncoder", "server_name"]

BATCH = 8
"""The server's own limit: nine pictures or texts are an error 500."""
CONNECT_S, ANSWER_S = 3.0, 10.0
"""Longest time for a connection, and for a whole answer."""
LOAD_S = 120.0
"""Longest time for the first answers, before which the server loads the model."""
MOST_BYTES = 4 << 20
"""Longest answer: eight embeddings are 0.2 MB."""
MOST_DIM = 4096
"""Most dimensions: the largest CLIP has 1024."""
TIMED_OUT, LOST = "timed out", "connection lost"
CHECK = "Check that the server runs and that this machine can reach it."


def server_name(model: str) -> str:
    """Check a server's address, and return the encoder's full name.

    Args:
        model: "server:http://HOST:PORT", optionally with "#VARIANT".

    Returns:
        "server:http://HOST:PORT#VARIANT": safe to show, and to store.

    Raises:
        ModelError: The address has another form or holds a password, or the variant is unknown.
    """
    address, _, variant = model.removeprefix("server:").partition("#")
    variant = variant or DEFAULT_VARIANT
    form = ModelError(
        "The address of an Inference server must have the form http://HOST:PORT, without a user, a "
        "path or a query.",
        fix="Pass it as `--model server:http://192.168.1.20:9001`, and the API key in "
        "ROBOFLOW_API_KEY.",
    )
    try:
        parts = urlsplit(address)
        host, port = parts.hostname, parts.port
    except ValueError:
        raise form from None  # the cause holds the address, and with it a password
    odd = "@" in parts.netloc or parts.path.strip("/") or parts.query or not host
    if odd or parts.scheme not in ("http", "https") or not address.isprintable():
        raise form
    if variant not in VARIANTS:
        raise ModelError(
            f"Unknown CLIP variant {variant!r}.", fix=f"Choose one of {', '.join(VARIANTS)}."
        )
    shown = f"[{host}]" if ":" in str(host) else host
    return f"server:{parts.scheme}://{shown}{f':{port}' if port else ''}#{variant}"


class ServerEncoder:
    """CLIP on a Roboflow Inference server.

    Args:
        model: As `server_name` takes it.

    Raises:
        UnavailableError: The server does not answer, or not as it should.
        ModelError: The address is not valid.
    """

    def __init__(self, model: str) -> None:
        from paintcam.encoders.http_calls import HttpCalls

        self._name = server_name(model)
        self._url, _, self._variant = self._name.removeprefix("server:").partition("#")
        self._edge = VARIANTS[self._variant].image_size
        # No proxy, no password from ~/.netrc, no redirect: the key is for this server alone.
        self._http = HttpCalls(environment=False, redirect=False)
        self._known: dict[str, Embeddings] = {}
        self._is_starting = True
        self._limit_s, self._dim = LOAD_S, 0
        blank = np.zeros((self._edge, self._edge, 3), np.uint8)
        self._dim = self._embed("text", ["paper"]).shape[1]
        self.encode_image([blank])  # loads the picture half, and compares the dimensions
        self._limit_s = ANSWER_S
        self._is_starting = False

    @property
    def info(self) -> EncoderInfo:
        """What the encoder declares about itself."""
        return EncoderInfo(self._name, CLIP_RANGE, knows_nsfw=True, slow=True, engine="server")

    def encode_image(self, images: Sequence[Image]) -> Embeddings:
        """Embed frames in the joint space.

        Args:
            images: BGR uint8 frames, each (H, W, 3); sizes may differ. The middle square is used.

        Returns:
            Unit-norm float32 embeddings, shape (N, D), in the order given.

        Raises:
            UnavailableError: The server does not answer, or not as it should. It may later.
        """
        coded = [_coded(clip_square(image, self._edge)) for image in images]
        parts = [
            self._embed("image", coded[start : start + BATCH])
            for start in range(0, len(coded), BATCH)
        ]
        return np.concatenate(parts) if parts else np.zeros((0, self._dim), np.float32)

    def encode_text(self, texts: Sequence[str]) -> Embeddings:
        """Embed texts in the joint space; each text is sent once.

        Args:
            texts: Any number of texts, none of them blank.

        Returns:
            Unit-norm float32 embeddings, shape (N, D), in the order given.

        Raises:
            PromptError: A text is blank or too long for the server.
            UnavailableError: As above.
        """
        check_prompts(texts)
        new = [text for text in dict.fromkeys(texts) if text not in self._known]
        for start in range(0, len(new), BATCH):
            chunk = new[start : start + BATCH]
            for text, row in zip(chunk, self._embed("text", chunk), strict=True):
                self._known[text] = row
        if not texts:
            return np.zeros((0, self._dim), np.float32)
        return np.stack([self._known[text] for text in texts])

    def _embed(self, kind: str, values: list[Any]) -> Embeddings:
        body: dict[str, Any] = {kind: values, "clip_version_id": self._variant}
        if key := os.environ.get("ROBOFLOW_API_KEY"):
            body["api_key"] = key
        rows = _rows(self._ask(f"/clip/embed_{kind}", body, kind), len(values))
        if rows is None:
            raise self._unavailable("the answer holds no embeddings", "unusable answer")
        if self._dim and rows.shape[1] != self._dim:
            raise self._unavailable(
                f"its embeddings have {rows.shape[1]} dimensions instead of {self._dim}",
                "another model",
            )
        return unit_rows(rows, len(values), self._name)

    def _ask(self, path: str, body: dict[str, Any], kind: str) -> bytes:
        try:
            answer, content = self._http.read(
                "POST",
                self._url + path,
                limit_s=self._limit_s,
                most_bytes=MOST_BYTES,
                timeout=(CONNECT_S, self._limit_s),
                json=body,
            )
        except Interrupted as cut:
            reason = str(cut)
            words = TIMED_OUT if "timed out" in reason else LOST
            words = "unusable answer" if "too long" in reason else words
            raise self._unavailable(reason, words) from None
        status = answer.status_code
        if status in (401, 403):
            raise self._unavailable(
                f"it refused the API key ({status_of(answer)})",
                "API key refused",
                "Set ROBOFLOW_API_KEY to a key that the server accepts.",
            )
        if status == 400 and kind == "text":
            raise PromptError(f"The prompt is too long for {self._name}.", fix="Shorten it.")
        if status != 200:
            raise self._unavailable(f"it answered {status_of(answer)}", f"error {status}")
        return content

    def _unavailable(self, reason: str, words: str, fix: str = CHECK) -> UnavailableError:
        return UnavailableError(
            f"The Inference server {self._url} cannot be used: {reason}.",
            fix=fix,
            words="waiting for server…"
            if self._is_starting and words in (TIMED_OUT, LOST)
            else f"server: {words}, retrying…",
        )


def _coded(square: Image) -> dict[str, str]:
    """Encode a picture without loss, as the server takes it."""
    import cv2

    done, png = cv2.imencode(".png", square, [cv2.IMWRITE_PNG_COMPRESSION, 1])
    assert done  # a uint8 picture can always be coded
    return {"type": "base64", "value": base64.b64encode(png.tobytes()).decode()}


def _rows(content: bytes, count: int) -> Embeddings | None:
    """Find the rows of an answer, shape (count, D); None if they cannot be embeddings."""
    try:
        with np.errstate(over="ignore"):  # a number too large becomes infinite
            rows = np.array(json.loads(content)["embeddings"], np.float32)
    except (ValueError, KeyError, TypeError, RecursionError, OverflowError):
        return None
    if rows.ndim != 2 or len(rows) != count or not 1 <= rows.shape[1] <= MOST_DIM:
        return None
    # CLIP never embeds anything as zero: the server is broken, and would score 0 for ever
    return rows if np.isfinite(rows).all() and rows.any(axis=1).all() else None
