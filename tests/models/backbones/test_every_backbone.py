"""Tests of every family: torchvision's network, key for key, and modules at their sites."""

import pytest
import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode
from torchvision.models import get_model, get_model_weights, list_models

from models import STM, TSM, TSN, ModelError, TEINet, TSINet, VideoNetwork
from models.backbones import BACKBONES
from models.blocks import MotionEnhancement, SalientMotionExcitation, TemporalShift

FAMILIES = ("resn*", "wide_resnet*", "regnet*", "mobilenet_v2", "efficientnet*", "convnext*")
SMALLEST = (
    *("resnet18", "resnext50_32x4d", "regnet_x_400mf", "regnet_y_400mf"),
    *("mobilenet_v2", "efficientnet_b0", "efficientnet_v2_s", "convnext_tiny"),
)
"""One of each kind of block."""

every_backbone = pytest.mark.parametrize("name", list(BACKBONES))
every_family = pytest.mark.parametrize("name", SMALLEST)
every_temporal_network = pytest.mark.parametrize("network_class", [TSM, TEINet, TSINet])


def count(network: nn.Module, kind: type[nn.Module]) -> int:
    """Count the modules of a kind."""
    return sum(isinstance(module, kind) for module in network.modules())


def build(network_class: type[VideoNetwork], name: str, num_segments: int = 3) -> VideoNetwork:
    """Build a network whose head and residual branches are large enough to tell clips apart."""
    network = network_class(5, num_segments=num_segments, backbone=name)
    nn.init.normal_(network.classifier.weight)
    for key, parameter in network.named_parameters():
        if key.endswith("layer_scale"):  # ConvNeXt's branches begin at a millionth
            nn.init.ones_(parameter)
    for module in network.modules():  # statistics of their own, else deep networks go flat
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        network.train()(torch.randn(4, num_segments, 3, 64, 64))
    return network.eval()


def test_every_member_of_the_families_is_there() -> None:
    assert sorted(BACKBONES) == sorted(
        name for family in FAMILIES for name in list_models(include=family)
    )


ON_META = [name for name in BACKBONES if "regnet" not in name]
SMALL_REGNETS = ["regnet_x_400mf", "regnet_x_800mf", "regnet_y_400mf", "regnet_y_800mf"]


@pytest.mark.parametrize("name", [*ON_META, *SMALL_REGNETS])
def test_without_temporal_modules_the_frame_network_is_torchvision_s_key_for_key(name: str) -> None:
    with torch.device("meta"):
        ours = TSN(7, backbone=name).frame_network.state_dict()
    with torch.device("meta" if name in ON_META else "cpu"):  # RegNet's widths need numbers
        theirs = get_model(name, num_classes=7).state_dict()
    assert [(key, value.shape) for key, value in ours.items()] == [
        (key, value.shape) for key, value in theirs.items()
    ]


@every_backbone
def test_the_parameters_are_as_many_as_torchvision_states_beside_its_weights(name: str) -> None:
    with torch.device("meta"):
        network = TSN(1000, backbone=name)
    stated = get_model_weights(name).DEFAULT.meta["num_params"]
    assert sum(p.numel() for p in network.parameters()) == stated


@every_family
def test_without_temporal_modules_a_network_computes_what_torchvision_s_does(name: str) -> None:
    ours, theirs = build(TSN, name), get_model(name, num_classes=5).eval()
    theirs.load_state_dict(ours.frame_network.state_dict())
    clips = torch.randn(2, 3, 3, 32, 32)
    with torch.no_grad():
        per_frame = theirs(clips.flatten(0, 1)).unflatten(0, (2, 3))
        torch.testing.assert_close(ours(clips), per_frame.mean(dim=1))


@every_family
@every_temporal_network
def test_without_its_modules_a_network_is_tsn_key_for_key(
    network_class: type[VideoNetwork], name: str
) -> None:
    with torch.device("meta"):
        bare = network_class(5, backbone=name, stages="none")  # type: ignore[call-arg]
        tsn = TSN(5, backbone=name)
    assert list(bare.state_dict()) == list(tsn.state_dict())


@pytest.mark.parametrize(
    ("name", "at_the_head", "before_the_last"),
    [
        ("resnet18", 8, 8),
        ("resnet50", 16, 16),
        ("resnext50_32x4d", 16, 16),
        ("regnet_y_400mf", 16, 16),
        ("mobilenet_v2", 10, 17),  # ten blocks with a shortcut, as TSM's authors shift
        ("efficientnet_b0", 9, 16),
        ("efficientnet_v2_s", 35, 38),  # stage1's two blocks are single convolutions
        ("convnext_tiny", 18, 18),
    ],
)
def test_modules_are_in_the_blocks_that_have_their_place(
    name: str, at_the_head: int, before_the_last: int
) -> None:
    with torch.device("meta"):
        assert count(TSM(5, backbone=name), TemporalShift) == at_the_head
        assert count(TEINet(5, backbone=name), MotionEnhancement) == at_the_head
        assert count(TSINet(5, backbone=name), SalientMotionExcitation) == before_the_last


@every_family
@every_temporal_network
def test_the_order_of_frames_matters_and_clips_are_never_mixed(
    network_class: type[VideoNetwork], name: str
) -> None:
    network = build(network_class, name)
    clips = torch.randn(2, 3, 3, 32, 32)
    other = torch.stack([clips[0], torch.randn_like(clips[1])])
    with torch.no_grad():
        before, changed, backwards = network(clips), network(other), network(clips.flip(1))
    assert torch.equal(before[0], changed[0])
    assert not torch.allclose(before[1], changed[1], rtol=1e-3)
    assert (before - backwards).norm() > 1e-3 * before.norm()


