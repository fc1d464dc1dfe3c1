"""Grad-CAM finds, frame by frame, what the class depends on, and leaves the network as it is."""

from typing import cast

import pytest
import torch
from torch import Tensor, nn

from lightning_modules import RunError
from lightning_modules.tensorboard.clip_maps import ClipMaps
from lightning_modules.tensorboard.explain import clip_maps
from lightning_modules.tensorboard.grad_cam import grad_cam, last_map
from models import I3D, TEINet, TSINet
from tests.lightning_modules.conftest import Board, Fit


class Brightness(nn.Module):
    """Class 1 for bright clips, class 0 for dark ones; its map is the picture itself."""

    def __init__(self) -> None:
        super().__init__()
        self.map = nn.Conv2d(3, 1, 1, bias=False)
        nn.init.constant_(self.map.weight, 1 / 3)

    def forward(self, clips: Tensor) -> Tensor:
        maps = self.map(clips.flatten(0, 1).float() / 255)
        maps.mul_(1)  # layers behind the map may write into it
        mean = maps.mean((1, 2, 3)).unflatten(0, clips.shape[:2]).mean(1)
        return torch.stack([0.01 - mean, mean], dim=1)


def spot(frame: int) -> Tensor:
    """Make a dark clip of 4 frames with a bright corner in one of them."""
    clip = torch.zeros(4, 3, 8, 8, dtype=torch.uint8)
    clip[frame, :, :2, :2] = 255
    return clip


@pytest.mark.parametrize("inference_mode", [True, False])
def test_the_map_is_where_and_when_the_class_is_seen(inference_mode: bool) -> None:
    network, clip = Brightness(), spot(2)
    with torch.inference_mode(inference_mode):
        cam = grad_cam(network, clip, network.map)
    assert cam.label == 1
    torch.testing.assert_close(cam.maps, clip[:, 0].float() / 255)


def test_no_parameter_gets_a_gradient_and_no_hook_stays() -> None:
    network = Brightness()
    clip_maps(network, network, spot(0))
    assert network.map.weight.grad is None
    assert not network.map._forward_hooks


@pytest.mark.parametrize(
    ("network", "side"),
    [(TEINet(3, num_segments=4, backbone="resnet18"), 2), (I3D(3, num_segments=8), 4)],
)
def test_the_last_map_of_a_network_is_that_of_its_last_stage(network: nn.Module, side: int) -> None:
    network.eval()
    num_frames = cast(int, network.num_segments)
    clip = torch.randint(256, (num_frames, 3, 64, 64), dtype=torch.uint8)

    def classify(clips: Tensor) -> Tensor:
        return network(clips / 255)

    layers = {module: name for name, module in network.named_modules()}
    assert "layer4" in layers[last_map(classify, network, clip)]
    assert clip_maps(classify, network, clip)[0].maps.shape == (num_frames, side, side)


def test_sme_shows_its_saliency_and_attention_too() -> None:
    network = TSINet(3, num_segments=4, backbone="resnet18").eval()
    clip = torch.randint(256, (4, 3, 64, 64), dtype=torch.uint8)
    _, maps = clip_maps(lambda clips: network(clips / 255), network, clip)
    names = list(maps)
    assert [name.split()[0] for name in names] == ["Grad-CAM", "saliency", "attention"]
    assert all("layer4.1" in name for name in names[1:])
    saliency, attention = (maps[name] for name in names[1:])
    assert saliency[3].isnan().all()  # the last frame has no successor
    assert attention[0].isnan().all()
    torch.testing.assert_close(attention[1:].sum((1, 2)), torch.ones(3))


def test_a_network_without_a_map_is_refused_by_name() -> None:
    network = nn.Sequential(nn.Flatten(), nn.Linear(12, 2))
    clip = torch.zeros(4, 3, 1, 1, dtype=torch.uint8)
    with pytest.raises(RunError, match="Sequential: no layer has a map"):
        clip_maps(lambda clips: network(clips.float()), network, clip)


def test_a_fit_shows_the_maps_of_its_first_validation_clip(watch: Fit, board: Board) -> None:
    plain = watch()
    watched = watch(ClipMaps())
    assert [event.step for event in board().Images("cam/first_clip")] == [0, 1]
    for key, value in plain.model.state_dict().items():  # type: ignore[union-attr]
        assert torch.equal(value, watched.model.state_dict()[key])  # type: ignore[union-attr]
