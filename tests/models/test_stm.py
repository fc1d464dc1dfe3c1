"""Specification of `STM` (section 3.3): CSTM and CMM around every bottleneck's conv2."""

from typing import Literal

import pytest
import torch
from torch import Tensor, nn
from torch.nn import functional as F

from models import STM, TSN
from models.blocks import ChannelwiseMotion, ChannelwiseSpatioTemporal
from models.stm import SpatioTemporalMotion

pytestmark = pytest.mark.usefixtures("tiny_backbones")


def test_a_block_adds_the_motion_to_conv2_of_the_mixed_frames() -> None:
    block = STM(5, num_segments=2, backbone="tiny bottleneck").eval().frame_network.layer1[1]
    x = torch.randn(4, 256, 6, 6)
    narrow = block.bn1(block.conv1(x)).relu()
    mixed = block.around_conv2.cstm(narrow)
    middle = block.bn2(block.conv2(mixed)).relu() + block.around_conv2.cmm(narrow)
    assert torch.equal(block(x), (block.bn3(block.conv3(middle)) + x).relu())


def test_in_a_basic_block_both_are_around_the_second_convolution() -> None:
    block = STM(5, num_segments=2, backbone="tiny basic").eval().frame_network.layer1[1]
    x = torch.randn(4, 64, 6, 6)
    first = block.bn1(block.conv1(x)).relu()
    second = block.bn2(block.conv2(block.around_conv2.cstm(first)))
    assert torch.equal(block(x), (second + block.around_conv2.cmm(first) + x).relu())


@pytest.mark.parametrize("side", [8, 7])
def test_where_conv2_has_a_stride_the_motion_is_pooled_to_its_size(side: int) -> None:
    conv = nn.Conv2d(16, 16, 3, stride=2, padding=1)
    module = SpatioTemporalMotion(nn.Identity(), ChannelwiseMotion(16, 2))
    x = torch.randn(2, 16, side, side)
    motion = F.max_pool2d(module.cmm(x), 2, ceil_mode=True)
    assert torch.equal(module(x, conv), conv(x) + motion)


@pytest.mark.parametrize(("blocks", "expected"), [("all", 16), ("first", 4)])
def test_both_are_in_every_block_or_in_the_first(
    blocks: Literal["all", "first"], expected: int
) -> None:
    with torch.device("meta"):
        modules = list(STM(5, blocks=blocks).modules())
    for kind in (ChannelwiseSpatioTemporal, ChannelwiseMotion):
        assert sum(isinstance(module, kind) for module in modules) == expected


def test_the_switches_reach_the_modules() -> None:
    network = STM(
        5,
        num_segments=2,
        backbone="tiny bottleneck",
        cmm_reduction=8,
        cmm_norm=False,
        cstm_fold_div=8,
    )
    around = network.frame_network.layer1[0].around_conv2
    assert around.cmm.motion.reduce.out_channels == around.cstm.channels // 8
    assert isinstance(around.cmm.motion.norm, nn.Identity)
    assert around.cstm.fold_div == 8


def test_cstm_starts_from_shifts_not_from_torchvision_s_rule() -> None:
    network = STM(5, num_segments=2, backbone="tiny basic")
    assert set(network.frame_network.layer4[0].around_conv2.cstm.weight.unique().tolist()) == {0, 1}


def test_the_parameters_that_it_adds_to_tsn_are_around_conv2() -> None:
    with torch.device("meta"):
        tsn, stm = (network(5).state_dict() for network in (TSN, STM))
    added = {key: value.shape for key, value in stm.items() if ".around_conv2." not in key}
    assert added == {key: value.shape for key, value in tsn.items()}


def test_with_zero_cmm_and_identity_cstm_it_is_tsn() -> None:
    torch.manual_seed(0)
    stm = STM(5, num_segments=3, backbone="tiny bottleneck").eval()
    tsn = TSN(5, num_segments=3, backbone="tiny bottleneck").eval()
    tsn.load_state_dict(stm.state_dict(), strict=False)
    for module in stm.modules():
        if isinstance(module, ChannelwiseSpatioTemporal):
            module.weight.data = Tensor([0, 1, 0])[:, None].expand_as(module.weight).clone()
        elif isinstance(module, ChannelwiseMotion):
            nn.init.zeros_(module.restore.weight)
    clips = torch.randn(2, 3, 3, 32, 32)
    torch.testing.assert_close(stm(clips), tsn(clips))
