"""Specification of `encoding`: frames become a video file, whole or not at all."""

from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest

from datamodules.decoding.read_frames import read_frames
from datamodules.decoding.video_scan import scan_video
from datamodules.decoding.write_video import write_video

Frames = Callable[..., np.ndarray]


def test_a_missing_folder_is_made(tmp_path: Path, numbered_frames: Frames) -> None:
    path = tmp_path / "new" / "folder" / "clip.mp4"
    write_video(path, numbered_frames(4))
    assert scan_video(path).frames == 4


def test_nothing_but_the_file_is_left(tmp_path: Path, numbered_frames: Frames) -> None:
    write_video(tmp_path / "clip.mp4", numbered_frames(4))
    assert [path.name for path in tmp_path.iterdir()] == ["clip.mp4"]


def test_the_default_stores_h264_of_4_2_0_colour(tmp_path: Path, numbered_frames: Frames) -> None:
    write_video(tmp_path / "clip.mp4", numbered_frames(4))
    with av.open(str(tmp_path / "clip.mp4")) as container:
        context = container.streams.video[0].codec_context
        assert (context.name, context.pix_fmt) == ("h264", "yuv420p")


def test_frames_per_second_are_kept(tmp_path: Path, numbered_frames: Frames) -> None:
    write_video(tmp_path / "clip.mp4", numbered_frames(4), fps=12)
    with av.open(str(tmp_path / "clip.mp4")) as container:
        assert container.streams.video[0].average_rate == 12


def test_options_reach_the_encoder(tmp_path: Path) -> None:
    noise = np.random.default_rng(0).integers(256, size=(8, 32, 32, 3), dtype=np.uint8)
    for crf in ("10", "45"):
        write_video(tmp_path / f"{crf}.mp4", noise, options={"crf": crf})
    assert (tmp_path / "45.mp4").stat().st_size < (tmp_path / "10.mp4").stat().st_size / 2


def test_the_same_frames_give_the_same_bytes(tmp_path: Path, numbered_frames: Frames) -> None:
    for name in ("first.mp4", "second.mp4"):
        write_video(tmp_path / name, numbered_frames(8))
    assert (tmp_path / "first.mp4").read_bytes() == (tmp_path / "second.mp4").read_bytes()


def test_an_existing_file_is_replaced(tmp_path: Path, numbered_frames: Frames) -> None:
    for num_frames in (9, 4):
        write_video(tmp_path / "clip.mp4", numbered_frames(num_frames))
    assert scan_video(tmp_path / "clip.mp4").frames == 4


def test_frames_that_cannot_be_encoded_leave_an_existing_file_alone(
    tmp_path: Path, numbered_frames: Frames
) -> None:
    path = tmp_path / "clip.mp4"
    write_video(path, numbered_frames(4))
    before = path.read_bytes()
    with pytest.raises(av.FFmpegError):
        write_video(path, numbered_frames(4, height=15, width=23))
    assert path.read_bytes() == before


def test_frames_that_cannot_be_encoded_leave_no_file(
    tmp_path: Path, numbered_frames: Frames
) -> None:
    with pytest.raises(av.FFmpegError):
        write_video(tmp_path / "clip.mp4", numbered_frames(4, height=15, width=23))
    assert not (tmp_path / "clip.mp4").exists()


def test_lossy_frames_keep_their_colours(tmp_path: Path) -> None:
    orange = np.broadcast_to(np.array([200, 120, 40], dtype=np.uint8), (4, 32, 32, 3)).copy()
    write_video(tmp_path / "clip.mp4", orange, options={"crf": "10"})
    colour = read_frames(tmp_path / "clip.mp4", [2])[0, :, 16, 16].tolist()
    assert colour == pytest.approx([200, 120, 40], abs=6)
