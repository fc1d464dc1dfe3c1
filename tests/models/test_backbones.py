"""Specification of `models.backbones`: torchvision's ten ResNets, by torchvision's names."""

import pytest
import torch
from torchvision.models import get_model

from models import TSN, ModelError
from models.backbones import BACKBONES

ALL_TEN = [
    *("resnet18", "resnet34", "resnet50", "resnet101", "resnet152"),
    *("resnext50_32x4d", "resnext101_32x8d", "resnext101_64x4d"),
    *("wide_resnet50_2", "wide_resnet101_2"),
]


def test_the_whole_family_is_there() -> None:
    assert sorted(BACKBONES) == sorted(ALL_TEN)


@pytest.mark.parametrize("name", ALL_TEN)
def test_without_temporal_modules_a_network_is_torchvision_s_key_for_key(name: str) -> None:
    with torch.device("meta"):
        ours, theirs = TSN(7, backbone=name), get_model(name, num_classes=7)
    assert [(key, value.shape) for key, value in ours.state_dict().items()] == [
        (key, value.shape) for key, value in theirs.state_dict().items()
    ]


@pytest.mark.parametrize("name", ["resnet18", "resnext50_32x4d"])
def test_without_temporal_modules_a_network_computes_what_torchvision_s_does(name: str) -> None:
    ours = TSN(5, num_segments=3, backbone=name).eval()
    theirs = get_model(name, num_classes=5).eval()
    torch.nn.init.normal_(ours.fc.weight)
    theirs.load_state_dict(ours.state_dict())
    clips = torch.randn(2, 3, 3, 32, 32)
    with torch.no_grad():
        per_frame = theirs(clips.flatten(0, 1)).unflatten(0, (2, 3))
        torch.testing.assert_close(ours(clips), per_frame.mean(dim=1))


def test_an_unknown_backbone_is_refused_and_the_known_ones_are_listed() -> None:
    with pytest.raises(ModelError, match="'resnet19'") as refusal:
        TSN(7, backbone="resnet19")
    assert all(name in str(refusal.value) for name in ALL_TEN)
