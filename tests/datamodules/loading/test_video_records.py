"""Specification of `VideoRecords`: the videos of a split, in arrays that workers share."""

import os
from pathlib import Path

import numpy as np

from datamodules.decoding.video import Video
from datamodules.decoding.video_facts import VideoFacts
from datamodules.loading.video_records import VideoRecords
from tests.datamodules.loading.memory import SLACK, memory_in_use


def facts(frames: int, seek_index: bytes = b"") -> VideoFacts:
    """Make the facts of a video without one."""
    return VideoFacts(frames, frames, 25.0, 340, 256, "h264", 3, seek_index)


def test_each_video_gets_its_own_frames_and_seek_index() -> None:
    known = [facts(5, b"one"), facts(7), facts(9, b"three")]
    records = VideoRecords.of(["a.mp4", "b.mp4", "c.mp4"], [0, 1, 0], known)
    assert [records.video(index) for index in range(3)] == [
        Video(Path("a.mp4"), 5, b"one"),
        Video(Path("b.mp4"), 7, b""),
        Video(Path("c.mp4"), 9, b"three"),
    ]


def test_no_videos_are_records_too() -> None:
    records = VideoRecords.of([], [], [])
    assert (len(records), records.unlabelled(), records.summary(3, 8)) == (0, [], [])


def test_classes_and_short_videos_are_summed_up() -> None:
    records = VideoRecords.of(["a", "b", "c"], [2, 0, -1], [facts(7), facts(8), facts(3)])
    phrases = ["2 of 3 classes", "2 under 8 frames, which repeat some"]
    assert records.summary(num_classes=3, min_frames=8) == phrases
    assert records.unlabelled() == ["c"]


def test_250000_records_are_arrays_that_workers_share() -> None:
    number = 250_000
    known = facts(30, os.urandom(100))
    paths = [f"/data/kinetics400/train/playing_a_video_{i:06d}_000010.mp4" for i in range(number)]
    records = VideoRecords.of(paths, [1] * number, [known] * number)
    columns = vars(records).values()
    assert all(isinstance(column, np.ndarray) and column.dtype != object for column in columns)
    assert records.video(number - 1) == Video(Path(paths[-1]), 30, known.seek_index)
    sizes = []
    for _ in range(4):
        for index in range(number):
            records.video(index)
        sizes.append(memory_in_use())
    # Once, Python may enlarge its table of the parts of paths; what is lost is lost each time.
    assert min(np.diff(sizes)) < SLACK
