"""Specification of `video_index`: what it stores of a video does not outlive its cause."""

import errno
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
from PIL import Image

from datamodules.decoding import video_stream
from datamodules.decoding.video_index import VideoIndex
from datamodules.errors import DataError
from tests.datamodules.decoding.counting import frames_of, write_clips

WriteClip = Callable[..., Path]


def test_a_repaired_file_is_counted(tmp_path: Path, write_clip: WriteClip) -> None:
    bad = tmp_path / "clip.mkv"
    bad.write_text("no video")
    with pytest.raises(DataError):
        frames_of(VideoIndex(tmp_path), [str(bad)])
    write_clip(num_frames=6)
    assert frames_of(VideoIndex(tmp_path), [str(bad)]) == [6]


def test_a_file_replaced_with_its_size_and_time_kept_is_scanned_again(
    tmp_path: Path, write_clip: WriteClip, counted: list[str]
) -> None:
    index, clip = VideoIndex(tmp_path), write_clip(num_frames=5)
    frames_of(index, [str(clip)])
    status, content = clip.stat(), clip.read_bytes()
    clip.write_bytes(bytes(len(content)))
    os.utime(clip, ns=(status.st_atime_ns, status.st_mtime_ns))
    with pytest.raises(DataError, match="1 of 1 videos cannot be used"):
        index.facts([str(clip)])
    clip.write_bytes(content)
    os.utime(clip, ns=(status.st_atime_ns, status.st_mtime_ns))
    assert frames_of(index, [str(clip)]) == [5]
    assert counted == ["clip.mkv"] * 3


CAUSES = {
    "permissions": PermissionError(errno.EACCES, "Permission denied"),
    "too many open files": OSError(errno.EMFILE, "Too many open files"),
    "a failing disk": OSError(errno.EIO, "Input/output error"),
    "a server that is gone": OSError(errno.ESTALE, "Stale file handle"),
    "a file that is gone": FileNotFoundError(errno.ENOENT, "No such file or directory"),
}


@pytest.mark.parametrize("cause", CAUSES)
def test_a_verdict_does_not_outlive_a_cause_outside_the_file(
    cause: str, tmp_path: Path, write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, (path,) = VideoIndex(tmp_path), write_clips(write_clip, 5)

    def fail(name: Path | str, *arguments: Any) -> int:
        if str(name) == path:
            raise CAUSES[cause]
        return system_open(name, *arguments)

    system_open = os.open
    with monkeypatch.context() as patch:
        patch.setattr(os, "open", fail)
        (failure,) = index.scan([path], jobs=1)
        assert failure.reason.startswith(f"{path}: ")
    assert frames_of(index, [path]) == [5]


@pytest.mark.parametrize("error", [MemoryError(), OSError(errno.EIO, "Input/output error")])
def test_a_read_that_fails_midway_is_no_verdict_either(
    error: Exception, tmp_path: Path, write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, (path,) = VideoIndex(tmp_path), write_clips(write_clip, 5)

    def fail(*_: object, **__: object) -> None:
        raise error

    for place in ("video_scan.decode_in_order", "read_frames.decode_run"):
        with monkeypatch.context() as patch:
            patch.setattr(f"datamodules.decoding.{place}", fail)
            assert len(index.scan([path])) == 1
    assert frames_of(index, [path]) == [5]
    assert index.facts([path])[0].seek_index


def test_a_codec_without_a_decoder_is_no_verdict(
    tmp_path: Path, write_clip: WriteClip, monkeypatch: pytest.MonkeyPatch
) -> None:
    index, (path,) = VideoIndex(tmp_path), write_clips(write_clip, 5)

    class NoDecoder:
        codec_context = None
        index = 0

    with monkeypatch.context() as patch:
        patch.setattr(video_stream, "_choose_stream", lambda *_: NoDecoder)
        (failure,) = index.scan([path])
        assert "this FFmpeg has no decoder for its codec" in failure.reason
    assert frames_of(index, [path]) == [5]


def test_a_folder_is_scanned_again_when_its_first_image_is_mended(tmp_path: Path) -> None:
    index, folder = VideoIndex(tmp_path), tmp_path / "frames"
    folder.mkdir()
    for number in (1, 2):
        Image.new("RGB", (24, 16)).save(folder / f"{number:05d}.png")
    times = folder.stat()
    good = (folder / "00001.png").read_bytes()
    (folder / "00001.png").write_bytes(good[:40])
    assert len(index.scan([str(folder)])) == 1
    (folder / "00001.png").write_bytes(good)
    assert folder.stat().st_mtime_ns == times.st_mtime_ns
    assert frames_of(index, [str(folder)]) == [2]


def test_facts_of_a_folder_follow_its_first_image(tmp_path: Path, counted: list[str]) -> None:
    index, folder = VideoIndex(tmp_path), tmp_path / "frames"
    folder.mkdir()
    for number in (1, 2):
        Image.new("RGB", (24, 16)).save(folder / f"{number:05d}.png")
    for _ in range(2):
        assert index.facts([str(folder)])[0].width == 24
    for number in (1, 2):
        Image.new("RGB", (32, 16)).save(folder / f"{number:05d}.png")
    assert index.facts([str(folder)])[0].width == 32
    assert counted == ["frames", "frames"]
