"""Specification of `I3D`: where it is inflated, how maps shrink, how 2D weights enter."""

from collections import OrderedDict
from pathlib import Path

import pytest
import torch
import torchvision
from torch import Tensor

from models import I3D, TSN, ModelError

pytestmark = pytest.mark.usefixtures("tiny_backbones")


def inflated_blocks(network: I3D) -> list[list[int]]:
    """Return the length of every block's conv1 in time, stage by stage."""
    state = network.state_dict()
    lengths: list[list[int]] = []
    for stage in range(1, 5):
        keys = [key for key in state if key.startswith(f"layer{stage}.")]
        lengths.append([state[key].shape[2] for key in keys if key.endswith(".conv1.weight")])
    return lengths


@pytest.mark.parametrize("backbone", ["resnet50", "resnet101"])
def test_all_of_res2_and_every_other_block_of_the_rest_are_inflated(backbone: str) -> None:
    with torch.device("meta"):
        lengths = inflated_blocks(I3D(5, backbone=backbone))
    assert lengths[0] == [3, 3, 3]
    assert lengths[1] == [3, 1, 3, 1]
    assert lengths[2] == [3 if index % 2 == 0 else 1 for index in range(len(lengths[2]))]
    assert lengths[3] == [1, 3, 1]


def map_sizes(network: I3D, clips: Tensor) -> OrderedDict[str, tuple[int, ...]]:
    """Run a clip through and note T, H, W behind each layer."""
    sizes: OrderedDict[str, tuple[int, ...]] = OrderedDict()

    def note(name: str, output: Tensor) -> None:
        sizes[name] = tuple(output.shape[2:])

    for name in ("conv1", "maxpool", "layer1", "pool2", "layer2", "layer3", "layer4"):
        getattr(network, name).register_forward_hook(
            lambda module, inputs, output, name=name: note(name, output)
        )
    network(clips)
    return sizes


def test_maps_shrink_as_in_the_region_graphs_network() -> None:
    with torch.device("meta"):
        sizes = map_sizes(I3D(5, num_segments=32), torch.empty(1, 32, 3, 224, 224))
    assert sizes == {
        "conv1": (32, 112, 112),
        "maxpool": (32, 56, 56),
        "layer1": (32, 56, 56),
        "pool2": (16, 56, 56),
        "layer2": (16, 28, 28),
        "layer3": (16, 14, 14),
        "layer4": (16, 14, 14),
    }


def test_res5_can_have_the_non_local_network_s_stride() -> None:
    with torch.device("meta"):
        network = I3D(5, num_segments=32, res5_stride=2)
        sizes = map_sizes(network, torch.empty(1, 32, 3, 224, 224))
    assert sizes["layer4"] == (16, 7, 7)


@pytest.mark.parametrize("num_segments", [1, 2, 3, 8])
def test_any_number_of_frames_goes_through(num_segments: int) -> None:
    network = I3D(5, num_segments=num_segments, backbone="tiny bottleneck").eval()
    assert network(torch.randn(2, num_segments, 3, 32, 32)).shape == (2, 5)


@pytest.mark.parametrize("backbone", ["resnet50", "resnext50_32x4d", "wide_resnet50_2"])
def test_its_parameters_have_torchvision_s_names_and_2d_shapes(backbone: str) -> None:
    with torch.device("meta"):
        ours = I3D(5, backbone=backbone).state_dict()
        theirs = torchvision.models.get_model(backbone, num_classes=5).state_dict()
    flat = {k: v.shape[:2] + v.shape[3:] if v.ndim == 5 else v.shape for k, v in ours.items()}
    assert flat == {key: value.shape for key, value in theirs.items()}


def test_2d_weights_are_spread_over_time(tmp_path: Path) -> None:
    flat = TSN(5, backbone="tiny bottleneck").frame_network.state_dict()
    torch.save(flat, tmp_path / "flat.pth")
    network = I3D(5, backbone="tiny bottleneck", weights=str(tmp_path / "flat.pth"))
    for key, value in network.state_dict().items():
        if value.ndim == 5:
            torch.testing.assert_close(value.sum(2), flat[key])
            torch.testing.assert_close(value[:, :, 0], value[:, :, -1])
        else:
            assert torch.equal(value, flat[key])


def test_its_own_weights_are_not_inflated_again(tmp_path: Path) -> None:
    trained = I3D(5, backbone="tiny bottleneck").state_dict()
    torch.save(trained, tmp_path / "trained.pth")
    again = I3D(5, backbone="tiny bottleneck", weights=str(tmp_path / "trained.pth")).state_dict()
    assert all(torch.equal(again[key], value) for key, value in trained.items())


def test_an_inflated_block_gives_a_still_video_what_the_2d_block_gives_its_frame() -> None:
    flat = TSN(5, backbone="tiny bottleneck").eval().frame_network.layer1[1]
    inflated = I3D(5, backbone="tiny bottleneck").eval().layer1[1]
    state = {k: v[:, :, None] if v.ndim == 4 else v for k, v in flat.state_dict().items()}
    state["conv1.weight"] = state["conv1.weight"].expand(-1, -1, 3, -1, -1) / 3
    inflated.load_state_dict(state)
    frame = torch.randn(1, 256, 6, 6)
    middle = inflated(frame[:, :, None].expand(-1, -1, 3, -1, -1))[:, :, 1]
    torch.testing.assert_close(middle, flat(frame))


def test_basic_blocks_are_refused_with_the_backbones_that_fit() -> None:
    with pytest.raises(ModelError, match=r"backbone='resnet18'.* choose one of: resnet50"):
        I3D(5, backbone="resnet18")


def test_other_strides_of_res5_are_refused() -> None:
    with pytest.raises(ModelError, match="res5_stride=4"):
        I3D(5, res5_stride=4)


def test_its_head_starts_with_small_weights() -> None:
    network = I3D(5, backbone="tiny bottleneck")
    assert network.classifier.weight.std().item() == pytest.approx(0.001, rel=0.1)
