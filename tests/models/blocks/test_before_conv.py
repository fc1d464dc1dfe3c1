"""Specification of a temporal module and the convolution after it: as one behind the other."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation

from models import native
from models.blocks import (
    MotionEnhancement,
    TemporalEnhancementInteraction,
    TemporalInteraction,
    TemporalShift,
)
from models.blocks.before_conv import apply_before

pytestmark = pytest.mark.usefixtures("few_channels_suffice")
Layer = Callable[[], nn.Module]


class Doubled(TemporalInteraction):
    """A module of the user's own."""

    def forward(self, x: Tensor, gates: Tensor | None = None) -> Tensor:
        """Double what TIM gives."""
        return 2 * super().forward(x, gates)


class DoubledGates(MotionEnhancement):
    """Another one."""

    def forward(self, x: Tensor, then: Any = None) -> Tensor:
        """Double what MEM gives."""
        return 2 * super().forward(x, then)


class DoubledSequence(nn.Sequential):
    """A sequence that does something else."""

    def forward(self, x: Tensor) -> Tensor:
        """Double what a sequence gives."""
        doubled: Tensor = 2 * self[0](x)
        return doubled


def tei(channels: int, frames: int) -> nn.Module:
    """Make TEI."""
    return TemporalEnhancementInteraction(
        MotionEnhancement(channels, frames), TemporalInteraction(channels, frames)
    )


def tei_with_own_mem(channels: int, frames: int) -> nn.Module:
    """Make TEI with another MEM."""
    return TemporalEnhancementInteraction(
        DoubledGates(channels, frames), TemporalInteraction(channels, frames)
    )


def tei_with_own_tim(channels: int, frames: int) -> nn.Module:
    """Make TEI with another TIM."""
    return TemporalEnhancementInteraction(
        MotionEnhancement(channels, frames), Doubled(channels, frames)
    )


LAYERS: dict[str, Layer] = {
    "1x1": lambda: nn.Conv2d(16, 24, 1, bias=False),
    "1x1, norm, ReLU": lambda: Conv2dNormActivation(16, 24, 1),
    "with bias": lambda: nn.Conv2d(16, 24, 1),
    "with stride": lambda: nn.Conv2d(16, 24, 1, stride=2, bias=False),
    "in groups": lambda: nn.Conv2d(16, 24, 1, groups=4, bias=False),
    "padded": lambda: nn.Conv2d(16, 24, 1, padding=1, bias=False),
    "3x3": lambda: nn.Conv2d(16, 24, 3, padding=1, bias=False),
    "sequence of the user's own": lambda: DoubledSequence(nn.Conv2d(16, 24, 1, bias=False)),
    "no convolution": nn.ReLU,
}
HAS_TILES = native.can_project(torch.empty(1, 64, 1, 1), torch.empty(1))
POINTWISE = {"1x1", "1x1, norm, ReLU"}

OWN = (TemporalInteraction, TemporalShift, tei)
CHANGED = (Doubled, tei_with_own_mem, tei_with_own_tim)


