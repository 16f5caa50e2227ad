"""`paintcam cameras`: list the cameras of this machine."""

from __future__ import annotations

from paintcam.cli.options import JsonOption
from paintcam.cli.output import Column, print_json, print_line, print_table

__all__ = ["cameras"]


def cameras(as_json: JsonOption = False) -> None:
    """List cameras with index, name, resolution and frame rate."""
    from paintcam.sources.cameras import list_cameras
    from paintcam.sources.capture import quiet_backends

    quiet_backends()
    found = list_cameras()
    if as_json:
        for camera in found:
            width, height = camera.resolution_wh or (None, None)
            print_json(
                {
                    "type": "camera",
                    "index": camera.index,
                    "name": camera.name,
                    "width": width,
                    "height": height,
                    "fps": camera.fps,
                    "trouble": camera.trouble,
                }
            )
        return
    if not found:
        print_line(
            "No cameras found. Plug one in, or run `paintcam --prompt … --source video.mp4`."
        )
        return
    rows = []
    for camera in found:
        size = "×".join(map(str, camera.resolution_wh)) if camera.resolution_wh else camera.trouble
        fps = f"{camera.fps:g}" if camera.fps else ""
        rows.append((str(camera.index), camera.name or "unnamed", size, fps))
    columns: list[Column] = [("index", "right"), ("camera", "fold"), "resolution", ("fps", "right")]
    print_table(columns, rows, box=False)
    usable = next((camera.index for camera in found if not camera.trouble), None)
    if usable is not None:
        print_line(f'To use one, run `paintcam --source {usable} --prompt "a red fox"`.')
