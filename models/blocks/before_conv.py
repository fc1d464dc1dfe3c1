"""A temporal module of a block, and the convolution that reads its frames."""

from collections.abc import Iterator

from torch import Tensor, nn
from torchvision.ops import Conv2dNormActivation

from models import native
from models.blocks.temporal_enhancement_interaction import TemporalEnhancementInteraction
from models.blocks.temporal_interaction import TemporalInteraction
from models.blocks.temporal_shift import TemporalShift

Projecting = TemporalShift | TemporalInteraction | TemporalEnhancementInteraction
"""Modules that can compute a 1x1 convolution of their frames without storing these frames."""

SEQUENCES = (nn.Sequential, Conv2dNormActivation)
"""What applies its layers one after the other; a subclass may do something else."""


def apply_before(temporal: nn.Module, x: Tensor, layer: nn.Module) -> Tensor:
    """Compute ``layer(temporal(x))``, in one pass over x where a kernel can.

    Args:
        temporal: The module, (B*T, C, H, W) -> (B*T, C, H, W).
        x: Folded frames, (B*T, C, H, W).
        layer: What follows in the block: a convolution, or a sequence that starts with one.
    """
    conv, *rest = _layers_of(layer)
    module = _projecting(temporal)
    if (
        module is None
        or type(conv) is not nn.Conv2d
        or not _runs_now(module, x, conv)
        or native.are_watched(temporal, layer)
    ):
        applied: Tensor = layer(temporal(x))
        return applied
    out = module.project(x, conv.weight)
    for following in rest:
        out = following(out)
    return out


def _layers_of(layer: nn.Module) -> list[nn.Module]:
    if isinstance(layer, nn.Sequential) and type(layer) in SEQUENCES and len(layer) > 0:
        return list(layer)
    return [layer]


def _projecting(temporal: nn.Module) -> Projecting | None:
    """Return the module, or what alone a sequence holds. A subclass may compute something else."""
    part = temporal[0] if type(temporal) is nn.Sequential and len(temporal) == 1 else temporal
    return part if isinstance(part, Projecting) and type(part) in Projecting.__args__ else None


def _tensors_of(module: nn.Module) -> Iterator[Tensor]:
    """List parameters, and tensors that stand in their place, such as pruned weights."""
    for part in module.modules():
        yield from part.parameters(recurse=False)
        yield from (value for value in vars(part).values() if isinstance(value, Tensor))


def _runs_now(module: Projecting, x: Tensor, conv: nn.Conv2d) -> bool:
    """Tell whether a kernel takes these frames, and conv is one product for each position."""
    if not native.runs_now(x, *_tensors_of(module), conv.weight):
        return False
    is_pointwise = conv.weight.shape[1:] == (x.shape[1], 1, 1) and conv.bias is None
    is_dense = conv.stride == (1, 1) and conv.padding == (0, 0) and conv.groups == 1
    return (
        is_pointwise and is_dense and module.can_project(x) and native.can_project(x, conv.weight)
    )
