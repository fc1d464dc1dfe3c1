"""Specification of a temporal module and the convolution after it: as one behind the other."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation

from models import native
from models.blocks import TemporalInteraction, TemporalShift
from models.blocks.before_conv import apply_before

Layer = Callable[[], nn.Module]

LAYERS: dict[str, Layer] = {
    "1x1": lambda: nn.Conv2d(16, 24, 1, bias=False),
    "1x1, norm, ReLU": lambda: Conv2dNormActivation(16, 24, 1),
    "with bias": lambda: nn.Conv2d(16, 24, 1),
    "with stride": lambda: nn.Conv2d(16, 24, 1, stride=2, bias=False),
    "in groups": lambda: nn.Conv2d(16, 24, 1, groups=4, bias=False),
    "padded": lambda: nn.Conv2d(16, 24, 1, padding=1, bias=False),
    "3x3": lambda: nn.Conv2d(16, 24, 3, padding=1, bias=False),
    "no convolution": nn.ReLU,
}
POINTWISE = {"1x1", "1x1, norm, ReLU"}


class Doubled(TemporalInteraction):
    """A module of the user's own."""

    def forward(self, x: Tensor, gates: Tensor | None = None) -> Tensor:
        """Double what TIM gives."""
        return 2 * super().forward(x, gates)


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


@pytest.mark.parametrize("make_temporal", [TemporalInteraction, TemporalShift, Doubled])
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
    fits = layer_name in POINTWISE and make_temporal is not Doubled
    assert bool(calls) == (fits and native.can_project())


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
    assert len(calls) == native.can_project()


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
