"""Specification of views: from a file to exactly the frames and boxes that a network sees."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor

from datamodules.clips.frame_sampling import DenseSampler, SegmentSampler
from datamodules.clips.protocols import get_protocol
from datamodules.clips.transforms import MultiScaleCrop
from datamodules.clips.views import ProtocolViews, RandomClip
from datamodules.decoding.video import Video
from datamodules.errors import DataError, VideoDecodeError

WriteClip = Callable[..., Path]
RNG = np.random.default_rng(0)


def indices_of(views: Tensor) -> list[list[int]]:
    """Read the indices that views (V, T, 3, S, S) of a numbered clip show."""
    shown = views[:, :, 0].flatten(2)
    assert bool((shown == shown[..., :1]).all())
    indices: list[list[int]] = shown[..., 0].tolist()
    return indices


def begins_of(views: Tensor) -> list[tuple[int, int]]:
    """Read the row and column at which views of a numbered clip begin."""
    return [(int(view[0, 1, 0, 0]), int(view[0, 2, 0, 0])) for view in views]


def test_one_view_shows_the_middle_of_every_segment(write_clip: WriteClip) -> None:
    views = ProtocolViews(SegmentSampler(4), get_protocol("1x1"), short_side=16, crop_size=16)
    assert indices_of(views(Video(write_clip(num_frames=40), 40), RNG).clips) == [[5, 15, 25, 35]]


def test_ten_clips_of_three_crops_show_each_clip_three_times_in_turn(write_clip: WriteClip) -> None:
    sampler = SegmentSampler(4)
    views = ProtocolViews(sampler, get_protocol("10x3"), short_side=16, crop_size=16)
    expected = sampler.spread_clips(200, 10).repeat(3, axis=0).tolist()
    assert indices_of(views(Video(write_clip(num_frames=200), 200), RNG).clips) == expected


def test_dense_views_show_every_eighth_of_64_frames(write_clip: WriteClip) -> None:
    views = ProtocolViews(DenseSampler(8), get_protocol("2x1"), short_side=16, crop_size=16)
    assert indices_of(views(Video(write_clip(num_frames=80), 80), RNG).clips) == [
        list(range(0, 64, 8)),
        list(range(16, 80, 8)),
    ]


def test_crops_of_a_clip_go_left_middle_right(write_clip: WriteClip) -> None:
    views = ProtocolViews(SegmentSampler(4), get_protocol("2x3"), short_side=32, crop_size=24)
    shown = views(Video(write_clip(height=32, width=48), 20), RNG).clips
    assert begins_of(shown) == [(4, 0), (4, 12), (4, 24)] * 2


def test_crops_of_a_portrait_go_top_middle_bottom(write_clip: WriteClip) -> None:
    views = ProtocolViews(SegmentSampler(4), get_protocol("1x3"), short_side=32, crop_size=24)
    shown = views(Video(write_clip(height=48, width=32), 20), RNG).clips
    assert begins_of(shown) == [(0, 4), (12, 4), (24, 4)]


def test_all_frames_of_a_view_have_the_same_box(write_clip: WriteClip) -> None:
    views = ProtocolViews(SegmentSampler(4), get_protocol("1x3"), short_side=32, crop_size=24)
    places = views(Video(write_clip(height=32, width=48), 20), RNG).clips[:, :, 1:]
    assert torch.equal(places, places[:, :1].expand_as(places))


def test_full_crops_show_the_whole_short_side_at_input_size(write_clip: WriteClip) -> None:
    views = ProtocolViews(SegmentSampler(2), get_protocol("1x3-full"), short_side=32, crop_size=16)
    rows, columns = views(Video(write_clip(height=32, width=64), 20), RNG).clips[:, 0, 1:].unbind(1)
    # Pixel i of a crop halved in size averages pixels 2i and 2i + 1, and a little of their peers.
    assert rows[1, 1:-1, 8].tolist() == pytest.approx(np.arange(2, 30, 2) + 0.5, abs=0.6)
    for view, left in zip(columns, (0, 16, 32), strict=True):
        assert view[8, 1:-1].tolist() == pytest.approx(np.arange(2, 30, 2) + left + 0.5, abs=0.6)


def test_frames_are_resized_to_the_short_side_before_crops(write_clip: WriteClip) -> None:
    views = ProtocolViews(SegmentSampler(2), get_protocol("1x1"), short_side=32, crop_size=16)
    columns = views(Video(write_clip(height=64, width=64), 20), RNG).clips[0, 0, 2, 8]
    # The central 16 of 32 columns are the central 32 of 64.
    assert columns.tolist() == pytest.approx(np.arange(16, 48, 2) + 0.5, abs=0.6)


@pytest.mark.parametrize("name", ["1x1", "1x3", "2x1-full", "10x3-full"])
def test_views_are_uint8_clips_of_input_size(name: str, write_clip: WriteClip) -> None:
    protocol = get_protocol(name)
    views = ProtocolViews(SegmentSampler(3), protocol, short_side=20, crop_size=12)
    shown = views(Video(write_clip(height=16, width=24), 20), RNG).clips
    assert shown.shape == (protocol.views, 3, 3, 12, 12)
    assert shown.dtype == torch.uint8


def test_views_of_a_video_shorter_than_a_clip_repeat_its_frames_in_order(
    write_clip: WriteClip,
) -> None:
    views = ProtocolViews(SegmentSampler(8), get_protocol("2x1"), short_side=16, crop_size=16)
    shown = indices_of(views(Video(write_clip(num_frames=3), 3), RNG).clips)
    assert shown == [[0, 0, 0, 1, 1, 2, 2, 2]] * 2


def test_views_draw_nothing(write_clip: WriteClip) -> None:
    rng = np.random.default_rng(5)
    ProtocolViews(SegmentSampler(4), get_protocol("10x3"), 16, 16)(Video(write_clip(), 20), rng)
    assert rng.integers(1 << 60) == np.random.default_rng(5).integers(1 << 60)


def test_a_crop_larger_than_the_short_side_is_refused() -> None:
    with pytest.raises(DataError, match="crop_size=225 exceeds short_side=224"):
        ProtocolViews(SegmentSampler(8), get_protocol("1x1"), short_side=224, crop_size=225)


def test_views_of_a_video_shorter_than_counted_are_refused(write_clip: WriteClip) -> None:
    views = ProtocolViews(SegmentSampler(4), get_protocol("1x1"), short_side=16, crop_size=16)
    clip = write_clip(num_frames=20)
    with pytest.raises(VideoDecodeError, match="frame 35 is wanted, but only 20 frames decode"):
        views(Video(clip, 40), RNG)


def test_a_random_clip_has_one_frame_of_each_segment(write_clip: WriteClip) -> None:
    clip, views = write_clip(num_frames=40), RandomClip(SegmentSampler(4), MultiScaleCrop(16), 0.0)
    for seed in range(10):
        shown = indices_of(views(Video(clip, 40), np.random.default_rng(seed)).clips[None])[0]
        assert [index // 10 for index in shown] == [0, 1, 2, 3]


def test_random_clips_differ_in_frames_and_boxes(write_clip: WriteClip) -> None:
    clip, views = (
        write_clip(num_frames=40, height=48, width=64),
        RandomClip(SegmentSampler(4), MultiScaleCrop(16), 0),
    )
    drawn = [views(Video(clip, 40), np.random.default_rng(seed)).clips for seed in range(10)]
    assert len({str(indices_of(shown[None])) for shown in drawn}) > 5
    assert len({begins_of(shown[None])[0] for shown in drawn}) > 3


def test_a_random_clip_is_a_function_of_its_numbers(write_clip: WriteClip) -> None:
    clip, views = (
        write_clip(num_frames=40, height=48, width=64),
        RandomClip(SegmentSampler(4), MultiScaleCrop(16), 0),
    )
    first, second = (views(Video(clip, 40), np.random.default_rng(3)).clips for _ in range(2))
    assert torch.equal(first, second)


def test_a_random_clip_is_uint8_of_input_size(write_clip: WriteClip) -> None:
    video = Video(write_clip(height=36, width=24), 20)
    shown = RandomClip(SegmentSampler(4), MultiScaleCrop(20), 0.5)(video, RNG).clips
    assert shown.shape == (4, 3, 20, 20)
    assert shown.dtype == torch.uint8


@pytest.mark.parametrize(("probability", "direction"), [(0.0, 1), (1.0, -1)])
def test_a_random_clip_is_mirrored_with_the_given_probability(
    probability: float, direction: int, write_clip: WriteClip
) -> None:
    clip, views = (
        write_clip(height=32, width=48),
        RandomClip(SegmentSampler(4), MultiScaleCrop(16), probability),
    )
    for seed in range(10):
        columns = views(Video(clip, 20), np.random.default_rng(seed)).clips[:, 2].int()
        assert bool((torch.diff(columns, dim=-1) * direction > 0).all())


def test_random_clips_are_drawn_segment_by_segment_and_repeat_with_the_seed(
    write_clip: WriteClip,
) -> None:
    views = ProtocolViews(SegmentSampler(4), get_protocol("10x1-random"), 16, 16)
    path = write_clip(num_frames=40)
    drawn = indices_of(views(Video(path, 40), np.random.default_rng(1)).clips)
    assert drawn == indices_of(views(Video(path, 40), np.random.default_rng(1)).clips)
    assert drawn != indices_of(views(Video(path, 40), np.random.default_rng(2)).clips)
    assert all([index // 10 for index in clip] == [0, 1, 2, 3] for clip in drawn)
    assert len(set(map(tuple, drawn))) > 5
