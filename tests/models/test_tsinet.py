"""Specification of `TSINet` (section 3.4) and of the ablations of TSI's tables 4a to 4d."""

from typing import Any, Literal

import pytest
import torch
from torch import nn

from models import TSN, ModelError, TEINet, TSINet
from models.blocks import (
    CrossPerceptionTemporalIntegration,
    MotionExcitation,
    MultipleTemporalAggregation,
    SalientMotionExcitation,
    TemporalInteraction,
)

pytestmark = pytest.mark.usefixtures("tiny_backbones")

TABLES_4A_4B_4D: dict[str, dict[str, Any]] = {
    "SME+CTI": {},
    "4a CTI": {"motion": "none"},
    "4a SME": {"integration": "none"},
    "4a TIM": {"motion": "none", "integration": "tim"},
    "4a TIM+SME": {"integration": "tim"},
    "4a MTA": {"motion": "none", "integration": "mta"},
    "4a TIM+ME": {"motion": "me", "integration": "tim"},
    "5 TSN+CTI": {"motion": "none"},
    "4b without SA": {"sme_alignment": "none"},
    "4b without CA": {"sme_channel_attention": False},
    "4b without SA and CA": {"sme_alignment": "none", "sme_channel_attention": False},
    "4d summation": {"fusion": "summation"},
    "4d concatenation": {"fusion": "concatenation"},
    "4d addition in alignment": {"sme_alignment": "add"},
    "4d simple motion": {"sme_motion": "simple"},
    "4d independent groups": {"cti_integration": "independent"},
    "4d addition of groups": {"cti_integration": "add"},
    "open: no normalisation": {"sme_reduction_norm": False},
    "two groups": {"cti_groups": 2},
    "another reduction": {"sme_reduction": 8},
    "ME in SME's stead": {"motion": "me"},
    "MTA in CTI's stead": {"integration": "mta"},
    "ME beside MTA": {"motion": "me", "integration": "mta", "fusion": "concatenation"},
    "open: ME without norms": {"motion": "me", "me_norm": False},
    "ME's gate as in the code": {"motion": "me", "me_gate": "halved"},
    "open: MTA without norms": {"integration": "mta", "mta_norm": False},
}
TABLE_4C: list[tuple[str, Literal["all", "first"], int]] = [
    ("none", "all", 0),
    ("res2", "first", 1),
    ("res3", "first", 1),
    ("res4", "first", 1),
    ("res5", "first", 1),
    ("res2-5", "first", 4),
    ("res2-5", "all", 16),
]


def count(network: nn.Module, kind: type[nn.Module]) -> int:
    """Count a kind of module in a network."""
    return sum(isinstance(module, kind) for module in network.modules())


def learns(network: TSINet) -> bool:
    """Run forward and backward on two small clips and see that every parameter moves."""
    clips = torch.randn(2, 2, 3, 32, 32)
    nn.init.normal_(network.classifier.weight)
    nn.functional.cross_entropy(network(clips), torch.tensor([0, 1])).backward()
    gradients = [p.grad for p in network.parameters()]
    return all(g is not None and g.isfinite().all() and g.any() for g in gradients)


@pytest.mark.parametrize("backbone", ["tiny basic", "tiny bottleneck"])
@pytest.mark.parametrize("switches", TABLES_4A_4B_4D.values(), ids=TABLES_4A_4B_4D)
def test_every_switch_builds_and_learns(switches: dict[str, Any], backbone: str) -> None:
    assert learns(TSINet(5, num_segments=2, backbone=backbone, **switches))


@pytest.mark.parametrize(
    ("name", "sme", "cti", "tim"),
    [
        ("4a TIM", 0, 0, 5),
        ("4a CTI", 0, 5, 0),
        ("4a SME", 5, 0, 0),
        ("4a TIM+SME", 5, 0, 5),
        ("SME+CTI", 5, 5, 0),
        ("4d summation", 5, 5, 0),
        ("4d concatenation", 5, 5, 0),
    ],
)
def test_the_modules_are_in_every_block(name: str, sme: int, cti: int, tim: int) -> None:
    with torch.device("meta"):
        network = TSINet(5, backbone="tiny basic", **TABLES_4A_4B_4D[name])
    kinds = (SalientMotionExcitation, CrossPerceptionTemporalIntegration, TemporalInteraction)
    assert tuple(count(network, kind) for kind in kinds) == (sme, cti, tim)


