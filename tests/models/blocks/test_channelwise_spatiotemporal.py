"""Specification of CSTM's temporal convolution (STM, section 3.1)."""

import torch

from models.blocks import ChannelwiseSpatioTemporal, TemporalShift


def test_it_starts_with_a_quarter_of_the_channels_shifted_in_each_direction() -> None:
    x = torch.randn(6, 16, 3, 3)
    cstm = ChannelwiseSpatioTemporal(16, 3)
    assert torch.equal(cstm(x), TemporalShift(16, 3, fold_div=4)(x))


def test_its_parameters_are_one_kernel_of_three_frames_per_channel() -> None:
    assert sum(p.numel() for p in ChannelwiseSpatioTemporal(64).parameters()) == 3 * 64
