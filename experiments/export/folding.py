"""BatchNorm folded into the convolution before it, for programs that do not do it themselves."""

from typing import Any

import torch
from torch import Tensor, nn
from torch.nn.utils.fusion import fuse_conv_bn_eval, fuse_linear_bn_eval

CONVOLUTIONS = (nn.Conv1d, nn.Conv2d, nn.Conv3d)
NORMS = (nn.BatchNorm1d, nn.BatchNorm2d, nn.BatchNorm3d)


def fold_batch_norm(network: nn.Module, clips: Tensor) -> int:
    """Fold each BatchNorm of a network into the convolution whose output it gets.

    One clip goes through the network to see which layer gives which norm its input.

    Args:
        network: In evaluation mode; its layers are replaced.
        clips: What it takes, (B, T, 3, H, W).

    Returns:
        The number of norms that were folded.
    """
    pairs = _pairs(network, clips[:1])
    names = {module: name for name, module in network.named_modules()}
    for layer, norm in pairs:
        fuse: Any = fuse_linear_bn_eval if isinstance(layer, nn.Linear) else fuse_conv_bn_eval
        _replace(network, names[layer], fuse(layer, norm))
        _replace(network, names[norm], nn.Identity())
    return len(pairs)


@torch.no_grad()
def _pairs(network: nn.Module, clips: Tensor) -> list[tuple[nn.Module, nn.Module]]:
    """List the layers with the norms that follow them."""
    outputs: list[tuple[nn.Module, Tensor]] = []
    pairs: list[tuple[nn.Module, nn.Module]] = []

    def keep_output(layer: nn.Module, inputs: Any, output: Tensor) -> None:
        outputs.append((layer, output))

    def find_layer(norm: nn.Module, inputs: tuple[Tensor]) -> None:
        pairs.extend((layer, norm) for layer, output in outputs if output is inputs[0])

    hooks = []
    for module in network.modules():
        if isinstance(module, (*CONVOLUTIONS, nn.Linear)):
            hooks.append(module.register_forward_hook(keep_output))
        elif isinstance(module, NORMS):
            hooks.append(module.register_forward_pre_hook(find_layer))
    network(clips)
    for hook in hooks:
        hook.remove()
    return pairs


def _replace(network: nn.Module, name: str, module: nn.Module) -> None:
    parent, _, attribute = name.rpartition(".")
    setattr(network.get_submodule(parent), attribute, module)
