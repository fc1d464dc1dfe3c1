"""Fits weights into a network and reports what was loaded, what is new, and what is left over."""

import logging
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

from models.backbones.sites import is_temporal
from models.blocks.fusion import Concatenation
from models.blocks.temporal_shift import TemporalShift
from models.errors import WeightsError
from models.weights.report import COUNTER, report, shown
from models.weights.sources import read_source

log = logging.getLogger(__name__)


def load_weights(network: nn.Module, weights: str, backbone: str | None, head: str) -> None:
    """Fill a network from ImageNet weights, a file of weights, or a training checkpoint.

    The names of published checkpoints are understood, see `models.weights.published_names`.
    Allowed differences: a head with other classes keeps its initial values; so do temporal modules
    that the source lacks; a last convolution that is twice as wide as the source's (TSINet's
    concatenation) gets the source's weights repeated and halved; where the source's head has no
    bias, the bias is 0; a 3D convolution gets the weights of a 2D one, repeated over time and
    divided by its length (I3D's inflation). One line logs how many tensors were loaded, which are
    new in this network, and which are left over.

    Args:
        network: The frame network, or I3D or ECO, which have none.
        weights: A torchvision weights name, such as ``IMAGENET1K_V1`` or ``DEFAULT``, downloaded
            on first use; or the path of a ``state_dict``, of a ``.safetensors`` file, or of a
            checkpoint of this or another project.
        backbone: torchvision's name of the network's backbone; None if torchvision lacks it.
        head: The path of the linear classifier in ``network``.

    Raises:
        WeightsError: If there is no such name or file, or it does not fit the network.
    """
    own = network.state_dict()
    source = read_source(weights, backbone, head)
    may_widen = any(isinstance(module, Concatenation) for module in network.modules())
    fitted = {key: _fit(value, own.get(key), may_widen) for key, value in source.state.items()}
    classes = len(own[f"{head}.weight"])
    old_head = _drop_other_head(fitted, classes, head)
    _check_shapes(fitted, own, weights)
    loaded = len(fitted)
    no_bias = _add_missing_bias(fitted, own, head)
    missing = [key for key in own if key not in fitted]
    with_head = f"{head}.bias" in fitted
    lost = [key for key in missing if not _may_be_missing(key, head, with_head)]
    _refuse_keys(lost, f"{weights} lacks")
    unexpected = [key for key in fitted if key not in own]
    _refuse_keys(unexpected, f"this network has no place for what {weights} holds:")
    network.load_state_dict(fitted, strict=False)
    shifts = sum(isinstance(module, TemporalShift) for module in network.modules())
    line = report(source, loaded, missing, classes, old_head, shifts)
    line += f"; {head}.bias is 0, as the source's head has none" if no_bias else ""
    log.warning("%s: %s", weights, line)  # a warning, because Python shows these by default


def _fit(value: Tensor, target: Tensor | None, may_widen: bool) -> Tensor:
    if target is not None and target.ndim == 5 and value.ndim == 4:
        return _inflate(value, target.shape[2])
    return _widen(value, target) if may_widen and target is not None else value


def _inflate(kernel: Tensor, length: int) -> Tensor:
    # (out, in, H, W) -> (out, in, length, H, W): a repeated image gives the image's features.
    return kernel.unsqueeze(2).expand(-1, -1, length, -1, -1) / length


def _widen(value: Tensor, target: Tensor) -> Tensor:
    if value.ndim < 2:
        return value
    outputs, inputs, *kernel = value.shape
    twice_as_wide = target.shape == (outputs, 2 * inputs, *kernel)
    return torch.cat([value, value], dim=1) / 2 if twice_as_wide else value


def _drop_other_head(fitted: dict[str, Tensor], classes: int, head: str) -> int | None:
    """Remove a head of other classes and return how many these are."""
    parts = [
        part for name in ("bias", "weight") if (part := fitted.get(f"{head}.{name}")) is not None
    ]
    if not parts or parts[0].ndim == 0 or len(parts[0]) == classes:
        return None
    for name in ("weight", "bias"):
        fitted.pop(f"{head}.{name}", None)
    return len(parts[0])


def _add_missing_bias(fitted: dict[str, Tensor], own: Mapping[str, Tensor], head: str) -> bool:
    """Give a head without bias the bias 0, which computes the same; tell whether it was missing."""
    bias = f"{head}.bias"
    if f"{head}.weight" not in fitted or bias in fitted or bias not in own:
        return False
    fitted[bias] = torch.zeros_like(own[bias])
    return True


def _check_shapes(fitted: Mapping[str, Tensor], own: Mapping[str, Tensor], weights: str) -> None:
    for key, value in fitted.items():
        if key in own and own[key].shape != value.shape:
            raise WeightsError(
                f"{weights}: {key} is {tuple(value.shape)}, this network's is "
                f"{tuple(own[key].shape)}; name the backbone that the weights were made for"
            )


def _may_be_missing(key: str, head: str, with_head: bool) -> bool:
    of_new_head = key.startswith(f"{head}.") and not with_head
    return is_temporal(key) or of_new_head or key.endswith(COUNTER)


def _refuse_keys(keys: Sequence[str], what: str) -> None:
    if keys:
        raise WeightsError(
            f"{what} {shown(keys)}; name the network and backbone that they belong to"
        )
