"""Partial BN: train only the first BatchNorm layer of a network."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from lightning_modules.errors import RunError


def freeze_all_but_first(network: nn.Module) -> None:
    """Freeze every BatchNorm layer of a network except the first: partial BN, as in TSN.

    A frozen layer normalises with its running statistics and does not update them; its weight and
    bias get no gradient. TSN (Wang et al., ECCV 2016, section 3.2) freezes layers because a small
    data set gives poor statistics, while a pretrained network has good ones; only the first
    layer adapts to the new input. Use it only to fine-tune from weights: a BatchNorm layer that the
    weights do not contain, such as one inside a new temporal module, stays at its initial values,
    as in the public TSN and TSM code. Both papers train all layers (**papers leave open**).

    ``network.train()`` unfreezes the statistics: call this function again after it.

    Raises:
        RunError: If the network has fewer than two BatchNorm layers.
    """
    layers = _batch_norms(network)
    if len(layers) < 2:
        raise RunError(
            f"partial_bn: {type(network).__name__} has no second BatchNorm layer to freeze "
            f"({len(layers)} in all); give partial_bn=false"
        )
    for layer in layers[1:]:
        layer.eval()
        layer.requires_grad_(False)


def describe_batch_norm(network: nn.Module) -> str:
    """Describe how many BatchNorm layers are trained, and whether processes share statistics.

    Processes share statistics with the Trainer's ``sync_batchnorm``, which is off by default. The
    papers do not mention it: each of TSI's GPUs sees 8 clips of 8 frames, or 4 of 16 (section 4.2),
    so a layer computes its statistics over 64 frames.
    """
    layers = _batch_norms(network)
    learning = sum(layer.training for layer in layers)
    text = f"BatchNorm: {learning} of {len(layers)} layers learn"
    if learning < len(layers):
        text += ", the others keep their statistics, weights and biases"
    if any(isinstance(layer, nn.SyncBatchNorm) for layer in layers):
        text += "; statistics of all processes together"
    return text


def _batch_norms(network: nn.Module) -> list[_BatchNorm]:
    return [module for module in network.modules() if isinstance(module, _BatchNorm)]
