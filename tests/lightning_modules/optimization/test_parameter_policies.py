"""Parameter policies: every parameter in one group, with the public TSM code's factors."""

import pytest
import torch
from torch import nn
from torchvision.models import convnext, mobilenetv2

from lightning_modules import SGD, RunError
from models import TSN, TEINet, TSINet, VideoNetwork

FACTORS = {  # group -> factors on rate and decay
    "weight": (1, 1),
    "bias": (2, 0),
    "norm": (1, 0),
    "classifier_weight": (5, 1),
    "classifier_bias": (10, 0),
}


def grouped(network: nn.Module) -> dict[str, list[str]]:
    """Return the parameters' names of each group."""
    names = {parameter: name for name, parameter in network.named_parameters()}
    groups = SGD(parameter_policy="tsm").make(network).param_groups
    return {group["name"]: [names[parameter] for parameter in group["params"]] for group in groups}


@pytest.mark.parametrize("policy", ["flat", "tsm"])
@pytest.mark.parametrize("network_class", [TSN, TEINet, TSINet])
def test_every_parameter_is_in_one_group(network_class: type[VideoNetwork], policy: str) -> None:
    with torch.device("meta"):
        network = network_class(5, backbone="resnet18")
    maker = SGD(parameter_policy=policy)  # type: ignore[arg-type]
    groups = maker.make(network).param_groups
    found = [id(parameter) for group in groups for parameter in group["params"]]
    assert sorted(found) == sorted(id(parameter) for parameter in network.parameters())


def test_tsm_s_groups_have_the_public_code_s_factors() -> None:
    maker = SGD(lr=0.5, weight_decay=0.25, parameter_policy="tsm")
    groups = maker.make(TEINet(5, backbone="resnet18")).param_groups
    found = {group["name"]: (group["lr"], group["weight_decay"]) for group in groups}
    assert found == {name: (0.5 * lr, 0.25 * decay) for name, (lr, decay) in FACTORS.items()}


def test_the_factors_apply_to_the_scaled_rate() -> None:
    maker = SGD(lr=0.5, parameter_policy="tsm")
    groups = maker.make(TEINet(5, backbone="resnet18"), lr=0.25).param_groups
    assert {group["lr"] for group in groups} == {0.25, 0.5, 1.25, 2.5}


def test_only_the_classifier_gets_the_classifier_s_rate() -> None:
    groups = grouped(TSINet(5, backbone="resnet18"))
    assert groups["classifier_weight"] == ["frame_network.fc.weight"]
    assert groups["classifier_bias"] == ["frame_network.fc.bias"]
    inner = [name for name in groups["weight"] if name.endswith(".fc.weight")]
    assert inner  # CTI's linear layers
    assert [name.replace("weight", "bias") for name in inner] == [
        name for name in groups["bias"] if name.endswith(".fc.bias")
    ]


def test_normalisations_are_a_group_of_their_own() -> None:
    network = TSINet(5, backbone="resnet18")
    norms = [
        f"{name}.{kind}"
        for name, module in network.named_modules()
        if isinstance(module, nn.BatchNorm2d)
        for kind in ("weight", "bias")
    ]
    assert grouped(network)["norm"] == norms


def test_temporal_kernels_count_as_weights() -> None:
    kernels = [name for name in grouped(TEINet(5, backbone="resnet18"))["weight"] if "tim" in name]
    assert len(kernels) == 8


def test_a_group_without_parameters_is_left_out() -> None:
    assert "bias" not in grouped(TSN(5, backbone="resnet18"))  # its convolutions have no bias


def test_a_shared_parameter_is_counted_once() -> None:
    network = TSN(5, backbone="resnet18")
    layer = network.frame_network.layer1
    layer[1].conv1.weight = layer[0].conv1.weight
    names = [name for group in grouped(network).values() for name in group]
    assert len(names) == len(set(names)) == len(list(network.parameters()))


class FrameNetwork(nn.Module):
    """A torchvision network of another family, which offers its classifier."""

    def __init__(self, network: nn.Module) -> None:
        super().__init__()
        self.network = network

    @property
    def classifier(self) -> nn.Module:
        return [module for module in self.network.modules() if isinstance(module, nn.Linear)][-1]


def tiny_convnext() -> FrameNetwork:
    """Make a ConvNeXt of two stages with one block each."""
    stages = [convnext.CNBlockConfig(8, 16, 1), convnext.CNBlockConfig(16, None, 1)]
    return FrameNetwork(convnext.ConvNeXt(stages, num_classes=5))


def test_a_convnext_s_layer_norms_and_layer_scales_have_their_groups() -> None:
    network = tiny_convnext()
    groups = grouped(network)
    norms = [
        f"{name}.{kind}"
        for name, module in network.named_modules()
        if isinstance(module, nn.LayerNorm | convnext.LayerNorm2d)
        for kind in ("weight", "bias")
    ]
    assert len(norms) == 2 * 5  # stem, two blocks, between the stages, before the classifier
    assert groups["norm"] == norms
    scales = [name for name in groups["weight"] if name.endswith("layer_scale")]
    assert len(scales) == 2
    assert groups["classifier_weight"] == ["network.classifier.2.weight"]
    assert groups["classifier_bias"] == ["network.classifier.2.bias"]
    names = [name for members in groups.values() for name in members]
    assert sorted(names) == sorted(name for name, _ in network.named_parameters())


def test_a_mobilenet_s_classifier_is_found_behind_its_dropout() -> None:
    network = FrameNetwork(mobilenetv2.MobileNetV2(num_classes=5, width_mult=0.25))
    groups = grouped(network)
    assert groups.keys() == {"weight", "norm", "classifier_weight", "classifier_bias"}
    assert groups["classifier_weight"] == ["network.classifier.1.weight"]
    names = [name for members in groups.values() for name in members]
    assert sorted(names) == sorted(name for name, _ in network.named_parameters())


def test_a_classifier_comes_before_a_layer_called_fc() -> None:
    network = FrameNetwork(nn.Linear(4, 5))
    network.fc = nn.Linear(5, 5)
    assert grouped(network)["classifier_weight"] == ["network.weight"]


@pytest.mark.parametrize(
    "network", [nn.Conv2d(3, 4, 1), mobilenetv2.MobileNetV2(width_mult=0.25)], ids=["none", "list"]
)
def test_a_network_without_a_linear_classifier_is_refused(network: nn.Module) -> None:
    named = rf"^parameter_policy=tsm: {type(network).__name__} has no linear classifier: .*'fc'"
    with pytest.raises(RunError, match=rf"{named}.*give parameter_policy=flat"):
        SGD(parameter_policy="tsm").make(network)
