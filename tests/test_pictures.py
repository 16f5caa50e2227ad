"""Picture files of every format and kind, also hostile ones."""

from __future__ import annotations

import io
import os
import random
import socket
import struct
import subprocess
import sys
import warnings
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, features
from typer.testing import CliRunner

from hostile import run_here
from paintcam.cli import app
from paintcam.errors import SourceError
from paintcam.sources import pictures
from paintcam.sources.pictures import find_pictures, pictures_in, read_picture

CASES = Path(__file__).parent / "references" / "cases"
WH = (64, 48)


def drawing() -> Image.Image:
    """A picture that differs in every orientation: red top left, green top right, rest white."""
    image = Image.new("RGB", WH, "white")
    image.paste((255, 0, 0), (0, 0, 20, 20))
    image.paste((0, 200, 0), (44, 0, 64, 20))
    return image


def difference(path: Path) -> float:
    """How far the file is from the drawing, upright."""
    upright = np.asarray(drawing())[:, :, ::-1].astype(int)
    image = read_picture(path).image
    assert image.shape == upright.shape
    return float(np.abs(image.astype(int) - upright).mean())


@pytest.mark.parametrize(
    "name",
    ["a.png", "a.jpg", "a.jpeg", "a.bmp", "a.webp", "a.tif", "a.ppm", "a.gif", "a.jp2", "a.avif"],
)
def test_every_format_is_read(tmp_path, name):
    """As a file, and found in a folder."""
    if name == "a.avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    drawing().save(tmp_path / name, quality=95)
    assert find_pictures([tmp_path]) == [tmp_path / name]
    assert difference(tmp_path / name) < 6


SUFFIXES = (".png", ".jpg", ".webp", ".tif", ".avif")
KINDS = [(suffix, mode) for suffix in SUFFIXES for mode in ("RGB", "RGBA", "L")]
KINDS.remove((".jpg", "RGBA"))  # JPEG has no alpha


@pytest.mark.parametrize("orientation", range(1, 9))
@pytest.mark.parametrize(("suffix", "mode"), KINDS)
def test_every_orientation_of_every_format_is_upright(tmp_path, suffix, orientation, mode):
    """What cameras write beside the pixels is applied, with alpha and in grey too."""
    if suffix == ".avif" and not features.check("avif"):
        pytest.skip("this Pillow has no AVIF")
    undo = {
        2: Image.Transpose.FLIP_LEFT_RIGHT,
        3: Image.Transpose.ROTATE_180,
        4: Image.Transpose.FLIP_TOP_BOTTOM,
        5: Image.Transpose.TRANSPOSE,
        6: Image.Transpose.ROTATE_90,
        7: Image.Transpose.TRANSVERSE,
        8: Image.Transpose.ROTATE_270,
    }
    upright = drawing().convert(mode)
    stored = upright.transpose(undo[orientation]) if orientation > 1 else upright
    exif = Image.Exif()
    exif[0x0112] = orientation
    path = tmp_path / f"a{suffix}"
    stored.save(path, exif=exif, quality=95)
    expected = np.asarray(upright.convert("RGB"))[:, :, ::-1].astype(int)
    image = read_picture(path).image
    assert image.shape == expected.shape
    assert np.abs(image.astype(int) - expected).mean() < 8


@pytest.mark.parametrize("name", ["exif6_rgba.png", "exif3.avif", "house.heic"])
def test_the_pictures_that_lay_on_their_side(name):
    if name.endswith("heic"):
        pytest.importorskip("pi_heif")
    house = read_picture(CASES / "house.png").image.astype(int)
    assert np.abs(read_picture(CASES / name).image - house).mean() < 2


