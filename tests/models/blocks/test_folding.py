"""Specification of `models.blocks.folding`: whole clips, at least two frames for motion."""

import pytest
import torch

from models import ModelError
from models.blocks.folding import require_successor, unfold_time


def test_unfolding_gives_the_time_axis_back() -> None:
    clips = torch.randn(2, 3, 4, 5, 5)
    assert torch.equal(unfold_time(clips.flatten(0, 1), 3), clips)


def test_unfolding_copies_nothing() -> None:
    folded = torch.randn(6, 4)
    assert unfold_time(folded, 3).data_ptr() == folded.data_ptr()


def test_a_clip_is_never_cut() -> None:
    with pytest.raises(ModelError, match=r"7 folded frames .* num_segments=3"):
        unfold_time(torch.randn(7, 4), 3)


@pytest.mark.parametrize("num_segments", [1, 0, -2])
def test_a_clip_too_short_for_motion_is_refused(num_segments: int) -> None:
    with pytest.raises(ModelError, match=f"num_segments={num_segments}.*at least 2"):
        require_successor(num_segments)


@pytest.mark.parametrize("num_segments", [2, 8])
def test_a_clip_long_enough_for_motion_is_accepted(num_segments: int) -> None:
    assert require_successor(num_segments) == num_segments
