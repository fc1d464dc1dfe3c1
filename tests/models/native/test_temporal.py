"""Specification of the kernels of temporal modules, beside the modules' plain form in float64."""

import copy
from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.autograd import forward_ad
from torch.nn.modules.module import register_module_forward_hook
from torch.nn.utils import prune
from torch.utils.flop_counter import FlopCounterMode

from models import ModelError, native
from models.blocks import (
    CrossPerceptionTemporalIntegration,
    MotionEnhancement,
    SalientMotionExcitation,
    TemporalEnhancementInteraction,
    TemporalInteraction,
    TemporalShift,
)
from models.blocks.before_conv import apply_before

Maker = Callable[[int, int], nn.Module]


def tei(channels: int, frames: int) -> nn.Module:
    """Make MEM and TIM."""
    mem = MotionEnhancement(channels, frames)
    return TemporalEnhancementInteraction(mem, TemporalInteraction(channels, frames))


class Projected(nn.Module):
    """A temporal module and the 1x1 convolution that reads its frames."""

    def __init__(self, temporal: nn.Module, channels: int) -> None:
        super().__init__()
        self.temporal = temporal
        self.conv = nn.Conv2d(channels, channels // 2 + 9, 1, bias=False)

    def forward(self, x: Tensor) -> Tensor:
        """Apply both."""
        return apply_before(self.temporal, x, self.conv)


def projected(make_module: Maker) -> Maker:
    """Give a module a convolution that follows it."""
    return lambda channels, frames: Projected(make_module(channels, frames), channels)


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
if native.can_project(torch.empty(1, 64, 1, 1), torch.empty(1)):
    KERNELS |= {
        "TSM, conv": (projected(TemporalShift), {"shift_and_project"}),
        "TIM, conv": (projected(TemporalInteraction), {"convolve_and_project"}),
        "TEI, conv": (projected(tei), {"motion_gates", "convolve_and_project"}),
    }
pytestmark = pytest.mark.usefixtures("few_channels_suffice")
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
@pytest.mark.parametrize("name", sorted(KERNELS.keys() & {"TIM", "TSM, conv", "TIM, conv", "CTI"}))
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


@needs_compiler
@every_module
def test_a_wrong_number_of_channels_is_refused(name: str) -> None:
    module = KERNELS[name][0](32, 4)
    frames = torch.randn(8, 64, 5, 6).contiguous(memory_format=torch.channels_last)
    with torch.no_grad(), pytest.raises(RuntimeError):
        module(frames)


@needs_compiler
@every_module
def test_means_far_from_zero_are_exact(name: str) -> None:
    module = KERNELS[name][0](32, 4).eval()
    frames = 10 + torch.randn(4, 32, 90, 90).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        expected = copy.deepcopy(module).double()(frames.double())
        error = (module(frames).double() - expected).abs().max() / expected.abs().max()
    assert error < 1e-6


@needs_compiler
@every_module
@pytest.mark.parametrize("channels", [1100, 2048])
def test_sums_over_many_channels_are_about_as_exact_as_torch_s(name: str, channels: int) -> None:
    module = KERNELS[name][0](channels, 4).eval()
    frames = 10 + torch.randn(4, channels, 7, 7).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        expected = copy.deepcopy(module).double()(frames.double())
        by_kernel, by_torch = (
            (module(x).double() - expected).abs().max() / expected.abs().max()
            for x in (frames, frames.contiguous())
        )
    assert by_kernel < max(1e-6, 2 * by_torch)


@needs_compiler
@every_module
def test_parameters_in_any_layout_are_read(name: str) -> None:
    module = KERNELS[name][0](32, 4).eval()
    for part in module.modules():
        for key, parameter in list(part.named_parameters(recurse=False)):
            setattr(part, key, nn.Parameter(torch.randn(*parameter.shape, 2)[..., 0]))
    frames = torch.randn(8, 32, 5, 6).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        expected = copy.deepcopy(module).double()(frames.double())
        assert torch.allclose(module(frames).double(), expected, rtol=1e-4, atol=1e-5)


@needs_compiler
@pytest.mark.parametrize("shape", [(16, 1, 3, 1), (32, 1, 5, 1)])
def test_a_kernel_reads_no_further_than_a_weight_reaches(shape: tuple[int, ...]) -> None:
    frames = draw(32, 4)
    with pytest.raises(RuntimeError, match=r"\(32, 3\) in float32 is needed"):
        native.convolve_over_time(frames, 4, torch.randn(shape), None)
    layers = [(torch.randn(4, 32, 1, 1), torch.randn(n)) for n in (4, 2)]
    with pytest.raises(RuntimeError, match=r"\(4, 1\) in float32 is needed"):
        native.motion_gates(frames, 4, [*layers, (torch.randn(32, 4, 1, 1), None)], 1.0)


def test_pruned_kernels_of_sme_count() -> None:
    module = make("SME", 32, 4)
    motion: Any = module.get_submodule("motion")
    for conv in motion.convs:
        prune.l1_unstructured(conv, "weight", 0.5)
    current, aligned = torch.randn(2, 2, 2, 5, 6)
    with torch.no_grad():
        found = motion.mean(current, aligned)
        torch.testing.assert_close(found, motion(current, aligned).mean((2, 3)))


@needs_compiler
def test_sme_recovers_channels_without_a_bias_too() -> None:
    module = SalientMotionExcitation(32, 4).eval()
    module.excite.recover = nn.Conv2d(2, 32, 1, bias=False)
    frames = torch.randn(8, 32, 5, 6).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        expected = copy.deepcopy(module).double()(frames.double())
        assert torch.allclose(module(frames).double(), expected, atol=1e-5)


class Halved(nn.Linear):
    """A layer of the user's own."""

    def forward(self, input: Tensor) -> Tensor:
        """Halve what a linear layer gives."""
        return super().forward(input) / 2


CHANGES: dict[str, Callable[[Any, Any], object]] = {
    "own layer": lambda cti, mem: setattr(cti.integrations[0], "fc", Halved(8, 16)),
    "no bias": lambda cti, mem: setattr(cti.integrations[0], "fc", nn.Linear(8, 16, bias=False)),
    "pruned": lambda cti, mem: prune.l1_unstructured(cti.integrations[0].fc, "weight", 0.5),
    "norm": lambda cti, mem: setattr(mem, "norm3", nn.BatchNorm2d(32)),
}


@pytest.mark.parametrize("change", CHANGES)
def test_parts_that_were_changed_are_run(change: str, called: set[str]) -> None:
    cti, mem = CrossPerceptionTemporalIntegration(32, 4), MotionEnhancement(32, 4)
    CHANGES[change](cti, mem)
    frames = torch.randn(8, 32, 5, 6).contiguous(memory_format=torch.channels_last)
    with torch.no_grad():
        (mem if change == "norm" else cti)(frames)
    assert not called & {"motion_gates", "cross_integration"}


@pytest.mark.parametrize("of_all", [False, True])
def test_every_hook_is_called(of_all: bool) -> None:
    cti: Any = CrossPerceptionTemporalIntegration(32, 4)
    seen: list[nn.Module] = []

    def watch(module: nn.Module, *_: object) -> None:
        seen.append(module)

    fc = cti.integrations[0].fc
    hook = register_module_forward_hook(watch) if of_all else fc.register_forward_hook(watch)
    with torch.no_grad():
        cti(torch.randn(8, 32, 5, 6).contiguous(memory_format=torch.channels_last))
    hook.remove()
    assert fc in seen


# These are single operations for torch, which have no forward derivatives.
SINGLE = {"SME", "TEI", "TEI, conv", "TSM, conv"}


@pytest.mark.parametrize("name", sorted(KERNELS.keys() - SINGLE))
def test_forward_derivatives_and_vmap_take_the_plain_form(name: str) -> None:
    module = KERNELS[name][0](32, 4).eval().requires_grad_(False)
    frames = torch.randn(8, 32, 5, 6).contiguous(memory_format=torch.channels_last)
    with forward_ad.dual_level():
        dual = forward_ad.make_dual(frames, torch.ones_like(frames))
        assert forward_ad.unpack_dual(module(dual)).tangent is not None
    several = torch.func.vmap(module)(torch.stack([frames, frames]))
    assert torch.allclose(several[1], module(frames), atol=1e-5)
