"""Specification of TSM's shift (Lin et al., section 3; TEINet, section 3.2, Discussion)."""

import pytest
import torch
from torch.nn import functional as F

from models.blocks import TemporalShift


def test_an_eighth_shows_the_next_frame_an_eighth_the_previous_and_zeros_fill_the_ends() -> None:
    frames = torch.tensor([1.0, 2.0, 3.0]).view(3, 1, 1, 1).expand(3, 8, 1, 1)
    shifted = TemporalShift(8, 3)(frames).squeeze().T.tolist()  # channels, then frames
    assert shifted == [[2, 3, 0], [0, 1, 2]] + [[1, 2, 3]] * 6


@pytest.mark.parametrize(("channels", "fold_div"), [(64, 8), (16, 4), (12, 8), (5, 8)])
def test_it_is_a_depthwise_convolution_of_fixed_one_hot_kernels(
    channels: int, fold_div: int
) -> None:
    video = torch.randn(2, channels, 4, 3, 3)  # (B, C, T, H, W)
    fold = channels // fold_div
    forward, backward, none = [0.0, 0.0, 1.0], [1.0, 0.0, 0.0], [0.0, 1.0, 0.0]
    taps = torch.tensor([forward] * fold + [backward] * fold + [none] * (channels - 2 * fold))
    kernels = taps.view(channels, 1, 3, 1, 1)
    convolved = F.conv3d(video, kernels, padding=(1, 0, 0), groups=channels)
    shifted = TemporalShift(channels, 4, fold_div)(video.transpose(1, 2).flatten(0, 1))
    assert torch.equal(shifted.unflatten(0, (2, 4)).transpose(1, 2), convolved)


def test_it_has_no_parameters() -> None:
    assert not TemporalShift(64, 8).state_dict()


def test_a_single_frame_loses_its_shifted_channels() -> None:
    x = torch.randn(2, 8, 3, 3)
    shifted = TemporalShift(8, 1)(x)
    assert not shifted[:, :2].any()
    assert torch.equal(shifted[:, 2:], x[:, 2:])
