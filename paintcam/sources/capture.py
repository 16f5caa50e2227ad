"""OpenCV captures as Inference's `VideoSource` wants them, and what `--source` may name."""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from paintcam.errors import SourceError

if TYPE_CHECKING:
    import numpy as np
    import numpy.typing as npt
    from streamvision.camera.entities import SourceProperties

__all__ = ["Capture", "Reference"]

TIMEOUT_MS = 1500
PICTURES = {".png", ".jpg", ".jpeg", ".bmp", ".webp", ".tif", ".tiff", ".ppm", ".pgm"}


@dataclass(frozen=True, slots=True)
class Reference:
    """What `--source` names.

    Attributes:
        kind: "camera" (index or device path), "stream" (URL) or "file".
        value: As OpenCV takes it.
        name: As a person may see it: a URL without user, password and query.
    """

    kind: Literal["camera", "stream", "file"]
    value: int | str
    name: str

    @classmethod
    def parse(cls, text: str) -> Reference:
        """Tell cameras, streams and files apart.

        Raises:
            SourceError: An index below 0, no such file, a folder, an empty file, a still picture.
        """
        text = text.strip()
        if re.fullmatch(r"[+-]?[0-9]+", text):
            if int(text) < 0:
                raise SourceError(
                    f"No camera has the index {text}. Run `paintcam cameras` to list cameras."
                )
            return cls("camera", int(text), f"camera {int(text)}")
        if "://" in text:
            from streamvision.camera.source_reference_sanitizer import sanitize_source_reference

            return cls("stream", text, sanitize_source_reference(text))
        if text.startswith("/dev/"):
            return cls("camera", text, text)
        missing = SourceError(
            f"No such file: {text!r}. Pass a video file, a URL, or a camera's index from "
            "`paintcam cameras`."
        )
        try:
            path = Path(text).expanduser()
            if not text or not path.exists():
                raise missing
        except (OSError, RuntimeError, ValueError):  # too long a name, no such user, a NUL
            raise missing from None
        if path.is_dir():
            raise SourceError(f"{text!r} is a folder. Run `paintcam score {text}` for pictures.")
        if path.suffix.lower() in PICTURES:
            raise SourceError(f"{text!r} is a still picture. Run `paintcam score {text}` for it.")
        if path.stat().st_size == 0:
            raise SourceError(f"{text!r} is empty: 0 bytes. Copy or record it again.")
        return cls("file", str(path), path.name)

    def failure(self) -> str:
        """Say that it cannot be opened, and what to do."""
        if self.kind == "camera":
            return (
                f"Cannot open {self.name}. Run `paintcam cameras` to list cameras, or pass "
                "`--source video.mp4`."
            )
        if self.kind == "stream":
            return (
                f"Cannot open {self.name}: no answer within {TIMEOUT_MS / 1000:g} s, or no video. "
                "Check the address in a browser or player, or pass `--source 0` for the webcam."
            )
        return (
            f"Cannot play {self.name}: not a video, or cut short. Check it in a player, or "
            "convert it with `ffmpeg -i FILE video.mp4`."
        )

    def silence(self) -> str:
        """Say that it opened but gave no picture, and what to do."""
        if self.kind == "camera":
            return (
                f"{self.name.capitalize()} opened but gives no picture: another program may be "
                "using it. Close that program, or run `paintcam cameras` for another camera."
            )
        return self.failure()


class Capture:
    """A `cv2.VideoCapture` in the form of streamvision's `VideoFrameProducer`.

    URLs go through FFmpeg with short timeouts: OpenCV's own are 30 s, in which nothing can be
    stopped.

    Args:
        reference: What to open.
        backend: OpenCV's name of a backend; None lets OpenCV choose. One that reads cameras alone
            is passed over for files and streams.

    Raises:
        SourceError: This OpenCV has no backend of that name.
    """

    def __init__(self, reference: Reference, *, backend: str | None = None) -> None:
        """Open it; blocks for as long as the driver takes."""
        quiet_backends()
        import cv2

        # the variable counts only where it is set before OpenCV is loaded
        cv2.setLogLevel(0)
        self._reference = reference
        api = _api(backend)
        if reference.kind != "camera" and api not in (cv2.CAP_FFMPEG, cv2.CAP_GSTREAMER):
            api = cv2.CAP_ANY  # set once for the webcam, it must not break a clip
        if reference.kind == "stream" and api in (cv2.CAP_ANY, cv2.CAP_FFMPEG):
            self.stream = cv2.VideoCapture(
                reference.value,
                cv2.CAP_FFMPEG,
                [
                    cv2.CAP_PROP_OPEN_TIMEOUT_MSEC,
                    TIMEOUT_MS,
                    cv2.CAP_PROP_READ_TIMEOUT_MSEC,
                    TIMEOUT_MS,
                ],
            )
        else:
            self.stream = cv2.VideoCapture(reference.value, api)

    def isOpened(self) -> bool:  # noqa: N802 - VideoSource's name
        """Whether frames may come."""
        return bool(self.stream.isOpened())

    def grab(self) -> bool:
        """Advance to the next frame; blocks until it is there."""
        return bool(self.stream.grab())

    def retrieve(self) -> tuple[bool, npt.NDArray[np.generic]]:
        """Decode the grabbed frame: BGR uint8 (H, W, 3), or what an odd camera gives."""
        ok, image = self.stream.retrieve()
        return bool(ok), image

    def release(self) -> None:
        """Close the device or file."""
        self.stream.release()

    def connection_error_message(self) -> str:
        """Nothing: paintcam words its own."""
        return ""

    def initialize_source_properties(self, properties: dict[str, float | str]) -> None:
        """Ask the camera for a size, rate and format."""
        from streamvision.camera.capture_properties import apply_capture_properties

        apply_capture_properties(self.stream, properties=properties)

    def discover_source_properties(self) -> SourceProperties:
        """Width and height in pixels, frames a second (0 where unknown), and file or stream."""
        import cv2
        from streamvision.camera.entities import SourceProperties

        return SourceProperties(
            width=int(self.stream.get(cv2.CAP_PROP_FRAME_WIDTH)),
            height=int(self.stream.get(cv2.CAP_PROP_FRAME_HEIGHT)),
            total_frames=int(self.stream.get(cv2.CAP_PROP_FRAME_COUNT)),
            is_file=self._reference.kind == "file",
            fps=float(self.stream.get(cv2.CAP_PROP_FPS)),
        )


def _api(backend: str | None) -> int:
    """OpenCV's number of a backend; `cv2.CAP_` holds many names that are none."""
    import cv2
    from cv2 import videoio_registry as registry

    known = {registry.getBackendName(api): int(api) for api in registry.getBackends()}
    api = {"ANY": int(cv2.CAP_ANY), **known}.get((backend or "ANY").upper())
    if api is None:
        cameras = (registry.getBackendName(api) for api in registry.getCameraBackends())
        raise SourceError(
            f"OpenCV has no backend {backend!r} here. Leave `--backend` out, or name one of "
            f"{', '.join(cameras)}."
        )
    return api


def quiet_backends() -> None:
    """Keep OpenCV's and FFmpeg's own log off the terminal: FFmpeg prints URLs with passwords.

    Works where it is called before the process opens its first capture.
    """
    os.environ["OPENCV_FFMPEG_LOGLEVEL"] = "-8"
    os.environ.setdefault("OPENCV_LOG_LEVEL", "SILENT")
    # without it Media Foundation takes half a minute to open some cameras
    os.environ.setdefault("OPENCV_VIDEOIO_MSMF_ENABLE_HW_TRANSFORMS", "0")
