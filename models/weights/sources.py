"""Weights by torchvision's names, or from a file, with the names of this project's networks."""

from dataclasses import dataclass
from http.client import HTTPException
from pathlib import Path
from typing import Any
from urllib.parse import urlparse

import torch
from torch import Tensor
from torchvision.models import get_model_weights, list_models

from models.errors import WeightsError
from models.weights.files import read_file
from models.weights.published_names import understand


@dataclass(frozen=True)
class Source:
    """The tensors of a source of weights.

    Attributes:
        state: The tensors that may belong to a network here, by torchvision's names.
        left_over: The source's names of the others.
        origin: Whose names they had, for the report; "" for torchvision's.
        shifted: Blocks whose convolution the source's network shifts (TSM); None if the names do
            not tell.
    """

    state: dict[str, Tensor]
    left_over: tuple[str, ...] = ()
    origin: str = ""
    shifted: int | None = None


def read_source(weights: str, backbone: str | None, head: str) -> Source:
    """Read torchvision weights by name, or a local file.

    Args:
        weights: See `models.weights.load_weights`.
        backbone: torchvision's name of the network's backbone; None if torchvision lacks it.
        head: The name of the linear classifier in this network.

    Raises:
        WeightsError: If the name is unknown, or the file is missing, unreadable, or of a network
            of which there is none here.
    """
    path = Path(weights)
    if not path.is_file():
        return Source(_download(_find_enum(weights, backbone)))
    state = read_file(path)
    names = understand(list(state), head)
    if names.refusal:
        raise WeightsError(f"{path}: {names.refusal}")
    return Source(
        {name: state[old] for old, name in names.renamed.items()},
        tuple(old for old in state if old not in names.renamed),
        names.origin,
        names.shifted,
    )


def find_download(weights: str, backbone: str | None) -> str | None:
    """Tell what `read_source` would download.

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
