"""Specification of `ECO`, the full network: 2D features beside 3D features."""

from pathlib import Path

import pytest
import torch
from torch import Tensor, nn

from models import ECO, WeightsError
from models.eco import PreActivationBlock3d, make_3d_net


@pytest.fixture(scope="module")
def network() -> ECO:
    """Return one network of 3 frames in evaluation mode."""
    torch.manual_seed(0)
    network = ECO(5, num_segments=3).eval()
    nn.init.normal_(network.classifier.weight)
    return network


def test_the_features_are_the_mean_frame_s_and_the_video_s_side_by_side(network: ECO) -> None:
    clips = torch.randn(2, 3, 3, 64, 64)
    with torch.no_grad():
        frames = [network.net2d(clips[:, t]) for t in range(3)]
        appearance = torch.stack([last.mean((2, 3)) for last, _ in frames]).mean(0)
        motion = network.net3d(torch.stack([shared for _, shared in frames], dim=2)).flatten(1)
        expected = network.classifier(torch.cat([appearance, motion], dim=1))
        torch.testing.assert_close(network(clips), expected, rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("frames", "steps"), [(16, 4), (8, 2), (4, 1), (1, 1)])
def test_the_3d_network_takes_every_fourth_step_in_time_and_space(frames: int, steps: int) -> None:
    with torch.device("meta"):
        features = make_3d_net()[:-1](torch.empty(1, 96, frames, 28, 28))
    assert features.shape == (1, 512, steps, 7, 7)


def test_a_block_of_one_width_adds_to_its_raw_input() -> None:
    block = PreActivationBlock3d(8, 8).eval()
    x = torch.randn(2, 8, 3, 4, 4)
    active = block.activate(x)
    assert torch.equal(block(x), block.conv2(block.conv1(active)) + x)


def test_a_block_that_widens_halves_and_takes_a_convolved_shortcut() -> None:
    block = PreActivationBlock3d(8, 16).eval()
    x = torch.randn(2, 8, 4, 6, 6)
    active = block.activate(x)
    assert block.shortcut is not None
    assert block.shortcut.kernel_size == (3, 3, 3)
    assert torch.equal(block(x), block.conv2(block.conv1(active)) + block.shortcut(active))
    assert block(x).shape == (2, 16, 2, 3, 3)


def test_a_block_does_not_change_its_input() -> None:
    x = torch.randn(2, 8, 3, 4, 4)
    copy = x.clone()
    PreActivationBlock3d(8, 8).eval()(x)
    assert torch.equal(x, copy)


def test_every_parameter_gets_a_gradient(network: ECO) -> None:
    clips = torch.randn(2, 3, 3, 64, 64)
    parameters = dict(network.named_parameters())
    loss = nn.functional.cross_entropy(network(clips), torch.tensor([0, 1]))
    gradients = torch.autograd.grad(loss, list(parameters.values()), allow_unused=True)
    still = [
        name
        for name, gradient in zip(parameters, gradients, strict=True)
        if gradient is None or not gradient.any()
    ]
    assert still == []


def test_it_keeps_its_own_weights(network: ECO, tmp_path: Path) -> None:
    torch.save(network.state_dict(), tmp_path / "eco.pth")
    again: dict[str, Tensor] = ECO(
        5, num_segments=3, weights=str(tmp_path / "eco.pth")
    ).state_dict()
    assert all(torch.equal(again[key], value) for key, value in network.state_dict().items())


def test_a_name_of_torchvision_is_refused_with_the_remedy() -> None:
    with torch.device("meta"), pytest.raises(WeightsError, match="torchvision has no weights"):
        ECO(5, weights="IMAGENET1K_V1")


def test_a_file_of_a_part_is_refused_with_a_missing_key(network: ECO, tmp_path: Path) -> None:
    part = {key: value for key, value in network.state_dict().items() if "net3d" not in key}
    torch.save(part, tmp_path / "part.pth")
    with pytest.raises(WeightsError, match=r"lacks net3d\.0\.weight"):
        ECO(5, weights=str(tmp_path / "part.pth"))
