"""The compared modules, and the places of a ResNet-50 that they stand in."""

from collections.abc import Callable
from typing import NamedTuple

from torch import Tensor, nn

from experiments.benchmark import public_modules as public
from models.blocks import (
    CrossPerceptionTemporalIntegration,
    MotionEnhancement,
    SalientMotionExcitation,
    TemporalEnhancementInteraction,
    TemporalInteraction,
    TemporalShift,
)
from models.blocks.fusion import Cascade

ModuleMaker = Callable[[int, int], nn.Module]
"""Makes a module from C and T."""


class Site(NamedTuple):
    """Equal places of a ResNet-50.

    Attributes:
        channels: C.
        stride: Pixels of the frame per position, along one side.
        blocks: How many blocks have such a place.
    """

    channels: int
    stride: int
    blocks: int


INPUTS = (Site(64, 4, 1), Site(256, 4, 3), Site(512, 8, 4), Site(1024, 16, 6), Site(2048, 32, 2))
"""Inputs of the residual branches, where TSM and TEINet have their modules."""

BOTTLENECKS = (Site(64, 4, 3), Site(128, 8, 4), Site(256, 16, 6), Site(512, 32, 3))
"""Behind conv2, where TSINet has its modules."""


class ModuleRow(NamedTuple):
    """One module in both forms.

    Attributes:
        name: On the command line.
        label: In the table.
        ours: Makes the module of `models.blocks`.
        public: Makes it as public code writes it.
        sites: Where it stands.
    """

    name: str
    label: str
    ours: ModuleMaker
    public: ModuleMaker
    sites: tuple[Site, ...]


def _tei(channels: int, frames: int) -> nn.Module:
    mem = MotionEnhancement(channels, frames)
    return TemporalEnhancementInteraction(mem, TemporalInteraction(channels, frames))


def _tsi(channels: int, frames: int) -> nn.Module:
    sme = SalientMotionExcitation(channels, frames)
    return Cascade(sme, CrossPerceptionTemporalIntegration(channels, frames))


MODULE_ROWS = {
    row.name: row
    for row in (
        ModuleRow("shift", "TSM's shift", TemporalShift, public.PublicShift, INPUTS),
        ModuleRow("tim", "TIM (Conv1d)", TemporalInteraction, public.PublicConv1d, INPUTS),
        ModuleRow("tim-3d", "TIM (Conv3d)", TemporalInteraction, public.PublicConv3d, INPUTS),
        ModuleRow("mem", "MEM", MotionEnhancement, public.PublicMem, INPUTS),
        ModuleRow("tei", "MEM + TIM (Conv1d)", _tei, public.PublicTei, INPUTS),
        ModuleRow("sme", "SME", SalientMotionExcitation, public.PublicSme, BOTTLENECKS),
        ModuleRow(
            *("cti", "CTI (Conv1d)", CrossPerceptionTemporalIntegration),
            *(public.PublicCti, BOTTLENECKS),
        ),
        ModuleRow("tsi", "SME + CTI (Conv1d)", _tsi, public.PublicTsi, BOTTLENECKS),
    )
}


def share_weights(ours: nn.Module, other: nn.Module) -> None:
    """Give a module of public form the weights of ours, temporal kernels in their own shape."""
    shapes = {name: value.shape for name, value in other.state_dict().items()}
    state: dict[str, Tensor] = ours.state_dict()
    other.load_state_dict({name: value.reshape(shapes[name]) for name, value in state.items()})