@pytest.fixture
def calls(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """Note the kernels that compute both at once."""
    names: list[str] = []
    for name in ("convolve_and_project", "shift_and_project"):
        kernel: Any = getattr(native, name)

        def run(*arguments: object, name: str = name, kernel: Any = kernel) -> Tensor:
            names.append(name)
            result: Tensor = kernel(*arguments)
            return result

        monkeypatch.setattr(native, name, run)
    return names


def draw() -> Tensor:
    """Draw two clips of four frames, (8, 16, 5, 6)."""
    return torch.randn(8, 16, 5, 6).contiguous(memory_format=torch.channels_last)


def shaken(module: nn.Module) -> nn.Module:
    """Draw all weights at random."""
    for parameter in module.parameters():
        nn.init.normal_(parameter)
    return module.eval()


@pytest.mark.parametrize("make_temporal", [*OWN, *CHANGED])
@pytest.mark.parametrize("layer_name", LAYERS)
def test_it_is_the_layer_of_the_module_s_frames(
    layer_name: str, make_temporal: Callable[[int, int], nn.Module], calls: list[str]
) -> None:
    temporal, layer = shaken(make_temporal(16, 4)), shaken(LAYERS[layer_name]())
    x = draw()
    with torch.no_grad():
        torch.testing.assert_close(
            apply_before(temporal, x, layer), layer(temporal(x)), rtol=1e-5, atol=1e-5
        )
    fits = layer_name in POINTWISE and make_temporal in OWN
    assert bool(calls) == (fits and HAS_TILES)


def test_no_module_changes_nothing(calls: list[str]) -> None:
    layer, x = LAYERS["1x1"](), draw()
    with torch.no_grad():
        assert torch.equal(apply_before(nn.Identity(), x, layer), layer(x))
    assert not calls


def test_what_a_sequence_alone_holds_is_taken_and_what_stands_before_it_runs(
    calls: list[str],
) -> None:
    layer, x = LAYERS["1x1"](), draw()
    tim = shaken(TemporalInteraction(16, 4))
    with torch.no_grad():
        for temporal in (nn.Sequential(tim), nn.Sequential(nn.ReLU(), tim), nn.Sequential()):
            torch.testing.assert_close(apply_before(temporal, x, layer), layer(temporal(x)))
    assert len(calls) == HAS_TILES


@pytest.mark.parametrize("watched", ["sequence", "module", "conv", "layer"])
def test_who_watches_a_part_sees_its_frames(watched: str, calls: list[str]) -> None:
    tim, layer = TemporalInteraction(16, 4), Conv2dNormActivation(16, 24, 1).eval()
    temporal = nn.Sequential(tim)
    parts = {"sequence": temporal, "module": tim, "conv": layer[0], "layer": layer}
    seen: list[Tensor] = []
    parts[watched].register_forward_hook(lambda _module, _inputs, output: seen.append(output))
    with torch.no_grad():
        apply_before(temporal, draw(), layer)
    assert len(seen) == 1
    assert not calls


def test_gradients_are_those_of_both() -> None:
    tim, layer, x = shaken(TemporalInteraction(16, 4)), LAYERS["1x1"](), draw().requires_grad_()
    inputs = [x, *tim.parameters(), *layer.parameters()]
    outputs = [apply_before(tim, x, layer), layer(tim(x))]
    outer = torch.randn_like(outputs[0])
    first, second = (torch.autograd.grad(output, inputs, outer) for output in outputs)
    torch.testing.assert_close(first, second)


@pytest.mark.parametrize("part", ["tim", "mem"])
def test_a_forward_that_was_replaced_is_called(part: str, calls: list[str]) -> None:
    temporal, layer, x = shaken(tei(16, 4)), LAYERS["1x1"](), draw()
    changed: Any = temporal.get_submodule(part)
    before = changed.forward
    changed.forward = lambda *arguments: 2 * before(*arguments)
    with torch.no_grad():
        torch.testing.assert_close(apply_before(temporal, x, layer), layer(temporal(x)))
    assert not calls


@pytest.mark.parametrize("shape", [(24, 8, 1, 1), (24, 16, 3, 3), (8, 16, 1, 1)])
def test_the_weight_counts_and_not_what_the_layer_says_of_it(shape: tuple[int, ...]) -> None:
    tim, x = shaken(TemporalInteraction(16, 4)), draw()
    conv: Any = LAYERS["1x1"]()
    conv.weight = nn.Parameter(torch.randn(shape))
    with torch.no_grad():
        if shape[1] == 16:
            torch.testing.assert_close(
                apply_before(tim, x, conv), conv(tim(x)), rtol=1e-4, atol=1e-5
            )
        else:
            with pytest.raises(RuntimeError, match=r"24, 8, 1, 1"):
                apply_before(tim, x, conv)


@pytest.mark.parametrize("hooked", ["sequence", "module", "mem", "layer"])
def test_hooks_of_the_backward_pass_are_called_in_training(hooked: str) -> None:
    module, layer = tei(16, 4), Conv2dNormActivation(16, 24, 1)
    temporal = nn.Sequential(module)
    parts = {"sequence": temporal, "module": module, "layer": layer}
    parts["mem"] = module.get_submodule("mem")
    seen: list[object] = []
    parts[hooked].register_full_backward_hook(lambda *arguments: seen.append(arguments))
    apply_before(temporal, draw(), layer).sum().backward()
    assert len(seen) == 1


@pytest.mark.parametrize("dtype", [torch.float16, torch.float64, torch.int32])
@pytest.mark.parametrize("make_temporal", [TemporalInteraction, tei])
def test_a_plain_tensor_in_a_weight_s_place_is_read_as_what_it_is(
    make_temporal: Callable[[int, int], nn.Module], dtype: torch.dtype, calls: list[str]
) -> None:
    temporal, layer = shaken(make_temporal(16, 4)), LAYERS["1x1"]()
    tim: Any = temporal.tim if make_temporal is tei else temporal
    weight = (4 * tim.weight.detach()).to(dtype)
    del tim.weight
    tim.weight = weight
    with torch.no_grad():
        try:
            expected = layer(temporal(draw()))
        except RuntimeError:
            with pytest.raises(RuntimeError):
                apply_before(temporal, draw(), layer)
        else:
            assert apply_before(temporal, draw(), layer).shape == expected.shape
    assert not calls


@pytest.mark.parametrize("name", ["tim.weight", "mem.conv1.weight"])
def test_a_weight_that_is_computed_gets_its_gradient(name: str, calls: list[str]) -> None:
    module, layer = tei(16, 4).requires_grad_(False), LAYERS["1x1"]().requires_grad_(False)
    owner, _, key = name.rpartition(".")
    part = module.get_submodule(owner)
    base = getattr(part, key).clone().requires_grad_()
    delattr(part, key)
    setattr(part, key, 2 * base)
    apply_before(module, draw(), layer).square().sum().backward()
    assert base.grad is not None
    assert not calls


def test_hooks_of_the_backward_pass_are_called_after_a_frozen_convolution() -> None:
    layer = Conv2dNormActivation(16, 24, 1)
    layer[0].requires_grad_(False)
    seen: list[object] = []
    layer.register_full_backward_hook(lambda *arguments: seen.append(arguments))
    apply_before(TemporalShift(16, 4), draw(), layer).sum().backward()
    assert len(seen) == 1


def test_a_symbolic_trace_keeps_the_module_as_a_leaf() -> None:
    class Block(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.tim, self.conv = TemporalInteraction(16, 4), LAYERS["1x1"]()

        def forward(self, x: Tensor) -> Tensor:
            return apply_before(self.tim, x, self.conv)

    class Tracer(torch.fx.Tracer):
        def is_leaf_module(self, m: nn.Module, module_qualified_name: str) -> bool:
            return True

    graph = Tracer().trace(Block())
    assert {node.target for node in graph.nodes if node.op == "call_module"} == {"tim", "conv"}


@pytest.mark.parametrize(("channels", "outputs"), [(48, 64), (1024, 1032)])
def test_sizes_for_which_torch_is_faster_are_left_to_it(
    channels: int, outputs: int, calls: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("models.native.temporal.FEWEST_CHANNELS", 64)
    x = torch.randn(4, channels, 2, 2).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        apply_before(TemporalShift(channels, 4), x, nn.Conv2d(channels, outputs, 1, bias=False))
    assert not calls
