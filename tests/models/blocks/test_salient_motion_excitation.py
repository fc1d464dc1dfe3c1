"""Specification of SME, TSI's Salient Motion Excitation (section 3.2, equations 1-6).

The reference goes frame by frame, recovers the channels before it pools, and stores the whole
attention map.
"""

import math
from collections.abc import Callable
from typing import Literal

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models import ModelError
from models.blocks import SalientMotionExcitation

Alignment = Literal["multiply", "add", "none"]
Motion = Literal["pyramid", "simple"]
Shake = Callable[[nn.Module], None]
FramesThatChange = Callable[[nn.Module, Tensor, int], set[int]]


def align(kind: Alignment, current: Tensor, following: Tensor) -> Tensor:
    """Equations 1-2 for one frame, (d, H, W)."""
    if kind == "none":
        return following
    query, key = current.flatten(1).T, following.flatten(1).T  # (H*W, d)
    salient = torch.softmax(query @ key.T / math.sqrt(query.shape[1]), dim=1) @ key
    attention = salient.T.reshape(current.shape)
    return following * attention if kind == "multiply" else following + attention


def motion_between(
    weights: dict[str, Tensor], motion: Motion, current: Tensor, aligned: Tensor
) -> Tensor:
    """Equations 3-4 for one frame, (d, H, W)."""
    total, level = torch.zeros_like(current), torch.zeros_like(current)
    for k in range(4 if motion == "pyramid" else 1):
        kernel = weights[f"motion.convs.{k}.weight"]
        source = aligned if k == 0 else level + aligned
        level = F.conv2d(source[None], kernel, padding=1, groups=len(kernel))[0]
        total = total + level - current
    return total


def excite(
    sme: SalientMotionExcitation,
    x: Tensor,
    alignment: Alignment,
    motion: Motion,
    channel_attention: bool,
) -> Tensor:
    """Equations 1-6 for one clip, frame by frame; the last frame's motion is zero."""
    weights = dict(sme.state_dict())
    reduced = sme.norm(F.conv2d(x, weights["reduce.weight"], weights.get("reduce.bias")))
    recover, bias = weights["excite.recover.weight"], weights["excite.recover.bias"]
    frames = []
    for t in range(len(x)):
        moved = torch.zeros_like(reduced[t])
        if t + 1 < len(x):
            aligned = align(alignment, reduced[t], reduced[t + 1])
            moved = motion_between(weights, motion, reduced[t], aligned)
        recovered = F.conv2d(moved[None], recover, bias)[0]
        if channel_attention:
            attention = torch.sigmoid(recovered.mean((1, 2), keepdim=True))
            frames.append(x[t] + x[t] * attention)
        else:
            frames.append(x[t] + recovered)
    return torch.stack(frames)


@pytest.mark.parametrize("alignment", ["multiply", "add", "none"])
@pytest.mark.parametrize("motion", ["pyramid", "simple"])
@pytest.mark.parametrize("channel_attention", [True, False])
@pytest.mark.parametrize("reduction_norm", [True, False])
def test_it_is_equations_1_to_6(
    alignment: Alignment,
    motion: Motion,
    channel_attention: bool,
    reduction_norm: bool,
    shake: Shake,
) -> None:
    sme = SalientMotionExcitation(
        32, 3, 8, alignment, motion, channel_attention, reduction_norm
    ).double()
    shake(sme.eval())
    clips = torch.randn(2, 3, 32, 4, 5, dtype=torch.float64)
    expected = [excite(sme, clip, alignment, motion, channel_attention) for clip in clips]
    torch.testing.assert_close(sme(clips.flatten(0, 1)), torch.cat(expected))


def test_by_default_it_aligns_by_multiplication_builds_a_pyramid_and_attends(shake: Shake) -> None:
    sme = SalientMotionExcitation(32, 3).double()
    shake(sme.eval())
    clip = torch.randn(3, 32, 4, 5, dtype=torch.float64)
    torch.testing.assert_close(sme(clip), excite(sme, clip, "multiply", "pyramid", True))


def test_by_default_it_has_r_16_normalises_the_reduction_and_recovers_with_a_bias() -> None:
    sme = SalientMotionExcitation(64)
    reduce, norm, pyramid, recover = 64 * 4, 2 * 4, 4 * 4 * 9, 4 * 64 + 64
    assert sum(p.numel() for p in sme.parameters()) == reduce + norm + pyramid + recover


def test_without_normalisation_the_reduction_has_a_bias() -> None:
    sme = SalientMotionExcitation(64, reduction_norm=False)
    reduce, pyramid, recover = 64 * 4 + 4, 4 * 4 * 9, 4 * 64 + 64
    assert sum(p.numel() for p in sme.parameters()) == reduce + pyramid + recover


@pytest.mark.parametrize("channel_attention", [True, False])
@pytest.mark.parametrize("frame", range(5))
def test_a_frame_reaches_itself_and_the_previous_frame_only(
    frame: int, channel_attention: bool, shake: Shake, frames_that_change: FramesThatChange
) -> None:
    sme = SalientMotionExcitation(32, 5, channel_attention=channel_attention)
    shake(sme.eval())
    changed = frames_that_change(sme, torch.randn(5, 32, 3, 3), frame)
    assert changed == {frame - 1, frame} - {-1}


def test_the_last_frame_takes_the_scale_of_no_motion(shake: Shake) -> None:
    sme = SalientMotionExcitation(32, 3)
    shake(sme)
    x = torch.randn(6, 32, 4, 4)
    no_motion = 1 + torch.sigmoid(sme.state_dict()["excite.recover.bias"])[:, None, None]
    torch.testing.assert_close(sme(x)[2::3], x[2::3] * no_motion)


def test_every_frame_s_scale_is_between_1_and_2() -> None:
    sme = SalientMotionExcitation(32, 3)
    x = 1 + torch.rand(6, 32, 4, 4)
    scale = sme(x) / x
    assert scale.min() > 1
    assert scale.max() < 2


def test_a_single_frame_has_no_motion_and_is_refused() -> None:
    with pytest.raises(ModelError, match="num_segments=1"):
        SalientMotionExcitation(32, 1)
