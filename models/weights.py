"""Where a network's first weights come from: torchvision's enums, a file, or a checkpoint."""

import logging
from collections.abc import Mapping
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlparse
from zipfile import BadZipFile, ZipFile, is_zipfile

import torch
from torch import Tensor, nn
from torchvision.models import get_model_weights, list_models

from models.backbones.sites import is_temporal
from models.blocks.fusion import Concatenation
from models.errors import WeightsError

log = logging.getLogger(__name__)

CONTAINERS = ("state_dict", "model", "model_state_dict", "model_state")
"""Keys under which files store a state_dict beside other entries."""

OWN_PREFIXES = ("network.", "frame_network.")
"""Key prefixes in this project's checkpoints: the recognizer's network, its frame network."""

OTHER_PREFIXES = ("module.", "_orig_mod.", "model.", "backbone.", "base_model.", "encoder.")
"""Key prefixes of wrappers: DataParallel, torch.compile, and modules of other projects."""

SHOWN_KEYS = 3


def load_weights(network: nn.Module, weights: str, backbone: str | None, head: str) -> None:
    """Fill a network from ImageNet weights, a file of weights, or a training checkpoint.

    Allowed differences: a head with other classes keeps its initial values (logged); so do
    temporal modules that the source lacks (logged if it has others); a last convolution that is
    twice as wide as the source's (TSINet's concatenation) gets the source's weights repeated and
    halved; a 3D convolution gets the weights of a 2D one, repeated over time and divided by its
    length (I3D's inflation); the usual prefixes of names, such as ``module.``, are removed
    (logged).

    Args:
        network: The frame network, or I3D or ECO, which have none.
        weights: A torchvision weights name, such as ``IMAGENET1K_V1`` or ``DEFAULT``, downloaded
            on first use; or the path of a ``state_dict`` or of a Lightning checkpoint.
        backbone: torchvision's name of the network's backbone; None if torchvision lacks it.
        head: The path of the linear classifier in ``network``.

    Raises:
        WeightsError: If there is no such name or file, or it does not fit the network.
    """
    own = network.state_dict()
    source = read_state_dict(weights, backbone)
    may_widen = any(isinstance(module, Concatenation) for module in network.modules())
    fitted = {key: _fit(value, own.get(key), may_widen) for key, value in source.items()}
    _drop_other_head(fitted, own, head, weights)
    _check_shapes(fitted, own, weights)
    missing, unexpected = network.load_state_dict(fitted, strict=False)
    lost = [key for key in missing if not _may_be_missing(key, head)]
    _refuse_keys(lost, f"{weights} lacks")
    _log_new_modules([key for key in missing if is_temporal(key)], fitted, weights)
    _refuse_keys(unexpected, f"this network has no place for what {weights} holds:")


def read_state_dict(weights: str, backbone: str | None) -> dict[str, Tensor]:
    """Read torchvision weights by name or a local file.

    Raises:
        WeightsError: If the name is unknown, or the file is missing or unreadable.
    """
    path = Path(weights)
    if path.is_file():
        return _read_file(path)
    return _download(_find_enum(weights, backbone))


def find_download(weights: str, backbone: str | None) -> str | None:
    """Tell what `load_weights` would download.

    Args:
        weights: What it takes.
        backbone: torchvision's name of the network's backbone; None if there is none.

    Returns:
        The URL; None if the weights are a file, or were downloaded before.

    Raises:
        WeightsError: If the name is unknown.
    """
    if Path(weights).is_file() or backbone not in list_models():
        return None
    url: str = _find_enum(weights, backbone).url
    kept = Path(torch.hub.get_dir(), "checkpoints", Path(urlparse(url).path).name)
    return None if kept.exists() else url


def _find_enum(weights: str, backbone: str | None) -> Any:
    """Find torchvision's weights of this name."""
    if backbone is None:
        raise WeightsError(
            f"{weights}: no such file, and torchvision has no weights of this network; give the "
            "path of a state_dict or checkpoint of it"
        )
    enum = get_model_weights(backbone)
    name = weights.removeprefix(f"{enum.__name__}.")
    if name not in enum.__members__:
        raise WeightsError(
            f"{weights}: no such file, and {backbone} has no torchvision weights of that name; "
            f"give a path, or one of {', '.join(enum.__members__)}"
        )
    return enum[name]


