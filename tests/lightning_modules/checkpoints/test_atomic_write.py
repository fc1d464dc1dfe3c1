"""Specification of `whole_file`: a file is there whole, or what was there before still is."""

import os
from pathlib import Path

import pytest

from lightning_modules import RunError
from lightning_modules.checkpoints.atomic_write import write_whole
from tests.small_disk import small_disk


def test_text_and_bytes_are_written_in_folders_that_are_made(tmp_path: Path) -> None:
    file = tmp_path / "new" / "notes.txt"
    write_whole(file, "größer\n")
    assert file.read_text() == "größer\n"
    write_whole(file, b"\x00\xff")
    assert file.read_bytes() == b"\x00\xff"
    assert list(file.parent.iterdir()) == [file]


def test_a_full_disk_leaves_what_was_there(tmp_path: Path) -> None:
    file = tmp_path / "notes.txt"
    write_whole(file, "before")
    with small_disk(), pytest.raises(RunError, match=r"notes\.txt: cannot be written \("):
        write_whole(file, bytes(1000))
    assert file.read_text() == "before"
    assert list(tmp_path.iterdir()) == [file]


def test_what_is_no_file_is_not_replaced(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe")
    for place in (tmp_path, tmp_path / "pipe"):
        with pytest.raises(RunError, match=r"it is no file"):
            write_whole(place, "x")
    assert (tmp_path / "pipe").is_fifo()
