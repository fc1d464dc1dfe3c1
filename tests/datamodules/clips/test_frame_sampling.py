"""Specification of frame sampling: which of n frames make a clip of T."""

from fractions import Fraction
from math import floor

import numpy as np
import pytest

from datamodules.clips.frame_sampling import (
    ClipSampler,
    DenseSampler,
    SamplingKind,
    SegmentSampler,
    make_sampler,
)
from datamodules.errors import DataError

LENGTHS = [*range(1, 70), 100, 127, 300, 1001]
SEGMENTS = [1, 2, 3, 5, 8, 16]
BOTH = [SegmentSampler(8), DenseSampler(8)]


def draw(sampler: ClipSampler, num_frames: int, seed: int) -> list[int]:
    """Draw a training clip."""
    return sampler.random_clip(num_frames, np.random.default_rng(seed)).tolist()


def spread(sampler: ClipSampler, num_frames: int, num_clips: int) -> list[list[int]]:
    """Choose test clips."""
    clips: list[list[int]] = sampler.spread_clips(num_frames, num_clips).tolist()
    return clips


def parts(n: int, t: int) -> list[range]:
    """Cut n frames into T equal segments."""
    return [range(floor(Fraction(k * n, t)), floor(Fraction((k + 1) * n, t))) for k in range(t)]


@pytest.mark.parametrize("t", SEGMENTS)
def test_training_draws_one_frame_in_each_of_t_equal_segments(t: int) -> None:
    for n in [n for n in LENGTHS if n >= t]:
        for seed in range(5):
            clip = draw(SegmentSampler(t), n, seed)
            assert len(clip) == t
            assert all(frame in part for frame, part in zip(clip, parts(n, t), strict=True))


@pytest.mark.parametrize(("n", "t"), [(8, 8), (9, 8), (13, 4), (23, 8), (40, 3), (64, 16)])
def test_training_reaches_every_frame(n: int, t: int) -> None:
    reached = {frame for seed in range(200) for frame in draw(SegmentSampler(t), n, seed)}
    assert reached == set(range(n))


@pytest.mark.parametrize("t", SEGMENTS)
def test_one_test_clip_takes_the_middle_of_each_segment(t: int) -> None:
    for n in [n for n in LENGTHS if n >= t]:
        middles = [floor(Fraction(n, 2 * t) + Fraction(k * n, t)) for k in range(t)]
        assert spread(SegmentSampler(t), n, 1) == [middles]


@pytest.mark.parametrize("t", SEGMENTS)
def test_a_video_of_t_frames_shows_each_once(t: int) -> None:
    assert draw(SegmentSampler(t), t, seed=0) == list(range(t))
    assert spread(SegmentSampler(t), t, 10) == [list(range(t))] * 10


@pytest.mark.parametrize("t", SEGMENTS)
def test_a_video_shorter_than_t_repeats_its_frames_in_order(t: int) -> None:
    for n in range(1, t):
        frames = [floor(Fraction((2 * k + 1) * n, 2 * t)) for k in range(t)]
        assert draw(SegmentSampler(t), n, seed=n) == frames
        assert spread(SegmentSampler(t), n, 1) == [frames]
        assert spread(SegmentSampler(t), n, 3) == [frames] * 3
        assert set(frames) == set(range(n))


@pytest.mark.parametrize(
    ("n", "frames"),
    [
        (2, [0, 0, 0, 0, 1, 1, 1, 1]),
        (3, [0, 0, 0, 1, 1, 2, 2, 2]),
        (5, [0, 0, 1, 2, 2, 3, 4, 4]),
        (7, [0, 1, 2, 3, 3, 4, 5, 6]),
    ],
)
def test_short_videos_repeat_the_frames_that_public_codes_test_with(
    n: int, frames: list[int]
) -> None:
    assert spread(SegmentSampler(8), n, 1) == [frames]


def test_a_video_of_one_frame_shows_it_throughout() -> None:
    assert draw(SegmentSampler(8), 1, seed=0) == [0] * 8
    assert spread(SegmentSampler(8), 1, 2) == [[0] * 8] * 2


def test_ten_clips_of_segments_are_evenly_spread_over_the_video() -> None:
    clips = spread(SegmentSampler(8), 800, 10)
    assert sorted(frame for clip in clips for frame in clip) == list(range(5, 800, 10))


