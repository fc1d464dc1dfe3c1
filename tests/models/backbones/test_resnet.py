"""Specification of the three places for a temporal module in a residual block."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torchvision.models.resnet import BasicBlock, Bottleneck

from models.backbones.resnet import TemporalBasicBlock, TemporalBottleneck
from models.backbones.sites import BlockSite
from models.blocks.fusion import Concatenation
from models.video_network import VideoNetwork


class Spy(nn.Module):
    """Passes its input on and keeps it."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = torch.empty(0)

    def forward(self, x: Tensor) -> Tensor:
        """Keep the input and pass it on."""
        self.seen = x
        return x


class Erase(nn.Module):
    """Sets its input to zero."""

    def forward(self, x: Tensor) -> Tensor:
        """Return zeros."""
        return torch.zeros_like(x)


Block = TemporalBasicBlock | TemporalBottleneck


def basic_block(slot: str, module: nn.Module) -> TemporalBasicBlock:
    """Build a basic block of 16 channels with a module in one place, in evaluation mode."""
    block = TemporalBasicBlock(16, 16, **{slot: lambda channels: module})
    return block.eval()


def bottleneck(slot: str, module: nn.Module) -> TemporalBottleneck:
    """Build a bottleneck of 16 channels, 4 within, with a module in one place, likewise."""
    block = TemporalBottleneck(16, 4, **{slot: lambda channels: module})
    return block.eval()


every_block = pytest.mark.parametrize("make_block", [basic_block, bottleneck])
every_slot = pytest.mark.parametrize("slot", ["before_conv1", "before_last_conv"])


@every_block
def test_a_module_before_conv1_sees_the_block_s_raw_input(
    make_block: Callable[[str, nn.Module], Block],
) -> None:
    spy = Spy()
    x = torch.randn(4, 16, 8, 8)
    make_block("before_conv1", spy)(x)
    assert spy.seen is x


def test_a_module_before_a_bottleneck_s_last_convolution_sees_conv2_normalised_and_active() -> None:
    spy = Spy()
    block = bottleneck("before_last_conv", spy)
    x = torch.randn(4, 16, 8, 8)
    block(x)
    narrow = block.bn1(block.conv1(x)).relu()
    assert torch.equal(spy.seen, block.bn2(block.conv2(narrow)).relu())


def test_a_module_before_a_basic_block_s_last_convolution_sees_conv1_normalised_and_active() -> (
    None
):
    spy = Spy()
    block = basic_block("before_last_conv", spy)
    x = torch.randn(4, 16, 8, 8)
    block(x)
    assert torch.equal(spy.seen, block.bn1(block.conv1(x)).relu())


@every_block
@every_slot
def test_a_module_acts_on_the_residual_branch_and_the_shortcut_takes_the_raw_input(
    slot: str, make_block: Callable[[str, nn.Module], Block]
) -> None:
    x = torch.randn(4, 16, 8, 8)
    # Untrained normalisation adds nothing to an erased branch: the input's shortcut is left.
    assert torch.equal(make_block(slot, Erase())(x), x.relu())


@every_block
@every_slot
def test_without_a_module_a_block_is_torchvision_s(
    slot: str, make_block: Callable[[str, nn.Module], Block]
) -> None:
    block = make_block(slot, nn.Identity())
    theirs = BasicBlock(16, 16) if isinstance(block, BasicBlock) else Bottleneck(16, 4)
    theirs.eval().load_state_dict(block.state_dict())
    x = torch.randn(4, 16, 8, 8)
    assert torch.equal(block(x), theirs(x))


@pytest.mark.parametrize(
    ("make_block", "last", "shape"),
    [(basic_block, "conv2", (16, 32, 3, 3)), (bottleneck, "conv3", (16, 8, 1, 1))],
)
def test_the_last_convolution_takes_all_output_channels_of_its_module(
    make_block: Callable[[str, nn.Module], Block], last: str, shape: tuple[int, ...]
) -> None:
    width = shape[1] // 2
    block = make_block("before_last_conv", Concatenation(nn.Identity(), nn.Identity(), width))
    assert getattr(block, last).weight.shape == shape
    assert block(torch.randn(4, 16, 8, 8)).shape == (4, 16, 8, 8)


