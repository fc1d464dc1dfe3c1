"""Specification of `VideoDataset`: a sample is decided by seed, epoch and record alone."""

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from numpy.random import Generator

from datamodules.clips.frame_sampling import SegmentSampler
from datamodules.clips.transforms import MultiScaleCrop
from datamodules.clips.views import RandomClip, Views
from datamodules.decoding.video import Video, scan
from datamodules.errors import VideoDecodeError
from datamodules.loading.sample import SampleKey
from datamodules.loading.video_dataset import VideoDataset
from datamodules.loading.video_records import VideoRecords

WriteClip = Callable[..., Path]


@pytest.fixture
def make_dataset(write_clip: WriteClip) -> Callable[..., VideoDataset]:
    """Return a function that makes a data set of random clips from three videos of 40 frames."""

    def make(seed: int = 0, frames: int = 40) -> VideoDataset:
        paths = [str(write_clip(f"{name}.mkv", 40, 48, 64)) for name in "abc"]
        facts = [replace(scan(Path(path)), frames=frames) for path in paths]
        records = VideoRecords.of(paths, [2, 0, -1], facts)
        return VideoDataset(records, RandomClip(SegmentSampler(4), MultiScaleCrop(16), 0.5), seed)

    return make


def test_a_sample_tells_its_label_index_and_path(make_dataset: Callable[..., VideoDataset]) -> None:
    dataset = make_dataset()
    samples = [dataset[SampleKey(index, 0)] for index in range(3)]
    assert [sample["label"] for sample in samples] == [2, 0, -1]
    assert [sample["index"] for sample in samples] == [0, 1, 2]
    assert [Path(sample["path"]).name for sample in samples] == ["a.mkv", "b.mkv", "c.mkv"]


def test_a_data_set_is_as_long_as_its_records(make_dataset: Callable[..., VideoDataset]) -> None:
    assert len(make_dataset()) == 3


def test_a_sample_does_not_depend_on_what_was_read_before(
    make_dataset: Callable[..., VideoDataset],
) -> None:
    dataset = make_dataset()
    first = dataset[SampleKey(1, 5)]["clips"]
    for key in (SampleKey(0, 5), SampleKey(1, 4), SampleKey(2, 9)):
        dataset[key]
    assert torch.equal(dataset[SampleKey(1, 5)]["clips"], first)


def test_a_sample_does_not_depend_on_global_random_numbers(
    make_dataset: Callable[..., VideoDataset],
) -> None:
    dataset, drawn = make_dataset(), []
    for global_seed in range(3):
        torch.manual_seed(global_seed)
        np.random.seed(global_seed)
        drawn.append(dataset[SampleKey(0, 0)]["clips"])
    assert torch.equal(drawn[0], drawn[1])
    assert torch.equal(drawn[0], drawn[2])


def test_epochs_draw_other_clips(make_dataset: Callable[..., VideoDataset]) -> None:
    dataset = make_dataset()
    clips = {dataset[SampleKey(0, epoch)]["clips"].numpy().tobytes() for epoch in range(8)}
    assert len(clips) == 8


def test_seeds_draw_other_clips(make_dataset: Callable[..., VideoDataset]) -> None:
    clips = {make_dataset(seed)[SampleKey(0, 0)]["clips"].numpy().tobytes() for seed in range(4)}
    assert len(clips) == 4


def test_videos_of_equal_content_draw_other_clips(
    make_dataset: Callable[..., VideoDataset],
) -> None:
    dataset = make_dataset()
    clips = {dataset[SampleKey(index, 0)]["clips"].numpy().tobytes() for index in range(3)}
    assert len(clips) == 3


def test_a_video_without_its_frames_is_never_replaced(
    make_dataset: Callable[..., VideoDataset],
) -> None:
    dataset = make_dataset(frames=4000)
    with pytest.raises(VideoDecodeError, match=r"b\.mkv: frame \d+ is wanted, but only 40"):
        dataset[SampleKey(1, 0)]


def test_a_file_is_in_progress_while_it_is_read(write_clip: WriteClip) -> None:
    path = write_clip("a.mkv")
    seen = []

    def read(video: Video, rng: Generator) -> Views:
        seen.append(dataset.files_in_progress())
        return Views(video.read([0]))

    dataset = VideoDataset(VideoRecords.of([str(path)], [0], [scan(path)]), read)
    dataset[SampleKey(0, 0)]
    assert seen == [[str(path)]]
    assert dataset.files_in_progress() == []
