"""Specification of ``verify --checksums``: altered files are named, though they decode."""

import os
import subprocess
from pathlib import Path
from shutil import which

import pytest
from PIL import Image

from datamodules.prepare.command_line import main
from tests.datamodules.prepare.conftest import Listed


def checksums_of(listed: Listed) -> Path:
    (file,) = listed.index.glob("*.sha256")
    return file


def flip_a_bit(path: Path) -> None:
    """Change a byte that decoders pass over: a box of free space."""
    content = bytearray(path.read_bytes())
    content[content.index(b"Lavf") + 1] ^= 1  # the name of the program that wrote the file
    path.write_bytes(content)


def test_an_altered_file_that_decodes_is_named(
    listed: Listed, capsys: pytest.CaptureFixture[str]
) -> None:
    assert listed.run("verify", "--checksums") == 0
    assert "0 videos unaltered, 0 altered, 3 new" in capsys.readouterr().out
    assert listed.run("verify", "--checksums") == 0
    assert "3 videos unaltered, 0 altered, 0 new" in capsys.readouterr().out
    video = listed.folder / "a" / "one.mp4"
    status = video.stat()
    flip_a_bit(video)
    os.utime(video, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert listed.run("verify") == 0
    capsys.readouterr()
    assert listed.run("verify", "--checksums") == 1
    shown = capsys.readouterr().out
    assert f"{video}: has been altered since its checksum was written" in shown
    assert f"delete their lines in {checksums_of(listed)}" in shown
    assert listed.run("verify", "--checksums") == 1  # the first checksum stays


def test_new_videos_are_added(listed: Listed) -> None:
    listed.run("verify", "--checksums", "--splits", "train")
    before = checksums_of(listed).read_text()
    listed.run("verify", "--checksums")
    after = checksums_of(listed).read_text()
    assert after.startswith(before)
    assert len(after.splitlines()) == 3


def test_a_name_may_hold_a_character_that_some_programs_take_for_a_line_break(
    listed: Listed, capsys: pytest.CaptureFixture[str]
) -> None:
    name = "a/one\u2028two.mp4"
    listed.csv.write_text(listed.csv.read_text().replace("a/one.mp4", name))
    (listed.folder / "a" / "one.mp4").rename(listed.folder / name)
    assert listed.run("verify", "--checksums") == 0
    capsys.readouterr()
    assert listed.run("verify", "--checksums") == 0
    assert "3 videos unaltered, 0 altered, 0 new" in capsys.readouterr().out


def test_an_image_of_a_folder_counts(listed: Listed, capsys: pytest.CaptureFixture[str]) -> None:
    folder = listed.add("frames", 0, "train")
    folder.mkdir()
    for number in range(1, 4):
        Image.new("RGB", (64, 48), (number, 0, 0)).save(folder / f"{number:05d}.png")
    assert listed.run("verify", "--checksums") == 0
    Image.new("RGB", (64, 48), (9, 0, 0)).save(folder / "00002.png")
    assert listed.run("verify", "--checksums") == 1
    assert f"{folder}: has been altered" in capsys.readouterr().out


def test_the_file_is_one_that_sha256sum_checks(listed: Listed) -> None:
    if which("sha256sum") is None:
        pytest.skip("sha256sum is absent")
    listed.run("verify", "--checksums")
    subprocess.run(["sha256sum", "--check", "--quiet", str(checksums_of(listed))], check=True)


def test_a_damaged_file_of_checksums_is_named(
    listed: Listed, capsys: pytest.CaptureFixture[str]
) -> None:
    listed.run("verify", "--checksums")
    checksums_of(listed).write_text("no checksums\n")
    assert listed.run("verify", "--checksums") == 1
    assert f"error: {checksums_of(listed)}: cannot be read" in capsys.readouterr().err


def test_checksums_need_the_videos(listed: Listed, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", *listed.data(), "--checksums", "--lists_only"]) == 1
    assert "leave out --lists_only" in capsys.readouterr().err
