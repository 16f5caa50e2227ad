"""`paintcam cameras`: which cameras there are."""

from __future__ import annotations

import typer

from paintcam.cli.options import JsonOption
from paintcam.cli.report import print_json

__all__ = ["cameras"]


def cameras(as_json: JsonOption = False) -> None:
    """List cameras: index, name where the system tells, resolution, frames a second."""
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
        typer.echo(
            "No cameras. Plug one in, or pass a video: `paintcam --prompt … --source video.mp4`."
        )
        return
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    table = Table(box=None, pad_edge=False)
    table.add_column("index", justify="right")
    table.add_column("camera", overflow="fold")
    table.add_column("resolution", no_wrap=True)
    table.add_column("fps", justify="right")
    for camera in found:
        size = "×".join(map(str, camera.resolution_wh)) if camera.resolution_wh else camera.trouble
        fps = f"{camera.fps:g}" if camera.fps else ""
        table.add_row(str(camera.index), Text(camera.name or "unnamed"), size, fps)
    Console().print(table)
    usable = next((camera.index for camera in found if not camera.trouble), None)
    if usable is not None:
        typer.echo(f'Use one: paintcam --source {usable} --prompt "a red fox"')