@every_family
def test_without_modules_the_order_of_frames_does_not_matter(name: str) -> None:
    network = build(TSN, name)
    clips = torch.randn(2, 3, 3, 32, 32)
    with torch.no_grad():
        torch.testing.assert_close(network(clips), network(clips.flip(1)), rtol=1e-3, atol=1e-4)


@every_family
@pytest.mark.parametrize("network_class", [TEINet, TSINet])
def test_every_parameter_gets_a_gradient(network_class: type[VideoNetwork], name: str) -> None:
    network = build(network_class, name, num_segments=2).double()
    clips = torch.randn(2, 2, 3, 64, 64, dtype=torch.float64)
    nn.functional.cross_entropy(network(clips), torch.tensor([0, 1])).backward()
    still = [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or not parameter.grad.any()
    ]
    assert still == []


@every_family
@pytest.mark.parametrize("network_class", [TEINet, TSINet])
def test_modules_keep_their_own_initialisation(
    network_class: type[VideoNetwork], name: str
) -> None:
    network = network_class(5, num_segments=2, backbone=name)
    for module in network.modules():
        if isinstance(module, MotionEnhancement | SalientMotionExcitation):
            conv = next(m for m in module.modules() if isinstance(m, nn.Conv2d))
            bound = conv.in_channels**-0.5  # torch's rule is bounded, torchvision's are not
            assert conv.weight.abs().max() <= bound
    assert network.classifier.weight.std() < 0.002


@every_family
@every_temporal_network
def test_first_blocks_and_single_stages_can_be_chosen(
    network_class: type[VideoNetwork], name: str
) -> None:
    kind = {TSM: TemporalShift, TEINet: MotionEnhancement, TSINet: SalientMotionExcitation}
    stage = "res4" if "resn" in name else "stage3"
    with torch.device("meta"):
        one = network_class(5, backbone=name, stages=stage, blocks="first")  # type: ignore[call-arg]
    found = [key for key, module in one.named_modules() if isinstance(module, kind[network_class])]
    assert [one.stage_of(key) for key in found] == [stage]


@pytest.mark.parametrize("name", ["mobilenet_v2", "efficientnet_b0", "convnext_tiny"])
def test_the_last_convolution_takes_a_concatenation(name: str) -> None:
    network = TSINet(5, num_segments=2, backbone=name, fusion="concatenation")
    assert network(torch.randn(1, 2, 3, 32, 32)).shape == (1, 5)


def test_a_place_that_a_family_lacks_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match=r"mobilenet_v2.*around_conv2.*resnet50"):
        STM(5, backbone="mobilenet_v2")


def test_stages_without_the_place_are_refused_by_name() -> None:
    with pytest.raises(ModelError, match=r"stage1.*efficientnet_v2_s.*before_last_conv"):
        TSINet(5, backbone="efficientnet_v2_s", stages="stage1")


def test_a_block_with_too_few_channels_is_named() -> None:
    with pytest.raises(ModelError, match=r"mobilenet_v2, stage 1, block 0: reduction=64"):
        TSINet(5, backbone="mobilenet_v2", sme_reduction=64)


@pytest.mark.parametrize(
    ("name", "network_class", "millions", "gigamacs"),
    [
        ("mobilenet_v2", TSN, 2.74, 2.4),
        ("mobilenet_v2", TSM, 2.74, 2.4),
        ("mobilenet_v2", TEINet, 2.77, 2.41),
        ("mobilenet_v2", TSINet, 4.48, 9.61),
        ("efficientnet_b0", TSN, 4.52, 3.08),
        ("efficientnet_b0", TSM, 4.52, 3.08),
        ("efficientnet_b0", TEINet, 4.58, 3.09),
        ("efficientnet_b0", TSINet, 7.4, 10.32),
        ("efficientnet_v2_s", TSN, 20.69, 22.79),
        ("efficientnet_v2_s", TSM, 20.69, 22.79),
        ("efficientnet_v2_s", TEINet, 21.17, 22.84),
        ("efficientnet_v2_s", TSINet, 37.29, 31.78),
        ("regnet_y_400mf", TSN, 4.08, 3.21),
        ("regnet_y_400mf", TSM, 4.08, 3.21),
        ("regnet_y_400mf", TEINet, 4.57, 3.24),
        ("regnet_y_400mf", TSINet, 4.65, 3.92),
        ("convnext_tiny", TSN, 28.13, 35.64),
        ("convnext_tiny", TSM, 28.13, 35.64),
        ("convnext_tiny", TEINet, 29.37, 35.7),
        ("convnext_tiny", TSINet, 47.71, 51.74),
    ],
)
def test_parameters_and_multiply_adds_of_8_frames_of_224_px(
    name: str, network_class: type[VideoNetwork], millions: float, gigamacs: float
) -> None:
    with torch.device("meta"):
        network = network_class(400, num_segments=8, backbone=name).eval()
        clip = torch.empty(1, 8, 3, 224, 224)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(clip)
    parameters = sum(p.numel() for p in network.parameters())
    counted = round(parameters / 1e6, 2), round(counter.get_total_flops() / 2e9, 2)
    assert counted == (millions, gigamacs)


def test_an_unknown_backbone_is_refused_and_the_known_ones_are_listed() -> None:
    with pytest.raises(ModelError, match="'resnet19' is not known; did you mean resnet") as refusal:
        TSN(7, backbone="resnet19")
    assert all(name in str(refusal.value) for name in BACKBONES)
