"""Tests of every network: clips are never mixed, frame order matters, all parameters learn."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import nn

from models import ECO, I3D, STM, TSM, TSN, ModelError, TEINet, TSINet, VideoNetwork

pytestmark = pytest.mark.usefixtures("tiny_backbones")

Network = VideoNetwork | I3D | ECO

TEMPORAL: list[type[VideoNetwork]] = [TSM, STM, TEINet, TSINet]
NETWORKS: list[type[Network]] = [TSN, *TEMPORAL, I3D, ECO]
every_network = pytest.mark.parametrize("network_class", NETWORKS)
every_temporal_resnet = pytest.mark.parametrize("network_class", TEMPORAL)


def build(
    network_class: Callable[..., Network], num_segments: int = 3, backbone: str = "tiny basic"
) -> Network:
    """Build a network whose head is large enough to tell clips apart."""
    shape = {"backbone": backbone}
    if network_class is I3D:
        shape = {"backbone": "tiny bottleneck"}  # it inflates nothing else
    elif network_class is ECO:
        shape = {}
    network = network_class(5, num_segments=num_segments, **shape)
    nn.init.normal_(network.classifier.weight)
    return network


@every_network
def test_a_clip_never_changes_another_clip_s_logits(network_class: type[Network]) -> None:
    network = build(network_class, backbone="resnet18").eval()
    clips = torch.randn(3, 3, 3, 32, 32)
    for changed, others in ((0, [1, 2]), (1, [0, 2]), (2, [0, 1])):
        other = clips.clone()
        other[changed] = torch.randn_like(clips[changed])
        with torch.no_grad():
            before, after = network(clips), network(other)
        assert torch.equal(before[others], after[others])
        assert not torch.allclose(before[changed], after[changed], atol=1e-3)


@every_network
def test_a_clip_s_logits_do_not_depend_on_its_batch(network_class: type[Network]) -> None:
    network = build(network_class).eval()
    clips = torch.randn(3, 3, 3, 32, 32)
    with torch.no_grad():
        alone = torch.cat([network(clip[None]) for clip in clips])
        torch.testing.assert_close(network(clips), alone, rtol=1e-4, atol=1e-4)


@every_network
@pytest.mark.parametrize("shape", [(2, 4, 3, 32, 32), (1, 9, 3, 32, 32), (6, 3, 32, 32)])
def test_clips_that_do_not_fit_t_are_refused_with_both_shapes(
    network_class: type[Network], shape: tuple[int, ...]
) -> None:
    with torch.device("meta"):
        network, clips = build(network_class), torch.empty(shape)
    with pytest.raises(ModelError, match="num_segments=3") as refusal:
        network(clips)
    assert str(shape) in str(refusal.value)
    assert "(B, 3, 3, H, W)" in str(refusal.value)


@every_temporal_resnet
def test_folded_frames_that_cut_a_clip_are_refused(
    network_class: Callable[..., VideoNetwork],
) -> None:
    with torch.device("meta"):
        network = network_class(5, num_segments=3, backbone="tiny basic")
        frames = torch.empty(7, 3, 32, 32)
    with pytest.raises(ModelError, match=r"7 folded frames .* num_segments=3"):
        network.forward_features(frames)


def difference_when_reversed(network: Network) -> float:
    """Measure how far reversed clips move the logits, relative to the logits' own size."""
    clips = torch.randn(4, network.num_segments, 3, 32, 32)
    with torch.no_grad():
        forwards, backwards = network.eval()(clips), network(clips.flip(1))
    return ((forwards - backwards).norm() / forwards.norm()).item()


@pytest.mark.parametrize("network_class", [*TEMPORAL, I3D, ECO])
def test_reversing_time_changes_the_logits(network_class: type[Network]) -> None:
    assert difference_when_reversed(build(network_class, 4, "resnet18")) > 1e-3


def test_reversing_time_leaves_tsn_unchanged() -> None:
    assert difference_when_reversed(build(TSN, 4, "resnet18")) < 1e-5