@pytest.mark.parametrize(
    ("backbone", "expected"),
    [
        ("resnet18", [64] * 3 + [128] * 2 + [256] * 2 + [512]),
        ("resnet50", [64] + [256] * 3 + [512] * 4 + [1024] * 6 + [2048] * 2),
    ],
)
def test_modules_before_conv1_have_the_block_s_input_width(
    backbone: str, expected: list[int]
) -> None:
    widths: list[int] = []

    def note(channels: int, site: BlockSite) -> None:
        widths.append(channels)

    with torch.device("meta"):
        VideoNetwork(3, backbone=backbone, modules={"before_conv1": note})
    assert widths == expected


@pytest.mark.parametrize(
    ("backbone", "expected"),
    [
        ("resnet18", [64] * 2 + [128] * 2 + [256] * 2 + [512] * 2),
        ("resnet50", [64] * 3 + [128] * 4 + [256] * 6 + [512] * 3),
        ("resnext50_32x4d", [128] * 3 + [256] * 4 + [512] * 6 + [1024] * 3),
        ("wide_resnet50_2", [128] * 3 + [256] * 4 + [512] * 6 + [1024] * 3),
    ],
)
def test_modules_before_the_last_convolution_have_the_bottleneck_s_width(
    backbone: str, expected: list[int]
) -> None:
    widths: list[int] = []

    def note(channels: int, site: BlockSite) -> None:
        widths.append(channels)

    with torch.device("meta"):
        VideoNetwork(3, backbone=backbone, modules={"before_last_conv": note})
    assert widths == expected


@every_slot
def test_each_block_tells_its_module_the_stage_and_its_place_in_it(slot: str) -> None:
    sites: list[tuple[int, int]] = []

    def note(channels: int, site: BlockSite) -> None:
        sites.append((site.stage, site.index))

    with torch.device("meta"):
        if slot == "before_conv1":
            VideoNetwork(3, backbone="resnet50", modules={"before_conv1": note})
        else:
            VideoNetwork(3, backbone="resnet50", modules={"before_last_conv": note})
    blocks = {2: 3, 3: 4, 4: 6, 5: 3}
    assert sites == [(stage, index) for stage, count in blocks.items() for index in range(count)]


class Around(nn.Module):
    """Keeps conv2's input and doubles what conv2 gives."""

    def __init__(self) -> None:
        super().__init__()
        self.seen = torch.empty(0)

    def forward(self, x: Tensor, conv2: Callable[[Tensor], Tensor]) -> Tensor:
        """Keep the input and double the output."""
        self.seen = x
        return 2 * conv2(x)


def test_a_module_around_a_bottleneck_s_conv2_has_its_input_and_its_active_output() -> None:
    around = Around()
    block = bottleneck("around_conv2", around)
    x = torch.randn(4, 16, 8, 8)
    output = block(x)
    narrow = block.bn1(block.conv1(x)).relu()
    assert torch.equal(around.seen, narrow)
    doubled = 2 * block.bn2(block.conv2(narrow)).relu()
    assert torch.equal(output, (block.bn3(block.conv3(doubled)) + x).relu())


def test_a_module_around_a_basic_block_s_conv2_has_its_input_and_its_output() -> None:
    around = Around()
    block = basic_block("around_conv2", around)
    x = torch.randn(4, 16, 8, 8)
    output = block(x)
    first = block.bn1(block.conv1(x)).relu()
    assert torch.equal(around.seen, first)
    assert torch.equal(output, (2 * block.bn2(block.conv2(first)) + x).relu())


@pytest.mark.parametrize(
    ("backbone", "expected"),
    [
        ("resnet18", [64] * 2 + [128] * 2 + [256] * 2 + [512] * 2),
        ("resnet50", [64] * 3 + [128] * 4 + [256] * 6 + [512] * 3),
    ],
)
def test_modules_around_conv2_have_its_input_width(backbone: str, expected: list[int]) -> None:
    widths: list[int] = []

    def note(channels: int, site: BlockSite) -> None:
        widths.append(channels)

    with torch.device("meta"):
        VideoNetwork(3, backbone=backbone, modules={"around_conv2": note})
    assert widths == expected