def _download(member: Any) -> dict[str, Tensor]:
    try:
        state: dict[str, Tensor] = member.get_state_dict(progress=True, check_hash=True)
    except (OSError, HTTPException, RuntimeError) as error:  # RuntimeError: a wrong checksum
        raise WeightsError(
            f"{member} could not be downloaded from {member.url} ({error}); fetch that file on a "
            "machine with network access and give its path"
        ) from error
    return state


def _read_file(path: Path) -> dict[str, Tensor]:
    try:
        _check_sums(path)
        content = torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a damaged or foreign file
        raise WeightsError(
            f"{path}: not a readable file of weights ({type(error).__name__}); save a state_dict "
            "with torch.save, or copy the file again"
        ) from error
    state = content
    if isinstance(content, Mapping):
        state = next((content[name] for name in CONTAINERS if name in content), content)
    if not isinstance(state, Mapping) or not state or not all(map(_is_entry, state.items())):
        raise WeightsError(f"{path}: holds no state_dict, that is, no mapping of names to tensors")
    # A checkpoint holds the network among other modules; a wrapper may be around either.
    return _network_alone(_without_prefixes(_network_alone(dict(state)), path))


def _network_alone(state: dict[str, Tensor]) -> dict[str, Tensor]:
    for prefix in OWN_PREFIXES:
        state = _inside(state, prefix) or state
    return state


def _inside(state: Mapping[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {
        key.removeprefix(prefix): value for key, value in state.items() if key.startswith(prefix)
    }


def _without_prefixes(state: dict[str, Tensor], path: Path) -> dict[str, Tensor]:
    """Remove the prefixes of wrappers one by one; log the entries that do not have them."""
    taken = ""
    while prefix := next((p for p in OTHER_PREFIXES if _inside(state, p)), None):
        others = [key for key in state if not key.startswith(prefix)]
        state = _inside(state, prefix)
        taken += prefix
        if others:
            log.warning("%s: entries outside of %s are not used: %s", path, taken, _shown(others))
    if taken:
        log.warning("%s: the prefix %s of all names is removed", path, taken)
    return state


def _check_sums(path: Path) -> None:
    """Compare a file of torch.save with its checksums, which torch.load does not check."""
    if is_zipfile(path):
        with ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise BadZipFile(damaged)


def _is_entry(item: tuple[Any, Any]) -> bool:
    key, value = item
    return isinstance(key, str) and isinstance(value, Tensor)


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


def _drop_other_head(
    fitted: dict[str, Tensor], own: dict[str, Tensor], head: str, weights: str
) -> None:
    classes = len(own[f"{head}.bias"])
    found = fitted.get(f"{head}.bias")
    if found is None:
        log.warning("%s: holds no head; a new one of %d classes is used", weights, classes)
    elif found.ndim == 1 and len(found) != classes:
        for name in ("weight", "bias"):
            fitted.pop(f"{head}.{name}", None)
        log.warning(
            "%s: its head of %d classes is replaced by a new one of %d",
            weights,
            len(found),
            classes,
        )


def _log_new_modules(missing: list[str], fitted: dict[str, Tensor], weights: str) -> None:
    if missing and any(map(is_temporal, fitted)):
        log.warning(
            "%s: lacks some temporal modules, which keep their initial values: %s",
            weights,
            _shown(missing),
        )


def _check_shapes(fitted: dict[str, Tensor], own: dict[str, Tensor], weights: str) -> None:
    for key, value in fitted.items():
        if key in own and own[key].shape != value.shape:
            raise WeightsError(
                f"{weights}: {key} is {tuple(value.shape)}, this network's is "
                f"{tuple(own[key].shape)}; name the backbone that the weights were made for"
            )


def _may_be_missing(key: str, head: str) -> bool:
    # Converted files often lack BN's counter, which is not used with a fixed momentum.
    return is_temporal(key) or key.startswith(f"{head}.") or key.endswith("num_batches_tracked")


def _refuse_keys(keys: list[str], what: str) -> None:
    if keys:
        raise WeightsError(
            f"{what} {_shown(keys)}; name the network and backbone that they belong to"
        )


def _shown(keys: list[str]) -> str:
    dots = ", ..." if len(keys) > SHOWN_KEYS else ""
    return f"{', '.join(keys[:SHOWN_KEYS])}{dots} ({len(keys)} tensors)"
