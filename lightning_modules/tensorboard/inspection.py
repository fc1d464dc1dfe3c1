"""Protocols of blocks that can be inspected, and hooks that read them in a forward pass.

A block is inspected if it has the methods of a protocol below; it need not inherit from it.
B clips, T frames, C channels, H W positions; x is (B*T, C, H, W).
"""

from collections.abc import Callable, Mapping
from typing import Any, Protocol, TypeVar, runtime_checkable

from torch import Tensor, nn

Reading = TypeVar("Reading")


@runtime_checkable
class Gating(Protocol):
    """A block that multiplies channels by gates computed from their motion, such as MEM."""

    def motion_gates(self, x: Tensor) -> Tensor:
        """Compute the gates of all frames but the last of each clip, (B, T-1, C, 1, 1)."""


@runtime_checkable
class TemporalConvolution(Protocol):
    """A depth-wise temporal convolution that knows its initial kernels, such as TIM and CTI's."""

    def temporal_kernels(self) -> Tensor:
        """Return the current kernels, (C, 3)."""

    def initial_kernels(self) -> Tensor:
        """Return the kernels before training, (C, 3)."""


@runtime_checkable
class Aligning(Protocol):
    """A block that aligns two inputs, frames t and t+1, both (N, d, H, W), as in SME."""

    @property
    def aligns(self) -> bool:
        """Whether the alignment is on; an ablation may switch it off."""

    def attention(self, current: Tensor, following: Tensor) -> Tensor:
        """Compute how much positions of t (rows) attend to those of t+1, (N, H*W, H*W)."""

    def saliency(self, current: Tensor, following: Tensor) -> Tensor:
        """Compute the attention's output S, (N, d, H, W)."""


@runtime_checkable
class NamingStages(Protocol):
    """A network that knows the names of its stages."""

    def stage_of(self, module_name: str) -> str:
        """Return the name of the stage that contains a module, such as ``res2``."""


def blocks_of(network: nn.Module, kind: type) -> dict[str, Any]:
    """Find the modules that implement a protocol, by name, in the network's order."""
    return {name: block for name, block in network.named_modules() if isinstance(block, kind)}


def stage_of(network: nn.Module, module_name: str) -> str:
    """Return the name of the stage that contains a module.

    If the network has no method ``stage_of``, this is the first part of the module's name, such as
    ``layer1`` of ``layer1.0.before_conv1``.
    """
    if isinstance(network, NamingStages):
        return network.stage_of(module_name)
    return module_name.partition(".")[0]


def stage_ends(network: nn.Module) -> dict[str, nn.Module]:
    """Find the last block of each stage, whose output is the stage's, in the network's order.

    If the network has no method ``stage_of``, these are its children by name.
    """
    if not isinstance(network, NamingStages):
        return dict(network.named_children())
    ends: dict[str, nn.Module] = {}
    for name, module in network.named_modules():
        stage, around = network.stage_of(name), network.stage_of(name.rpartition(".")[0])
        if stage and not around:  # a block, not a part of one
            ends[stage] = module
    return ends


def by_stage(network: nn.Module, readings: Mapping[str, Reading]) -> dict[str, dict[str, Reading]]:
    """Group readings by stage: stage -> module name -> reading."""
    stages: dict[str, dict[str, Reading]] = {}
    for name, reading in readings.items():
        stages.setdefault(stage_of(network, name), {})[name] = reading
    return stages


def short_name(module_name: str) -> str:
    """Shorten a module's name for a picture: without the prefix ``frame_network.``."""
    return module_name.removeprefix("frame_network.")


class Watch:
    """Reads blocks during the next forward pass, each one just before it runs.

    Args:
        blocks: Modules by name.
        read: Called with a block and its inputs; its result is kept. Gradients are enabled or not
            as in the forward pass: not in validation.
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
        """Remove the hooks; return the readings by module name."""
        for handle in self._handles:
            handle.remove()
        return self.readings