@pytest.mark.parametrize(
    ("name", "me", "mta", "tim"),
    [("4a MTA", 0, 5, 0), ("4a TIM+ME", 5, 0, 5), ("ME beside MTA", 5, 5, 0)],
)
def test_tea_s_modules_are_in_every_block_and_neither_sme_nor_cti(
    name: str, me: int, mta: int, tim: int
) -> None:
    with torch.device("meta"):
        network = TSINet(5, backbone="tiny basic", **TABLES_4A_4B_4D[name])
    kinds = (MotionExcitation, MultipleTemporalAggregation, TemporalInteraction)
    assert tuple(count(network, kind) for kind in kinds) == (me, mta, tim)
    for kind in (SalientMotionExcitation, CrossPerceptionTemporalIntegration):
        assert count(network, kind) == 0


def test_table_5_s_tsn_cti_is_tsn_with_cti_alone_before_conv3_of_every_bottleneck() -> None:
    with torch.device("meta"):
        tsn_cti = TSINet(5, **TABLES_4A_4B_4D["5 TSN+CTI"]).state_dict()
        tsn = TSN(5).state_dict()
    added = [key for key in tsn_cti if key not in tsn]
    assert tsn.keys() <= tsn_cti.keys()
    assert all(".before_last_conv.cti." in key for key in added)
    assert len({key.partition(".before_last_conv")[0] for key in added}) == 16


@pytest.mark.parametrize(("stages", "blocks", "expected"), TABLE_4C)
def test_table_4c_counts_blocks(
    stages: str, blocks: Literal["all", "first"], expected: int
) -> None:
    with torch.device("meta"):
        network = TSINet(5, stages=stages, blocks=blocks)
    assert count(network, SalientMotionExcitation) == expected
    assert count(network, CrossPerceptionTemporalIntegration) == expected


@pytest.mark.parametrize(("stages", "blocks"), [location[:2] for location in TABLE_4C])
def test_every_location_builds_and_learns(stages: str, blocks: Literal["all", "first"]) -> None:
    network = TSINet(5, num_segments=2, backbone="tiny bottleneck", stages=stages, blocks=blocks)
    assert learns(network)


@pytest.mark.parametrize("stage", [2, 3, 4, 5])
def test_a_first_block_is_its_stage_s_first(stage: int) -> None:
    with torch.device("meta"):
        network = TSINet(5, backbone="resnet18", stages=f"res{stage}", blocks="first")
    first_block = network.frame_network.get_submodule(f"layer{stage - 1}.0")
    assert count(first_block, SalientMotionExcitation) == 1


@pytest.mark.parametrize("fusion", ["summation", "concatenation"])
@pytest.mark.parametrize("missing", ["motion", "integration"])
def test_a_fusion_of_a_single_module_is_refused(
    fusion: Literal["summation", "concatenation"], missing: str
) -> None:
    alone: dict[str, Any] = {missing: "none"}
    with pytest.raises(ModelError, match=rf"fusion='{fusion}' .*{missing}='none'"):
        TSINet(5, fusion=fusion, **alone)


def tsi_of_the_first_block(**switches: Any) -> tuple[nn.Module, nn.Module, nn.Module]:
    """Build a TSINet and give its first block's TSI, SME and CTI (or what is in its place)."""
    network = TSINet(5, num_segments=2, backbone="tiny basic", **switches).eval()
    tsi = network.frame_network.layer1[0].before_last_conv
    return tsi, tsi.sme, tsi.cti


def assert_same(module: nn.Module, reference: nn.Module) -> None:
    """See that two modules of 64 channels and 2 frames are built and compute alike."""
    reference.eval().load_state_dict(module.state_dict())
    x = torch.randn(4, 64, 4, 4)
    assert torch.equal(module(x), reference(x))


@pytest.mark.parametrize(
    ("switch", "argument", "value"),
    [
        ("sme_reduction", "reduction", 8),
        ("sme_alignment", "alignment", "add"),
        ("sme_alignment", "alignment", "none"),
        ("sme_motion", "motion", "simple"),
        ("sme_channel_attention", "channel_attention", False),
        ("sme_reduction_norm", "reduction_norm", False),
    ],
)
def test_sme_s_switches_reach_sme(switch: str, argument: str, value: Any) -> None:
    _, sme, _ = tsi_of_the_first_block(**{switch: value})
    arguments: dict[str, Any] = {argument: value}
    assert_same(sme, SalientMotionExcitation(64, 2, **arguments))


@pytest.mark.parametrize(
    ("switch", "argument", "value"),
    [
        ("cti_groups", "groups", 2),
        ("cti_integration", "integration", "add"),
        ("cti_integration", "integration", "independent"),
    ],
)
def test_cti_s_switches_reach_cti(switch: str, argument: str, value: Any) -> None:
    _, _, cti = tsi_of_the_first_block(**{switch: value})
    arguments: dict[str, Any] = {argument: value}
    assert_same(cti, CrossPerceptionTemporalIntegration(64, 2, **arguments))