@pytest.mark.parametrize("mode", ["1", "L", "LA", "P", "RGBA", "CMYK", "I;16", "I", "F"])
def test_every_kind_of_pixel_becomes_bgr(tmp_path, mode):
    """White paper stays white, and what is transparent shows it."""
    white = {"I;16": 65535, "I": 65535, "F": 1.0, "1": 1, "CMYK": (0, 0, 0, 0)}
    colour = white.get(mode, {"LA": (0, 0), "RGBA": (0, 0, 0, 0)}.get(mode, 255))
    image = Image.new(mode, WH, colour)
    if mode == "P":
        image = Image.new("RGB", WH, "white").convert("P")
    path = tmp_path / ("a.tif" if mode in ("CMYK", "F") else "a.png")
    with warnings.catch_warnings():  # Pillow 13 will no longer write mode I, but files have it
        warnings.filterwarnings("ignore", "Saving I mode images as PNG", DeprecationWarning)
        image.save(path)
    read = read_picture(path).image
    assert read.shape == (WH[1], WH[0], 3)
    assert (read == 255).all()


def test_transparency_of_a_palette_lies_on_white(tmp_path):
    """GIF and PNG-8 with one transparent colour."""
    image = Image.new("P", WH, 0)
    image.putpalette([0, 0, 0, 255, 0, 0])
    for name in ("a.png", "a.gif"):
        image.save(tmp_path / name, transparency=0)
        assert (read_picture(tmp_path / name).image == 255).all()


def test_a_heic_without_its_decoder_names_the_command(tmp_path, monkeypatch):
    """Not "damaged": what is missing can be installed."""
    path = tmp_path / "IMG_0001.HEIC"
    path.write_bytes(b"\0\0\0\x24ftypheic\0\0\0\0mif1heicMiHBMiPr" + bytes(200))
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    pictures._load_plugins.cache_clear()
    with pytest.raises(SourceError, match=r"HEIC support is not installed.*paintcam\[heic\]"):
        read_picture(path)
    assert find_pictures([tmp_path]) == [path]
    pictures._load_plugins.cache_clear()


def test_score_names_what_it_leaves_out(tmp_path, monkeypatch):
    """The rest of the folder is scored."""
    monkeypatch.setitem(sys.modules, "pi_heif", None)
    monkeypatch.setattr(pictures, "_load_plugins", Image.init)
    (tmp_path / "a.heic").write_bytes(b"\0\0\0\x24ftypheic\0\0\0\0mif1heicMiHBMiPr" + bytes(200))
    drawing().save(tmp_path / "b.jp2")
    done = CliRunner().invoke(
        app, ["score", str(tmp_path), "--prompt", "a house", "--model", "sketch", "--json"]
    )
    assert "b.jp2" in done.output
    assert "a.heic" in done.output
    assert "pip install 'paintcam[heic]'" in done.output


def test_hidden_files_and_folders_are_skipped(tmp_path):
    """What a Mac or a file manager leaves behind; a folder that is hidden itself is read."""
    folder = tmp_path / ".drawings"
    for name in ("a.png", "._a.png", ".thumbs/a.png", "b/.hidden.jpg", "b/c.PNG", "b/d.txt"):
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        drawing().save(folder / name, format="png")
    (folder / "folder.png").mkdir()
    assert [str(path.relative_to(folder)) for path in pictures_in(folder)] == ["a.png", "b/c.PNG"]


