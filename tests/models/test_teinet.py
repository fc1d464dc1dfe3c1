"""Specification of `TEINet` (section 3.3) and of the ablations of its tables 1a, 1b and 1c."""

from typing import Any

import pytest
import torch
from torch import nn
from torchvision.ops import SqueezeExcitation

from models import TEINet
from models.blocks import MotionEnhancement, TemporalInteraction

pytestmark = pytest.mark.usefixtures("tiny_backbones")

TABLE_1A: dict[str, dict[str, Any]] = {
    "TSN": {"enhancement": "none", "interaction": "none"},
    "MEM": {"interaction": "none"},
    "TIM": {"enhancement": "none"},
    "SE+TIM": {"enhancement": "se"},
    "MEM+TIM": {},
}
OPEN: dict[str, dict[str, Any]] = {
    "no biases in MEM": {"mem_bias": False},
    "centred gates": {"mem_gate": "centred"},
    "another reduction": {"reduction": 16},
    "norms in MEM": {"mem_norm": True, "mem_bias": False},
}
TABLES_1B_AND_1C = {
    "res2": 3,
    "res3": 4,
    "res4": 6,
    "res5": 3,
    "res4-5": 9,
    "res3-5": 13,
    "res2-5": 16,
}
FIRST_BLOCKS = {"res2": 1, "res5": 1, "res2-5": 4, "none": 0}


def count(network: nn.Module, kind: type[nn.Module]) -> int:
    """Count a kind of module in a network."""
    return sum(isinstance(module, kind) for module in network.modules())


def learns(network: TEINet) -> bool:
    """Run forward and backward on two small clips and see that every parameter moves."""
    clips = torch.randn(2, 2, 3, 32, 32)
    nn.init.normal_(network.classifier.weight)
    nn.functional.cross_entropy(network(clips), torch.tensor([0, 1])).backward()
    gradients = [p.grad for p in network.parameters()]
    return all(g is not None and g.isfinite().all() and g.any() for g in gradients)


@pytest.mark.parametrize("backbone", ["tiny basic", "tiny bottleneck"])
@pytest.mark.parametrize("switches", [*TABLE_1A.values(), *OPEN.values()], ids=[*TABLE_1A, *OPEN])
def test_every_switch_builds_and_learns(switches: dict[str, Any], backbone: str) -> None:
    assert learns(TEINet(5, num_segments=2, backbone=backbone, **switches))


@pytest.mark.parametrize(
    ("name", "mem", "se", "tim"),
    [
        ("TSN", 0, 0, 0),
        ("MEM", 5, 0, 0),
        ("TIM", 0, 0, 5),
        ("SE+TIM", 0, 5, 5),
        ("MEM+TIM", 5, 0, 5),
    ],
)
def test_table_1a_s_modules_are_in_every_block(name: str, mem: int, se: int, tim: int) -> None:
    with torch.device("meta"):
        network = TEINet(5, backbone="tiny basic", **TABLE_1A[name])
    kinds = (MotionEnhancement, SqueezeExcitation, TemporalInteraction)
    assert tuple(count(network, kind) for kind in kinds) == (mem, se, tim)


@pytest.mark.parametrize(("stages", "blocks"), TABLES_1B_AND_1C.items())
def test_tables_1b_and_1c_count_blocks(stages: str, blocks: int) -> None:
    with torch.device("meta"):
        network = TEINet(5, stages=stages)
    assert count(network, MotionEnhancement) == count(network, TemporalInteraction) == blocks


@pytest.mark.parametrize(("stages", "blocks"), FIRST_BLOCKS.items())
def test_modules_can_be_in_first_blocks_only(stages: str, blocks: int) -> None:
    with torch.device("meta"):
        network = TEINet(5, stages=stages, blocks="first")
    assert count(network, MotionEnhancement) == count(network, TemporalInteraction) == blocks


@pytest.mark.parametrize("stages", [*TABLES_1B_AND_1C, "none"])
def test_every_location_builds_and_learns(stages: str) -> None:
    assert learns(TEINet(5, num_segments=2, backbone="tiny bottleneck", stages=stages))


def test_a_module_is_in_its_own_stage() -> None:
    with torch.device("meta"):
        network = TEINet(5, stages="res4")
    assert count(network.frame_network.layer3, MotionEnhancement) == 6


def test_tei_is_mem_then_tim() -> None:
    network = TEINet(5, num_segments=2, backbone="tiny basic")
    tei = network.frame_network.layer1[0].before_conv1
    x = torch.randn(4, 64, 4, 4)
    mem, tim = (
        next(module for module in tei.children() if isinstance(module, kind))
        for kind in (MotionEnhancement, TemporalInteraction)
    )
    torch.testing.assert_close(tei(x), tim(mem(x)))


@pytest.mark.parametrize("backbone", ["resnet18", "resnet50"])
def test_tei_has_the_block_s_input_width(backbone: str) -> None:
    with torch.device("meta"):
        network = TEINet(5, backbone=backbone)
    resnet = network.frame_network
    for stage in (resnet.layer1, resnet.layer2, resnet.layer3, resnet.layer4):
        for block in stage:
            (tim,) = (m for m in block.modules() if isinstance(m, TemporalInteraction))
            assert tim.channels == block.conv1.in_channels


def test_se_weighs_each_frame_by_itself() -> None:
    network = TEINet(5, num_segments=3, backbone="tiny basic", enhancement="se", interaction="none")
    se = network.frame_network.layer1[0].before_conv1
    x = torch.randn(3, 64, 4, 4)
    torch.testing.assert_close(se(x), torch.cat([se(frame[None]) for frame in x]))


@pytest.mark.parametrize("reduction", [8, 16])
def test_se_has_the_same_reduction_as_mem(reduction: int) -> None:
    with torch.device("meta"):
        network = TEINet(
            5,
            backbone="tiny basic",
            enhancement="se",
            interaction="none",
            reduction=reduction,
        )
    width = 64 // reduction
    parameters = sum(p.numel() for p in network.frame_network.layer1[0].before_conv1.parameters())
    assert parameters == 2 * 64 * width + width + 64


@pytest.mark.parametrize(
    ("switch", "argument", "value"),
    [("reduction", "reduction", 16), ("mem_bias", "bias", False), ("mem_gate", "gate", "centred")],
)
def test_mem_s_switches_reach_mem(switch: str, argument: str, value: Any) -> None:
    switches, arguments = {switch: value}, {argument: value}
    network = TEINet(5, num_segments=2, backbone="tiny basic", **switches)
    mem = network.frame_network.layer1[0].before_conv1.mem
    reference = MotionEnhancement(64, 2, **arguments)
    reference.load_state_dict(mem.state_dict())
    x = torch.randn(4, 64, 4, 4)
    assert torch.equal(mem(x), reference(x))


def test_torchvision_s_initialisation_does_not_reach_tim() -> None:
    network = TEINet(5, num_segments=2, backbone="tiny basic")
    assert set(network.frame_network.layer4[0].before_conv1.tim.weight.unique().tolist()) == {0, 1}


def test_torchvision_s_initialisation_does_not_reach_mem() -> None:
    network = TEINet(5, num_segments=2, backbone="tiny basic")
    # torch's rule for a 1x1 convolution of 256 inputs is bounded; torchvision's is normal.
    assert network.frame_network.layer4[0].before_conv1.mem.conv1.weight.abs().max() <= 256**-0.5
