"""What a network's blocks let one look at, and looking at it while a batch passes.

A block takes part by having the methods of a protocol below; nothing is inherited or registered.
B clips, T frames, C channels, H W positions; x is (B*T, C, H, W).
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

from torch import Tensor, nn

Reading = TypeVar("Reading")


@runtime_checkable
class Gating(Protocol):
    """A block that weighs channels by their motion, such as MEM."""

    def motion_gates(self, x: Tensor) -> Tensor:
        """Compute the gates of its input's frames but the last of each clip, (B, T-1, C, 1, 1)."""


@runtime_checkable
class TemporalConvolution(Protocol):
    """A depth-wise temporal convolution that knows how it started, such as TIM and CTI's."""

    def temporal_kernels(self) -> Tensor:
        """Give the kernels as they are, (C, 3)."""

    def initial_kernels(self) -> Tensor:
        """Give the kernels as they started, (C, 3)."""


@runtime_checkable
class Aligning(Protocol):
    """A block of two inputs, frames t and t+1, both (N, d, H, W), that aligns them, as in SME."""

    @property
    def aligns(self) -> bool:
        """Whether it does; False where an ablation has switched it off."""

    def attention(self, current: Tensor, following: Tensor) -> Tensor:
        """Compute what positions of t (rows) attend to in t+1, (N, H*W, H*W)."""

    def saliency(self, current: Tensor, following: Tensor) -> Tensor:
        """Compute the attention's output S, (N, d, H, W)."""


def blocks_of(network: nn.Module, kind: type) -> dict[str, Any]:
    """Find the modules that have a protocol's methods, by name, in the network's order."""
    return {name: block for name, block in network.named_modules() if isinstance(block, kind)}


def stage_of(name: str) -> str:
    """Name the network's child that holds a module: ``layer1`` of ``layer1.0.before_conv1``."""
    return name.partition(".")[0]


def by_stage(readings: Mapping[str, Reading]) -> dict[str, dict[str, Reading]]:
    """Sort readings by module name into stages."""
    stages: dict[str, dict[str, Reading]] = {}
    for name, reading in readings.items():
        stages.setdefault(stage_of(name), {})[name] = reading
    return stages


class Watch:
    """Reads blocks at the next forward pass, before each of them runs.

    Args:
        blocks: Modules by name.
        read: Called with a block and its inputs; what it returns is kept. Gradients are as in the
            forward pass: off in validation.
    """

    def __init__(self, blocks: Mapping[str, Any], read: Callable[..., Any]) -> None:
        self.readings: dict[str, Any] = {}
        self._read = read
        self._handles = [
            block.register_forward_pre_hook(self._hook(name)) for name, block in blocks.items()
        ]

    def _hook(self, name: str) -> Callable[[nn.Module, tuple[Any, ...]], None]:
        def keep_first(block: nn.Module, inputs: tuple[Any, ...]) -> None:
            if name not in self.readings:
                self.readings[name] = self._read(block, *inputs)

        return keep_first

    def close(self) -> dict[str, Any]:
        """Leave the network as it was; give back the readings by module name."""
        for handle in self._handles:
            handle.remove()
        return self.readings