def test_pictures_of_other_kinds_are_named_as_left_out(tmp_path):
    """Not silently missing from the table; the rest is scored, and the exit code is 0."""
    drawing().save(tmp_path / "a.jfif", format="jpeg")
    drawing().save(tmp_path / "b.png")
    for name in ("logo.SVG", "scan.pdf", "raw/IMG.CR2", ".hidden.svg", "rules.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    code, out, err = run_here("score", str(tmp_path), "--prompt", "a house", "--model", "sketch")
    assert code == 0
    assert "a.jfif" in out
    assert "b.png" in out
    assert "Left out logo.SVG, IMG.CR2, scan.pdf: paintcam does not read" in err.replace("\n", " ")


def test_a_folder_that_goes_away_while_it_is_listed_is_left_out(tmp_path, monkeypatch):
    """A phone or a cloud that synchronises, or `paintcam score /` with its processes."""
    drawing().save(tmp_path / "a.png")
    (tmp_path / "b").mkdir()
    scan = os.scandir

    def scan_after_removal(folder):
        (tmp_path / "b").rmdir() if str(folder).endswith("b") else None
        return scan(folder)

    monkeypatch.setattr(os, "scandir", scan_after_removal)
    assert find_pictures([tmp_path]) == [tmp_path / "a.png"]


@pytest.mark.parametrize("name", ["", "  "])
def test_a_blank_name_is_an_error(name):
    """Not the current folder."""
    with pytest.raises(SourceError, match="No such file"):
        find_pictures([name])
    done = CliRunner().invoke(app, ["score", name, "--prompt", "a house", "--model", "sketch"])
    assert done.exit_code != 0


@pytest.mark.skipif(sys.platform == "win32", reason="needs FIFOs and devices")
@pytest.mark.parametrize("kind", ["fifo", "device", "link to a device", "socket", "folder"])
def test_anything_but_a_regular_file_is_refused_at_once(tmp_path, kind):
    """Nothing waits for a writer, nothing reads zeros forever."""
    path = tmp_path / "a.png"
    if kind == "fifo":
        os.mkfifo(path)
    elif kind == "device":
        path = Path("/dev/zero")
    elif kind == "link to a device":
        path.symlink_to("/dev/zero")
    elif kind == "folder":
        path.mkdir()
    with socket.socket(socket.AF_UNIX) as unix:
        if kind == "socket":
            unix.bind(os.path.relpath(path))
        with pytest.raises(SourceError, match=r"not a regular file|a folder"):
            read_picture(path)


@pytest.mark.parametrize(
    ("content", "words"),
    [(b"", "is empty"), (b"no picture" * 99, "not a picture, or damaged"), (None, "No such file")],
)
def test_what_cannot_be_read(tmp_path, content, words):
    path = tmp_path / "a.png"
    if content is not None:
        path.write_bytes(content)
    with pytest.raises(SourceError, match=words):
        read_picture(path)


def test_a_name_that_is_not_utf_8_is_read_or_refused_in_words(tmp_path):
    """As in old zip archives; every message can be printed."""
    path = tmp_path / "caf\udce9.png"
    drawing().save(io.BytesIO(), "png")
    with pytest.raises(SourceError) as caught:
        read_picture(path)
    assert str(caught.value).encode("utf-8")
    with path.open("wb") as file:
        drawing().save(file, "png")
    assert read_picture(path).image.shape == (48, 64, 3)


def png_of(width: int, height: int, rows: bytes | None = None) -> bytes:
    """A PNG with these packed rows; without them its header claims a size that no data follows."""

    def chunk(kind: bytes, data: bytes) -> bytes:
        return (
            struct.pack(">I", len(data)) + kind + data + struct.pack(">I", zlib.crc32(kind + data))
        )

    header = struct.pack(">IIBBBBB", width, height, 8, 2, 0, 0, 0)
    data = zlib.compress(bytes(100))
    return (
        b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", header) + chunk(b"IDAT", data) + chunk(b"IEND", b"")
    )


def gif_of(width: int, height: int) -> bytes:
    head = b"GIF89a" + struct.pack("<HH", 1, 1) + b"\x80\0\0\0\0\0\xff\xff\xff"
    return head + b"," + struct.pack("<HHHH", 0, 0, width, height) + b"\0\x02\x02D\x01\0;"


def bmp_of(width: int, height: int) -> bytes:
    info = struct.pack("<IiiHHIIiiII", 40, width, height, 1, 24, 0, 0, 0, 0, 0, 0)
    return b"BM" + struct.pack("<IHHI", 54, 0, 0, 54) + info


def ppm_of(width: int, height: int) -> bytes:
    return b"P6 %d %d 255\n" % (width, height)


TOO_LARGE = [(10_001, 10_001), (30_000, 30_000), (60_000, 60_000)]


@pytest.mark.parametrize("wh", TOO_LARGE)
@pytest.mark.parametrize("make", [png_of, gif_of, bmp_of, ppm_of])
def test_a_header_that_claims_too_many_pixels_is_refused_before_decoding(tmp_path, make, wh):
    path = tmp_path / "a.png"
    path.write_bytes(make(*wh))
    with pytest.raises(SourceError, match=r"too large: \d+ megapixels, more than 100"):
        read_picture(path)


BOMB = r"""
import re, sys, time
from pathlib import Path
from paintcam.errors import SourceError
from paintcam.sources.pictures import read_picture
started = time.monotonic()
try:
    read_picture(Path(sys.argv[1]))
except SourceError as error:
    print(error.what)
peak = re.search(r"VmHWM:\s*(\d+)", open("/proc/self/status").read())
print(time.monotonic() - started, int(peak[1]) >> 10)  # ru_maxrss would count the parent, too
"""


@pytest.mark.skipif(sys.platform != "linux", reason="reads /proc")
def test_a_bomb_costs_neither_time_nor_memory(tmp_path):
    """900 megapixels in some kB, as far as the header goes."""
    packer = zlib.compressobj(9)
    row = bytes(1 + 3 * 30_000)
    rows = b"".join(packer.compress(row) for _ in range(3_000)) + packer.flush()
    path = tmp_path / "bomb.png"
    path.write_bytes(png_of(30_000, 30_000, rows))
    done = subprocess.run(
        [sys.executable, "-c", BOMB, str(path)], capture_output=True, text=True, check=True
    )
    what, cost = done.stdout.splitlines()
    assert "900 megapixels" in what
    took_s, peak_mib = cost.split()
    assert float(took_s) < 5
    assert int(peak_mib) < 400


def mutants(count: int) -> list[tuple[str, bytes]]:
    """Small pictures of all formats, cut, with bytes changed, repeated and swapped."""
    rng = random.Random(20260101)
    originals = []
    for kind in ("png", "jpeg", "bmp", "webp", "tiff", "ppm", "gif", "jpeg2000", "avif"):
        if kind == "avif" and not features.check("avif"):
            continue
        file = io.BytesIO()
        drawing().convert(rng.choice(["RGB", "L"])).save(file, kind)
        originals.append((kind, file.getvalue()))
    files = []
    for _ in range(count):
        kind, content = rng.choice(originals)
        broken = bytearray(content)
        for _ in range(rng.choice([1, 1, 2, 8, 40])):
            at = rng.randrange(len(broken))
            how = rng.randrange(4)
            if how == 0:
                broken[at] = rng.choice([0, 1, 0x7F, 0x80, 0xFF, rng.randrange(256)])
            elif how == 1:
                del broken[at : at + rng.randrange(1, 20)]
            elif how == 2:
                broken[at:at] = rng.randbytes(rng.randrange(1, 20))
            else:
                broken[at : at + 4] = rng.choice(
                    [b"\xff\xff\xff\xff", b"\0\0\0\0", b"\x7f\xff\xff\xff"]
                )
            if not broken:
                broken = bytearray(b"\0")
        if rng.random() < 0.2:
            broken = broken[: rng.randrange(len(broken) + 1)]
        files.append((kind, bytes(broken)))
    return files


@pytest.mark.timeout(300)
def test_500_random_pictures_end_in_a_picture_or_a_clear_message(tmp_path):
    """The same ones every time; nothing else may happen, a crash of the process least."""
    read, errors = 0, []
    for number, (kind, content) in enumerate(mutants(500)):
        path = tmp_path / f"{number}.{kind}"
        path.write_bytes(content)
        try:
            image = read_picture(path).image
        except SourceError as error:
            errors.append(error)
        else:
            read += 1
            assert image.dtype == np.uint8
            assert image.shape[2] == 3
    assert read > 50
    assert len(errors) > 50
    assert all(error.what.startswith(("Cannot read '", "'")) and error.fix for error in errors)