@every_temporal_resnet
def test_without_its_modules_a_network_is_blind_to_time(
    network_class: Callable[..., VideoNetwork],
) -> None:
    network = network_class(5, num_segments=4, backbone="tiny basic", stages="none")
    nn.init.normal_(network.classifier.weight)
    assert difference_when_reversed(network) < 1e-5


@pytest.mark.parametrize("backbone", ["tiny basic", "tiny bottleneck"])
@every_temporal_resnet
def test_without_its_modules_a_network_is_tsn_key_for_key(
    network_class: Callable[..., VideoNetwork], backbone: str
) -> None:
    with torch.device("meta"):
        bare = network_class(5, backbone=backbone, stages="none").state_dict()
        tsn = TSN(5, backbone=backbone).state_dict()
    assert {key: value.shape for key, value in bare.items()} == {
        key: value.shape for key, value in tsn.items()
    }


@pytest.mark.parametrize(
    ("network_class", "backbone"),
    [
        *((network_class, "resnet18") for network_class in (TSN, *TEMPORAL)),
        (I3D, "tiny bottleneck"),
        (STM, "resnet50"),
        (TEINet, "resnet50"),
        (TSINet, "resnet50"),
    ],
)
def test_every_parameter_gets_a_gradient(network_class: type[Network], backbone: str) -> None:
    # float64, so that a gradient that cancels to rounding error is not taken for one.
    network = build(network_class, 2, backbone).double()
    clips = torch.randn(2, 2, 3, 32, 32, dtype=torch.float64)
    nn.functional.cross_entropy(network(clips), torch.tensor([0, 1])).backward()
    still = [
        name
        for name, parameter in network.named_parameters()
        if parameter.grad is None or parameter.grad.abs().max() < 1e-9
    ]
    assert still == []


@every_network
def test_mixed_precision_gives_finite_logits_near_the_full_ones(
    network_class: type[Network],
) -> None:
    network = build(network_class).eval()
    clips = torch.randn(2, 3, 3, 32, 32)
    with torch.no_grad():
        full = network(clips)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mixed = network(clips).float()
    assert (full - mixed).norm() < 0.05 * full.norm()


@every_network
def test_memory_layout_changes_nothing(network_class: type[Network]) -> None:
    network = build(network_class).eval()
    clips = torch.randn(2, 3, 3, 32, 32)
    with torch.no_grad():
        expected = network(clips)
        for p in network.parameters():
            layout = {4: torch.channels_last, 5: torch.channels_last_3d}.get(p.ndim)
            p.data = p.data if layout is None else p.data.contiguous(memory_format=layout)
        torch.testing.assert_close(network(clips), expected, rtol=1e-3, atol=1e-3)


@every_network
def test_gradients_have_the_strides_of_their_weights(network_class: type[Network]) -> None:
    """DistributedDataParallel copies, and warns of, all others."""
    network = build(network_class)
    for p in network.parameters():
        p.data = p.data.to(memory_format=torch.channels_last) if p.ndim == 4 else p.data
    network(torch.randn(2, 3, 3, 32, 32)).sum().backward()
    for name, p in network.named_parameters():
        assert p.grad is not None
        assert p.grad.stride() == p.stride(), name


@every_network
def test_a_network_can_be_copied(network_class: type[Network]) -> None:
    network = build(network_class).eval()
    clips = torch.randn(1, 3, 3, 32, 32)
    assert torch.equal(copy.deepcopy(network)(clips), network(clips))


@every_network
def test_no_two_parameters_are_shared(network_class: type[Network]) -> None:
    with torch.device("meta"):
        network = build(network_class)
    every_name = list(network.named_parameters(remove_duplicate=False))
    assert len(every_name) == len(list(network.parameters()))


@pytest.mark.parametrize("network_class", [STM, TEINet, TSINet])
def test_networks_that_measure_motion_refuse_a_single_frame(
    network_class: type[Network],
) -> None:
    with pytest.raises(ModelError, match="num_segments=1"):
        build(network_class, num_segments=1)


def test_a_refusal_is_a_value_error() -> None:
    assert issubclass(ModelError, ValueError)