@pytest.mark.parametrize("n", [80, 97, 300, 1001])
def test_ten_clips_of_segments_share_no_frame(n: int) -> None:
    clips = spread(SegmentSampler(8), n, 10)
    assert len({frame for clip in clips for frame in clip}) == 80


@pytest.mark.parametrize("n", [8, 31, 97, 300])
def test_each_of_ten_clips_takes_the_same_part_of_every_segment(n: int) -> None:
    length = Fraction(n, 8)
    for clip, frames in enumerate(spread(SegmentSampler(8), n, 10)):
        part = Fraction(2 * clip + 1, 20)
        assert frames == [floor((k + part) * length) for k in range(8)]


@pytest.mark.parametrize("t", [1, 2, 8, 16, 32, 64])
def test_a_dense_clip_is_every_64_over_t_th_of_64_consecutive_frames(t: int) -> None:
    for n in (64, 65, 100, 300):
        for seed in range(5):
            clip = draw(DenseSampler(t), n, seed)
            assert clip == list(range(clip[0], clip[0] + 64, 64 // t))
            assert clip[0] + 64 <= n


def test_training_reaches_every_start_of_64_frames() -> None:
    starts = {draw(DenseSampler(8), 80, seed)[0] for seed in range(300)}
    assert starts == set(range(17))


def test_a_dense_clip_of_64_frames_has_one_start() -> None:
    assert {draw(DenseSampler(8), 64, seed)[0] for seed in range(20)} == {0}


def test_ten_dense_clips_start_evenly_from_first_to_last() -> None:
    clips = spread(DenseSampler(8), 64 + 90, 10)
    assert [clip[0] for clip in clips] == list(range(0, 91, 10))


def test_uneven_dense_starts_differ_by_at_most_one_frame_in_their_gaps() -> None:
    starts = [clip[0] for clip in spread(DenseSampler(8), 64 + 100, 10)]
    assert (starts[0], starts[-1]) == (0, 100)
    assert set(np.diff(starts).tolist()) == {11, 12}


def test_one_dense_test_clip_is_central() -> None:
    assert spread(DenseSampler(8), 64 + 40, 1) == [list(range(20, 84, 8))]


@pytest.mark.parametrize("n", [1, 7, 10, 63])
def test_a_video_shorter_than_64_frames_wraps_around(n: int) -> None:
    wrapped = [offset % n for offset in range(0, 64, 8)]
    assert draw(DenseSampler(8), n, seed=3) == wrapped
    assert spread(DenseSampler(8), n, 10) == [wrapped] * 10


@pytest.mark.parametrize("t", [3, 5, 6, 12, 24, 65, 128])
def test_dense_sampling_refuses_t_that_does_not_divide_64(t: int) -> None:
    with pytest.raises(DataError, match=f"num_segments={t} does not divide the 64"):
        make_sampler("dense", t)


@pytest.mark.parametrize("sampler", BOTH)
def test_the_same_numbers_draw_the_same_clip(sampler: ClipSampler) -> None:
    assert all(draw(sampler, 200, seed) == draw(sampler, 200, seed) for seed in range(10))


@pytest.mark.parametrize("sampler", BOTH)
def test_other_numbers_draw_other_clips(sampler: ClipSampler) -> None:
    assert len({tuple(draw(sampler, 1000, seed)) for seed in range(10)}) > 5


@pytest.mark.parametrize("sampler", BOTH)
def test_test_clips_are_the_same_at_each_call(sampler: ClipSampler) -> None:
    first = spread(sampler, 200, 10)
    draw(sampler, 77, seed=1)
    assert spread(sampler, 200, 10) == first


@pytest.mark.parametrize("sampler", BOTH)
@pytest.mark.parametrize("clips", [1, 2, 10])
def test_no_clip_leaves_the_video_or_runs_backwards(sampler: ClipSampler, clips: int) -> None:
    for n in LENGTHS:
        chosen = sampler.spread_clips(n, clips)
        assert chosen.shape == (clips, 8)
        assert chosen.min() >= 0
        assert chosen.max() < n
        assert n < 64 or (np.diff(chosen, axis=1) > 0).all()


@pytest.mark.parametrize(
    ("kind", "sampler"), [("segment", SegmentSampler), ("dense", DenseSampler)]
)
def test_samplers_are_made_by_name(kind: SamplingKind, sampler: type) -> None:
    assert isinstance(make_sampler(kind, 8), sampler)
