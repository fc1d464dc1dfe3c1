"""Specification of `VideoNetwork`: a 2D network on each frame, a consensus over the clip."""

import pytest
import torch
from torch import Tensor, nn

from models import ModelError, VideoNetwork
from models.backbones.sites import BlockSite
from models.blocks import TemporalShift

pytestmark = pytest.mark.usefixtures("tiny_backbones")


def build(num_segments: int = 2, dropout: float = 0.5) -> VideoNetwork:
    """Build a small network whose head tells frames apart."""
    network = VideoNetwork(5, num_segments=num_segments, backbone="tiny basic", dropout=dropout)
    nn.init.normal_(network.classifier.weight)
    return network


def test_clips_go_in_and_one_row_of_logits_per_clip_comes_out() -> None:
    assert build()(torch.randn(3, 2, 3, 32, 32)).shape == (3, 5)


def test_the_logits_are_the_average_over_the_clip_s_frames() -> None:
    one, three = build(num_segments=1).eval(), build(num_segments=3).eval()
    three.load_state_dict(one.state_dict())
    clips = torch.randn(2, 3, 3, 32, 32)
    per_frame = torch.stack([one(clips[:, t : t + 1]) for t in range(3)])
    torch.testing.assert_close(three(clips), per_frame.mean(dim=0))


def test_features_are_pooled_per_frame() -> None:
    assert build().forward_features(torch.randn(4, 3, 32, 32)).shape == (4, 512)


def test_the_head_starts_at_n_0_001_with_bias_0() -> None:
    fc = VideoNetwork(400, backbone="tiny basic").classifier
    assert fc.weight.std().item() == pytest.approx(0.001, rel=0.02)
    assert abs(fc.weight.mean().item()) < 1e-5
    assert not fc.bias.any()


def test_dropout_acts_in_training() -> None:
    network = build(dropout=0.5)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.eval()
    clips = torch.randn(2, 2, 3, 32, 32)
    assert not torch.equal(network(clips), network(clips))


def test_dropout_is_off_in_evaluation() -> None:
    network = build(dropout=0.5).eval()
    clips = torch.randn(2, 2, 3, 32, 32)
    assert torch.equal(network(clips), network(clips))


def test_all_features_dropped_leave_the_bias() -> None:
    network = build(dropout=1.0)
    nn.init.normal_(network.classifier.bias)
    logits = network(torch.randn(2, 2, 3, 32, 32))
    torch.testing.assert_close(logits, network.classifier.bias.expand(2, 5))


@pytest.mark.parametrize(
    "shape", [(2, 3, 3, 32, 32), (2, 4, 3, 32, 32), (4, 3, 32, 32), (2, 3, 2, 32, 32)]
)
def test_clips_of_another_length_or_layout_are_refused_with_both_shapes(
    shape: tuple[int, ...],
) -> None:
    with torch.device("meta"):
        network, clips = build(num_segments=2), torch.empty(shape)
    with pytest.raises(ModelError) as refusal:
        network(clips)
    assert str(shape) in str(refusal.value)
    assert "(B, 2, 3, H, W)" in str(refusal.value)


def test_a_module_that_was_built_for_other_clips_refuses_the_frames() -> None:
    def maker(channels: int, site: BlockSite) -> nn.Module:
        return TemporalShift(channels, num_segments=5)

    with torch.device("meta"):
        network = VideoNetwork(
            5, num_segments=2, backbone="tiny basic", modules={"before_conv1": maker}
        )
        clips = torch.empty(2, 2, 3, 32, 32)
    with pytest.raises(ModelError, match=r"4 folded frames .* num_segments=5"):
        network(clips)


def test_temporal_modules_keep_their_own_initialisation() -> None:
    class Module(nn.Module):
        """Holds a convolution that torchvision's rule would draw wider."""

        def __init__(self) -> None:
            super().__init__()
            self.conv = nn.Conv2d(64, 64, 1)

        def forward(self, x: Tensor) -> Tensor:
            """Convolve."""
            convolved: Tensor = self.conv(x)
            return convolved

    def maker(channels: int, site: BlockSite) -> nn.Module | None:
        return Module() if channels == 64 else None

    network = VideoNetwork(5, backbone="tiny basic", modules={"before_conv1": maker})
    drawn = network.frame_network.layer1[0].before_conv1.conv.weight
    assert drawn.std().item() == pytest.approx(nn.Conv2d(64, 64, 1).weight.std().item(), rel=0.1)


def test_a_module_that_is_one_convolution_keeps_its_initialisation_too() -> None:
    def maker(channels: int, site: BlockSite) -> nn.Module | None:
        return nn.Conv2d(64, 64, 1) if channels == 64 else None

    network = VideoNetwork(5, backbone="tiny basic", modules={"before_conv1": maker})
    drawn = network.frame_network.layer1[0].before_conv1
    assert drawn.weight.abs().max() <= 64**-0.5  # torch's rule is bounded, torchvision's is not


def test_half_precision_logits_are_averaged_in_float32() -> None:
    network = build(num_segments=2).eval()
    clips = torch.randn(3, 2, 3, 32, 32)
    with torch.no_grad(), torch.autocast("cpu", dtype=torch.bfloat16):
        logits = network(clips)
        frames = network.classifier(network.forward_features(clips.flatten(0, 1)))
    assert frames.dtype == torch.bfloat16
    assert torch.equal(logits, frames.float().unflatten(0, (3, 2)).mean(1))


def test_a_module_s_stage_is_named_as_the_papers_do() -> None:
    network = build()
    assert network.stage_of("frame_network.layer1.0.before_conv1") == "res2"
    assert network.stage_of("frame_network.layer4.0.conv1") == "res5"
    assert network.stage_of("frame_network.fc") == ""


def test_a_state_of_the_frame_network_alone_loads_as_the_network_s_own() -> None:
    source, network = build(), build()
    network.load_state_dict(source.frame_network.state_dict())
    assert all(
        torch.equal(value, network.state_dict()[key]) for key, value in source.state_dict().items()
    )


def test_a_state_of_another_network_is_still_refused() -> None:
    state = build().frame_network.state_dict()
    del state["layer4.0.conv1.weight"]
    with pytest.raises(RuntimeError, match=r"frame_network\.layer4\.0\.conv1\.weight"):
        build().load_state_dict(state)
