"""The state of a video tells whether a report, or a prediction, still belongs to it."""

import os
import shutil
from pathlib import Path

import pytest

from datamodules.file_states import content_stamp
from tests.datamodules.originals import Originals

HOUR = 3_600_000_000_000


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    """Write a folder of three files of the same size."""
    folder = tmp_path / "frames"
    folder.mkdir()
    for number in range(1, 4):
        (folder / f"{number}.png").write_bytes(bytes([number] * 99))
    return folder


def test_nothing_changes_without_a_change(frames: Path) -> None:
    assert content_stamp(str(frames)) == content_stamp(str(frames)) != ""
    image = frames / "1.png"
    assert content_stamp(str(image)) == content_stamp(str(image)) != ""


def test_another_content_of_the_same_size_is_another_state_of_a_file(frames: Path) -> None:
    image = frames / "1.png"
    before, status = content_stamp(str(image)), image.stat()
    shutil.copy(frames / "2.png", image)
    os.utime(image, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert content_stamp(str(image)) != before


@pytest.mark.parametrize("link", [None, "/nowhere", "loop"])
def test_each_image_of_a_folder_counts(link: str | None, frames: Path) -> None:
    last = frames / "3.png"
    os.utime(last, ns=(last.stat().st_atime_ns, last.stat().st_mtime_ns + HOUR))  # the newest
    if link:
        (frames / "loop").symlink_to(link)
    before = content_stamp(str(frames))
    shutil.move(frames / "1.png", frames / "new.png")
    shutil.move(frames / "2.png", frames / "1.png")
    shutil.move(frames / "new.png", frames / "2.png")
    swapped = content_stamp(str(frames))
    (frames / "4.png").write_bytes(bytes(99))
    assert len({before, swapped, content_stamp(str(frames)), ""}) == 4


def test_what_is_not_there_has_no_state(tmp_path: Path) -> None:
    for name in ("none.mp4", "zero\0byte.mp4", "bytes\udcff.mp4"):
        assert content_stamp(str(tmp_path / name)) == ""


def test_a_video_in_a_pack_has_a_state_unless_the_pack_is_damaged(originals: Originals) -> None:
    assert originals.packed() == 0
    stamps = {content_stamp(str(originals.pack / name)) for name in ("a/one.mp4", "frames/7")}
    assert len(stamps | {""}) == 3
    assert content_stamp(str(originals.pack / "bytes\udcff.mp4")) == ""
    unopened = originals.pack.rename(originals.folder / "moved")
    next(unopened.glob("*.tar")).write_bytes(b"")
    assert content_stamp(str(unopened / "a/one.mp4")) == ""
