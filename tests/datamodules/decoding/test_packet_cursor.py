"""Specification of `packet_cursor`: frames tell which packet they came from."""

from collections.abc import Callable
from pathlib import Path

import numpy as np

from datamodules.decoding.read_frames import decode_runs
from datamodules.decoding.seek_index import SeekIndex
from datamodules.decoding.video_scan import scan_video
from datamodules.decoding.write_video import write_video

FRAMES = 20


def test_files_read_at_once_do_not_forget_each_other_s_packets(
    tmp_path: Path, numbered_frames: Callable[..., np.ndarray]
) -> None:
    path = tmp_path / "clip.mp4"
    write_video(path, numbered_frames(FRAMES, 32, 32), options={"bf": "3", "g": "10"})
    index = SeekIndex.from_bytes(scan_video(path).seek_index)
    ahead, behind = (decode_runs(path, index, range(FRAMES)) for _ in range(2))
    given: tuple[list[int], list[int]] = [next(ahead)[0]], []
    for (first, _), (second, _) in zip(ahead, behind, strict=False):
        given[0].append(first)
        given[1].append(second)
    assert sorted(given[0]) == list(range(FRAMES))
    assert sorted(given[1]) == list(range(FRAMES - 1))
