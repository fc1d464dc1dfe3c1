"""Specification of `atomic_write`: a file is written completely, or keeps its old content."""

import os
from pathlib import Path

import pytest

from lightning_modules import RunError
from lightning_modules.checkpoints.atomic_write import atomic_write
from tests.small_disk import small_disk


def test_text_and_bytes_are_written_and_missing_folders_are_made(tmp_path: Path) -> None:
    file = tmp_path / "new" / "notes.txt"
    atomic_write(file, "größer\n")
    assert file.read_text() == "größer\n"
    atomic_write(file, b"\x00\xff")
    assert file.read_bytes() == b"\x00\xff"
    assert list(file.parent.iterdir()) == [file]


def test_a_full_disk_leaves_the_old_content(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    atomic_write(file, "before")
    with small_disk(), pytest.raises(RunError, match=r"notes\.txt: cannot be written \("):
        atomic_write(file, bytes(1000))
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_a_folder_or_pipe_is_never_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(RunError, match=r"not a regular file"):
            atomic_write(place, "x")
    assert (tmp_path / "pipe").is_fifo()


def test_the_old_content_stays_until_the_new_one_is_on_the_disk(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file, seen = tmp_path / "notes.txt", []
    atomic_write(file, "before")
    monkeypatch.setattr("os.fsync", lambda number: seen.append(file.read_text()))
    atomic_write(file, "after")
    assert seen == ["before"]
    assert file.read_text() == "after"


def test_an_interrupted_write_leaves_the_old_content_and_no_draft(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(number: int) -> None:
        raise KeyboardInterrupt

    file = tmp_path / "notes.txt"
    atomic_write(file, "before")
    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        atomic_write(file, "after")
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]
