"""Where files go, and how they get there."""

from __future__ import annotations

from pathlib import Path

import pytest

from paintcam.folders import write_atomically


def test_a_file_is_replaced_whole(tmp_path: Path):
    """The folder is made, the older file replaced, and nothing is left beside it."""
    path = tmp_path / "new" / "best.json"
    for content in (b"first", b"second"):
        write_atomically(path, content)
        assert path.read_bytes() == content
    assert list(path.parent.iterdir()) == [path]


def test_a_file_that_cannot_be_written_leaves_the_older_one(tmp_path: Path, monkeypatch):
    """A disk that is full in the middle of writing costs nothing that was there."""
    path = tmp_path / "best.json"
    path.write_bytes(b"older")

    def full(half: Path, content: bytes) -> int:
        half.open("wb").write(content[:1])
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(Path, "write_bytes", full)
    with pytest.raises(OSError, match="No space"):
        write_atomically(path, b"newer")
    assert [file.name for file in tmp_path.iterdir()] == ["best.json"]
    assert path.read_bytes() == b"older"


def test_others_may_read_what_is_kept(tmp_path: Path):
    """A picture gets the permissions of any new file: a photo-finish is there to be shown."""
    plain, kept = tmp_path / "plain", tmp_path / "kept"
    plain.touch()
    write_atomically(kept, b"")
    assert kept.stat().st_mode == plain.stat().st_mode
