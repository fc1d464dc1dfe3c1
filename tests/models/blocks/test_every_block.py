"""Tests of every temporal module: (B*T, C, H, W) to the same shape, clip by clip."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from models import ModelError
from models.blocks import (
    ChannelwiseMotion,
    ChannelwiseSpatioTemporal,
    CrossPerceptionTemporalIntegration,
    MotionEnhancement,
    MotionExcitation,
    MultipleTemporalAggregation,
    SalientMotionExcitation,
    TemporalEnhancementInteraction,
    TemporalInteraction,
    TemporalShift,
)

CHANNELS = 32
Maker = Callable[[int, int], nn.Module]
Shake = Callable[[nn.Module], None]


def enhancement_and_interaction(channels: int, num_segments: int) -> nn.Module:
    """Make TEINet's two modules in one."""
    return TemporalEnhancementInteraction(
        MotionEnhancement(channels, num_segments), TemporalInteraction(channels, num_segments)
    )


every_block = pytest.mark.parametrize(
    "make",
    [
        TemporalShift,
        TemporalInteraction,
        MotionEnhancement,
        enhancement_and_interaction,
        SalientMotionExcitation,
        CrossPerceptionTemporalIntegration,
        MotionExcitation,
        MultipleTemporalAggregation,
        ChannelwiseSpatioTemporal,
        ChannelwiseMotion,
    ],
)


@every_block
def test_a_module_keeps_the_shape(make: Maker) -> None:
    x = torch.randn(6, CHANNELS, 5, 4)
    assert make(CHANNELS, 3)(x).shape == x.shape


@every_block
@pytest.mark.parametrize("changed", [0, 1, 2])
def test_a_module_never_mixes_clips(make: Maker, changed: int, shake: Shake) -> None:
    module = make(CHANNELS, 3).eval()
    shake(module)
    clips = torch.randn(3, 3, CHANNELS, 4, 4)
    other = clips.clone()
    other[changed] = torch.randn_like(clips[changed])
    before, after = (module(x.flatten(0, 1)).unflatten(0, (3, 3)) for x in (clips, other))
    others = [clip for clip in range(3) if clip != changed]
    assert torch.equal(before[others], after[others])
    assert not torch.equal(before[changed], after[changed])


@every_block
def test_a_module_mixes_the_frames_of_a_clip(make: Maker, shake: Shake) -> None:
    module = make(CHANNELS, 3).eval()
    shake(module)
    frames = torch.randn(3, CHANNELS, 4, 4)
    backwards: Tensor = module(frames.flip(0)).flip(0)
    assert not torch.allclose(module(frames), backwards, atol=1e-3)


@every_block
def test_a_module_refuses_a_cut_clip(make: Maker) -> None:
    with pytest.raises(ModelError, match=r"7 folded frames .* num_segments=3"):
        make(CHANNELS, 3)(torch.randn(7, CHANNELS, 4, 4))


@every_block
def test_memory_layout_changes_nothing(make: Maker, shake: Shake) -> None:
    module = make(CHANNELS, 3).eval().double()
    shake(module)
    x = torch.randn(6, CHANNELS, 5, 4, dtype=torch.float64)
    torch.testing.assert_close(module(x.to(memory_format=torch.channels_last)), module(x))


@every_block
def test_a_module_does_not_change_its_input(make: Maker) -> None:
    x = torch.randn(6, CHANNELS, 4, 4)
    copy = x.clone()
    make(CHANNELS, 3)(x)
    assert torch.equal(x, copy)


@every_block
def test_the_longest_clip_of_the_papers_goes_through(make: Maker) -> None:
    assert make(CHANNELS, 16)(torch.randn(16, CHANNELS, 2, 2)).isfinite().all()


@every_block
def test_gradients_agree_with_finite_differences(make: Maker, shake: Shake) -> None:
    module = make(16, 3).eval().double()
    shake(module)
    x = torch.randn(3, 16, 2, 2, dtype=torch.float64, requires_grad=True)
    assert torch.autograd.gradcheck(module, (x,))


@every_block
def test_it_compiles_into_one_graph(make: Maker, shake: Shake) -> None:
    module = make(CHANNELS, 3).eval().double()
    shake(module)
    x = torch.randn(6, CHANNELS, 24, 24, dtype=torch.float64)
    compiled = torch.compile(module, backend="aot_eager", fullgraph=True)
    with torch.no_grad():
        torch.testing.assert_close(compiled(x), module(x), rtol=0, atol=1e-10)


@every_block
@pytest.mark.parametrize("grad", [False, True])
def test_mixed_precision_is_near_full_precision(make: Maker, grad: bool) -> None:
    module = make(CHANNELS, 3)
    x = torch.randn(6, CHANNELS, 8, 8)
    with torch.set_grad_enabled(grad):
        full = module(x)
        with torch.autocast("cpu", dtype=torch.bfloat16):
            mixed = module(x).float()
    assert (full - mixed).norm() < 0.05 * full.norm()


@every_block
def test_frames_may_lie_apart_in_memory(make: Maker, shake: Shake) -> None:
    module = make(CHANNELS, 3).eval().double()
    shake(module)
    apart = torch.randn(12, CHANNELS, 5, 8, dtype=torch.float64)[::2, :, :, ::2]
    torch.testing.assert_close(module(apart), module(apart.contiguous()), rtol=0, atol=1e-10)
