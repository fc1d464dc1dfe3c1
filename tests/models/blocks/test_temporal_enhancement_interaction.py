"""Specification of TEI: MEM, then TIM, as if they stood one behind the other."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models.blocks import (
    MotionEnhancement,
    TemporalEnhancementInteraction,
    TemporalInteraction,
)

Shake = Callable[[nn.Module], None]


def make_tei(num_segments: int, **mem: Any) -> TemporalEnhancementInteraction:
    """Make TEI for 16 channels in float64."""
    mem_module = MotionEnhancement(16, num_segments, **mem)
    tei = TemporalEnhancementInteraction(mem_module, TemporalInteraction(16, num_segments))
    return tei.double()


@pytest.mark.parametrize("layout", [torch.contiguous_format, torch.channels_last])
@pytest.mark.parametrize("num_segments", range(2, 17))
def test_outputs_and_gradients_are_those_of_mem_then_tim(
    num_segments: int, layout: torch.memory_format, shake: Shake
) -> None:
    tei = make_tei(num_segments)
    shake(tei)
    x = torch.randn(2 * num_segments, 16, 3, 5, dtype=torch.float64)
    x = x.contiguous(memory_format=layout).requires_grad_()
    inputs = [x, *tei.parameters()]
    together, apart = tei(x), tei.tim(tei.mem(x))
    torch.testing.assert_close(together, apart, rtol=0, atol=1e-10)
    outer = torch.randn_like(together)
    for actual, expected in zip(
        torch.autograd.grad(together, inputs, outer),
        torch.autograd.grad(apart, inputs, outer),
        strict=True,
    ):
        torch.testing.assert_close(actual, expected, rtol=0, atol=1e-10)


@pytest.mark.parametrize("mem", [{"norm": True, "bias": False}, {"gate": "centred"}])
def test_mem_s_switches_work_in_it(mem: dict[str, Any], shake: Shake) -> None:
    tei = make_tei(3, **mem).eval()
    shake(tei)
    x = torch.randn(6, 16, 3, 3, dtype=torch.float64)
    torch.testing.assert_close(tei(x), tei.tim(tei.mem(x)), rtol=0, atol=1e-10)


def test_its_parts_keep_their_names() -> None:
    names = {key.partition(".")[0] for key in make_tei(3).state_dict()}
    assert names == {"mem", "tim"}


def test_hooks_of_both_parts_see_the_frames() -> None:
    tei = make_tei(3)
    seen: list[tuple[nn.Module, Tensor]] = []
    for part in (tei.mem, tei.tim):
        part.register_forward_pre_hook(lambda module, inputs: seen.append((module, inputs[0])))
    x = torch.randn(3, 16, 2, 2, dtype=torch.float64)
    tei(x)
    assert [module for module, _ in seen] == [tei.mem, tei.tim]
    assert all(frames is x for _, frames in seen)


def test_a_copy_learns_by_itself() -> None:
    tei = make_tei(3)
    other = copy.deepcopy(tei)
    with torch.no_grad():
        other.tim.weight.add_(1)
    x = torch.randn(3, 16, 2, 2, dtype=torch.float64)
    assert not torch.allclose(tei(x), other(x))
