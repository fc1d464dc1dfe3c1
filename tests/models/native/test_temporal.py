"""Specification of the kernels of temporal modules, beside the modules' plain form in float64."""

import copy
from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.utils.flop_counter import FlopCounterMode

from models import ModelError, native
from models.blocks import (
    CrossPerceptionTemporalIntegration,
    MotionEnhancement,
    SalientMotionExcitation,
    TemporalEnhancementInteraction,
    TemporalInteraction,
)

Maker = Callable[[int, int], nn.Module]


def tei(channels: int, frames: int) -> nn.Module:
    """Make MEM and TIM."""
    mem = MotionEnhancement(channels, frames)
    return TemporalEnhancementInteraction(mem, TemporalInteraction(channels, frames))


def without_biases(channels: int, frames: int) -> nn.Module:
    """Make MEM without biases, with gates around 1."""
    return MotionEnhancement(channels, frames, bias=False, gate="centred")


def two_groups(channels: int, frames: int) -> nn.Module:
    """Make CTI with no attention at all."""
    return CrossPerceptionTemporalIntegration(channels, frames, groups=2)


KERNELS: dict[str, tuple[Maker, set[str]]] = {
    "MEM": (MotionEnhancement, {"motion_gates"}),
    "MEM without biases": (without_biases, {"motion_gates"}),
    "TIM": (TemporalInteraction, {"convolve_over_time"}),
    "TEI": (tei, {"motion_gates", "convolve_over_time"}),
    "SME": (SalientMotionExcitation, {"salient_motion_gates"}),
    "CTI": (CrossPerceptionTemporalIntegration, {"cross_integration"}),
    "CTI of two groups": (two_groups, {"cross_integration"}),
}
needs_compiler = pytest.mark.skipif(not native.has_kernels(), reason="no C++ compiler")
every_module = pytest.mark.parametrize("name", KERNELS)


@pytest.fixture
def called(monkeypatch: pytest.MonkeyPatch) -> set[str]:
    """Note the names of the kernels that run."""
    names: set[str] = set()

    def note(name: str) -> None:
        kernel = getattr(native, name)

        def run(*arguments: object) -> Tensor:
            names.add(name)
            return kernel(*arguments)

        monkeypatch.setattr(native, name, run)

    for _, kernels in KERNELS.values():
        for kernel in kernels:
            note(kernel)
    return names


def draw(channels: int, frames: int, clips: int = 2, side: int = 5) -> Tensor:
    """Draw clips in channels_last, (B*T, C, side, side + 1), or one position a frame."""
    x = torch.randn(clips * frames, channels, side, side + (side > 1))
    return x.contiguous(memory_format=torch.channels_last)


def make(name: str, channels: int, frames: int) -> nn.Module:
    """Make a module whose weights are all drawn at random."""
    module = KERNELS[name][0](channels, frames).eval()
    for parameter in module.parameters():
        nn.init.normal_(parameter, std=0.3)
    return module


def exact(module: nn.Module, x: Tensor) -> Tensor:
    """Compute in float64, which no kernel takes."""
    return copy.deepcopy(module).double()(x.double()).float()


@needs_compiler
@every_module
@pytest.mark.parametrize(
    ("channels", "frames", "clips", "side"),
    [
        (64, 8, 1, 7),
        (16, 2, 1, 5),
        (40, 3, 2, 5),
        (100, 4, 3, 3),
        (256, 16, 1, 4),
        (24, 5, 2, 1),
        (64, 8, 1, 90),
    ],
)
def test_it_computes_what_the_plain_form_computes_in_float64(
    name: str, channels: int, frames: int, clips: int, side: int, called: set[str]
) -> None:
    module, x = make(name, channels, frames), draw(channels, frames, clips, side)
    with torch.no_grad():
        found = module(x)
        expected = exact(module, x)
    assert called == KERNELS[name][1]
    torch.testing.assert_close(found, expected, rtol=1e-5, atol=1e-5)
    assert found.is_contiguous(memory_format=torch.channels_last)


@needs_compiler
@pytest.mark.parametrize("name", ["TIM", "CTI"])
def test_a_clip_of_one_frame_has_no_neighbours(name: str, called: set[str]) -> None:
    module, x = make(name, 32, 1), draw(32, 1, clips=3)
    with torch.no_grad():
        torch.testing.assert_close(module(x), exact(module, x), rtol=1e-5, atol=1e-5)
    assert called == KERNELS[name][1]


@needs_compiler
@pytest.mark.parametrize(
    "name", sorted(KERNELS.keys() - {"SME"})
)  # torch's convolution in SME differs
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_the_number_of_threads_changes_no_bit(name: str, threads: int) -> None:
    module, x = make(name, 64, 4), draw(64, 4)
    before = torch.get_num_threads()
    with torch.no_grad():
        expected = module(x)
        try:
            torch.set_num_threads(threads)
            assert torch.equal(module(x), expected)
        finally:
            torch.set_num_threads(before)


@needs_compiler
@pytest.mark.parametrize("threads", [1, 2, 3])
def test_sme_s_weights_are_the_same_with_any_number_of_threads(threads: int) -> None:
    x, current, aligned = draw(64, 4), torch.randn(2, 3, 4, 5, 6), torch.randn(2, 3, 4, 5, 6)
    kernels = list(torch.randn(4, 4, 1, 3, 3).unbind())
    arguments = x, current, aligned, kernels, (torch.randn(64, 4, 1, 1), torch.randn(64))
    before = torch.get_num_threads()
    expected = native.salient_motion_gates(*arguments)
    try:
        torch.set_num_threads(threads)
        assert torch.equal(native.salient_motion_gates(*arguments), expected)
    finally:
        torch.set_num_threads(before)


@every_module
def test_what_a_kernel_does_not_take_the_plain_form_computes(
    name: str, called: set[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    module, x = make(name, 64, 4), draw(64, 4)
    module(x)  # gradients are asked for
    with torch.no_grad():
        module(x.contiguous())  # another layout
        copy.deepcopy(module).double()(x.double())
        with torch.autocast("cpu"):
            module(x)
        with FlopCounterMode(display=False) as counter:
            module(x)
        assert counter.get_total_flops() > 0
        torch.jit.trace(module, (x,), check_trace=False)
        monkeypatch.setattr("models.native.library.has_kernels", lambda: False)
        module(x)
    assert not called & KERNELS[name][1]


@every_module
def test_an_exported_program_has_torch_s_own_operations(name: str, called: set[str]) -> None:
    with torch.no_grad():
        torch.export.export(make(name, 64, 4), (draw(64, 4),))
    assert not called


@needs_compiler
@every_module
def test_a_number_that_is_not_finite_stays_to_be_seen(name: str) -> None:
    module, x = make(name, 64, 4), draw(64, 4)
    x[1, 3, 2, 2] = torch.nan
    with torch.no_grad():
        assert torch.equal(module(x).isnan(), exact(module, x).isnan())


@every_module
def test_a_clip_that_is_cut_is_refused(name: str) -> None:
    with torch.no_grad(), pytest.raises(ModelError, match="7 folded frames"):
        make(name, 64, 4)(draw(64, 7, clips=1))


def test_parts_of_cti_that_are_watched_run_one_by_one(called: set[str]) -> None:
    cti, seen = make("CTI", 64, 4), list[Tensor]()
    convolution = cti.get_submodule("convs.1")
    convolution.register_forward_hook(lambda _, inputs, output: seen.append(output))
    with torch.no_grad():
        cti(draw(64, 4))
    assert len(seen) == 1
    assert "cross_integration" not in called