@pytest.mark.parametrize(
    ("switch", "argument", "value"), [("me_norm", "norm", False), ("me_gate", "gate", "halved")]
)
def test_me_s_switches_reach_me(switch: str, argument: str, value: Any) -> None:
    _, me, _ = tsi_of_the_first_block(motion="me", **{switch: value})
    arguments: dict[str, Any] = {argument: value}
    assert_same(me, MotionExcitation(64, 2, **arguments))


@pytest.mark.parametrize(
    ("switch", "argument", "value"),
    [
        ("mta_norm", "norm", False),
        ("mta_start", "start", "shift"),
        ("mta_order", "order", "paper"),
    ],
)
def test_mta_s_switches_reach_mta(switch: str, argument: str, value: Any) -> None:
    _, _, mta = tsi_of_the_first_block(integration="mta", **{switch: value})
    arguments: dict[str, Any] = {argument: value}
    assert_same(mta, MultipleTemporalAggregation(64, 2, **arguments))


def test_the_modules_are_the_paper_s_by_default() -> None:
    _, sme, cti = tsi_of_the_first_block()
    assert_same(sme, SalientMotionExcitation(64, 2))
    assert_same(cti, CrossPerceptionTemporalIntegration(64, 2))


def test_the_cascade_is_sme_then_cti() -> None:
    tsi, sme, cti = tsi_of_the_first_block()
    x = torch.randn(4, 64, 4, 4)
    assert torch.equal(tsi(x), cti(sme(x)))


def test_the_summation_adds_sme_and_cti() -> None:
    tsi, sme, cti = tsi_of_the_first_block(fusion="summation")
    x = torch.randn(4, 64, 4, 4)
    assert torch.equal(tsi(x), sme(x) + cti(x))


def test_the_concatenation_stacks_sme_and_cti() -> None:
    tsi, sme, cti = tsi_of_the_first_block(fusion="concatenation")
    x = torch.randn(4, 64, 4, 4)
    assert torch.equal(tsi(x), torch.cat([sme(x), cti(x)], dim=1))


@pytest.mark.parametrize(
    ("backbone", "last"), [("tiny basic", "conv2"), ("tiny bottleneck", "conv3")]
)
def test_the_concatenation_doubles_the_inputs_of_the_next_convolution(
    backbone: str, last: str
) -> None:
    with torch.device("meta"):
        wide = TSINet(5, backbone=backbone, fusion="concatenation")
        narrow = TSINet(5, backbone=backbone)
    for stage in ("layer1", "layer2", "layer3", "layer4"):
        for one, other in zip(
            getattr(wide.frame_network, stage), getattr(narrow.frame_network, stage), strict=True
        ):
            assert getattr(one, last).in_channels == 2 * getattr(other, last).in_channels


def test_a_cti_of_its_own_starts_from_shifts_not_from_torchvision_s_rule() -> None:
    network = TSINet(5, num_segments=2, backbone="tiny basic")
    for conv in network.frame_network.layer4[0].before_last_conv.cti.convs:
        assert set(conv.weight.unique().tolist()) == {0, 1}


def test_torchvision_s_initialisation_does_not_reach_sme() -> None:
    network = TSINet(5, num_segments=2, backbone="tiny basic")
    # torch's rule for a 1x1 convolution of 512 inputs is bounded; torchvision's is normal.
    reduce = network.frame_network.layer4[0].before_last_conv.sme.reduce
    assert reduce.weight.abs().max() <= 512**-0.5


@pytest.mark.parametrize("place", ["before_conv1", "before_last_conv"])
def test_tim_is_at_the_chosen_place(
    place: Literal["before_conv1", "before_last_conv"],
) -> None:
    network = TSINet(5, backbone="tiny bottleneck", integration="tim", tim_place=place)
    tims = [
        name for name, module in network.named_modules() if isinstance(module, TemporalInteraction)
    ]
    assert tims
    assert all(f".{place}" in name for name in tims)
    assert count(network, SalientMotionExcitation) == len(tims)


def test_table_4a_s_tim_is_teinet_s() -> None:
    tim = TSINet(5, backbone="tiny bottleneck", motion="none", integration="tim").state_dict()
    teinet = TEINet(5, backbone="tiny bottleneck", enhancement="none").state_dict()
    assert sorted(value.shape for value in tim.values()) == sorted(
        value.shape for value in teinet.values()
    )


def test_tim_before_conv1_cannot_be_fused_with_sme() -> None:
    with pytest.raises(ModelError, match="two modules in one place"):
        TSINet(5, integration="tim", fusion="summation")
