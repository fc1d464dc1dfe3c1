"""A temporal module of a block, and the convolution that reads its frames."""

from torch import Tensor, nn

from models import native
from models.blocks.temporal_enhancement_interaction import TemporalEnhancementInteraction
from models.blocks.temporal_interaction import TemporalInteraction
from models.blocks.temporal_shift import TemporalShift

Projecting = TemporalShift | TemporalInteraction | TemporalEnhancementInteraction
"""Modules that can compute a 1x1 convolution of their frames without storing these frames."""


def apply_before(temporal: nn.Module, x: Tensor, layer: nn.Module) -> Tensor:
    """Compute ``layer(temporal(x))``, in one pass over x where a kernel can.

    Args:
        temporal: The module, (B*T, C, H, W) -> (B*T, C, H, W).
        x: Folded frames, (B*T, C, H, W).
        layer: What follows in the block: a convolution, or a sequence that starts with one.
    """
    conv, *rest = layer if isinstance(layer, nn.Sequential) else [layer]
    module = _projecting(temporal)
    is_watched = native.are_watched(temporal, layer)
    if module and not is_watched and isinstance(conv, nn.Conv2d) and _is_pointwise(conv, x):
        out = module.project(x, conv)
        for following in rest:
            out = following(out)
        return out
    applied: Tensor = layer(temporal(x))
    return applied


def _projecting(temporal: nn.Module) -> Projecting | None:
    """Return the module, or what alone a sequence holds. A subclass may compute something else."""
    part = temporal[0] if type(temporal) is nn.Sequential and len(temporal) == 1 else temporal
    is_known = type(part) in Projecting.__args__
    return part if is_known and isinstance(part, Projecting) else None


def _is_pointwise(conv: nn.Conv2d, x: Tensor) -> bool:
    """Tell whether it is one matrix product for every position of x, without a bias."""
    sizes = *conv.kernel_size, *conv.stride, conv.groups
    is_plain = type(conv) is nn.Conv2d and set(sizes) == {1} and set(conv.padding) == {0}
    return is_plain and conv.bias is None and x.ndim == 4 and x.shape[1] == conv.in_channels
