"""Specification of the difference that ME (TEA, equations 1-2) and CMM (STM) share."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models import ModelError
from models.blocks.motion_difference import MotionDifference

Shake = Callable[[nn.Module], None]


def difference_of_two(module: MotionDifference, current: Tensor, following: Tensor) -> Tensor:
    """Compute one M_t from two frames, (C, H, W) each, as the papers write it."""
    reduced = [F.conv2d(frame, module.reduce.weight) for frame in (current, following)]
    width = len(module.transform.weight)
    return F.conv2d(reduced[1], module.transform.weight, padding=1, groups=width) - reduced[0]


def test_it_is_the_convolved_next_frame_minus_this_frame_clip_by_clip(shake: Shake) -> None:
    module = MotionDifference(32, 3, norm=False).double()
    shake(module)
    x = torch.randn(6, 32, 4, 5, dtype=torch.float64)
    motion = module(x)
    for t in (0, 1, 3, 4):
        torch.testing.assert_close(motion[t], difference_of_two(module, x[t], x[t + 1]))


def test_the_last_frame_of_every_clip_has_no_motion(shake: Shake) -> None:
    module = MotionDifference(32, 3).eval()
    shake(module)
    assert not module(torch.randn(6, 32, 4, 4))[2::3].any()


def test_normalisation_is_applied_once_to_the_reduced_frames(shake: Shake) -> None:
    module = MotionDifference(32, 2).eval()
    shake(module)
    reduced = module.norm(module.reduce(torch.ones(2, 32, 3, 3)))
    expected = module.transform(reduced[1:]) - reduced[:1]
    torch.testing.assert_close(module(torch.ones(2, 32, 3, 3))[:1], expected)


def test_its_parameters_are_a_reduction_its_norm_and_a_channelwise_convolution() -> None:
    counts = [
        sum(p.numel() for p in MotionDifference(64, 2, norm=norm).parameters())
        for norm in (True, False)
    ]
    assert counts == [64 * 4 + 2 * 4 + 9 * 4, 64 * 4 + 9 * 4]


def test_a_single_frame_and_an_empty_reduction_are_refused() -> None:
    with pytest.raises(ModelError, match="num_segments=1"):
        MotionDifference(32, 1)
    with pytest.raises(ModelError, match="reduction=64 of 32 channels"):
        MotionDifference(32, 2, reduction=64)
