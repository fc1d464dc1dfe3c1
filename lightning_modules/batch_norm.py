"""Partial BN: which BatchNorm layers learn during a training."""

from torch import nn
from torch.nn.modules.batchnorm import _BatchNorm

from lightning_modules.errors import RunError


def freeze_all_but_first(network: nn.Module) -> None:
    """Freeze every BatchNorm layer of a network but its first: partial BN, as in TSN.

    A frozen layer normalises by the statistics it came with, which are not updated, and its
    weight and bias get no gradient. TSN (Wang et al., ECCV 2016, section 3.2) does so because
    statistics of small batches of a small data set mislead a network that comes with good ones;
    the first layer alone adapts to the new input. So it suits fine-tuning from weights, and only
    that: layers that the weights do not hold, such as those inside new temporal modules, are
    frozen at their beginning too, as in the code line. Both papers train all layers
    (**papers leave open**).

    ``.train()`` wakes the layers up again: call this after it.

    Raises:
        RunError: If no layer would be frozen.
    """
    later = _batch_norms(network)[1:]
    if not later:
        raise RunError(
            f"partial_bn: {type(network).__name__} has no second BatchNorm layer to freeze; give "
            "partial_bn=false"
        )
    for layer in later:
        layer.eval()
        layer.requires_grad_(False)


def describe_batch_norm(network: nn.Module) -> str:
    """Say how many BatchNorm layers learn now, and whether processes share their statistics.

    The Trainer's ``sync_batchnorm`` makes them share these on GPUs; it is off unless asked for.
    Neither paper speaks of it: each of TSI's GPUs sees 8 clips of 8 frames, or 4 of 16 (section
    4.2), which are 64 frames for a layer's statistics.
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
