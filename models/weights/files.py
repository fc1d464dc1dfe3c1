"""Files of weights: what torch.save and safetensors write. Nothing in them is ever run."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any
from zipfile import BadZipFile, ZipFile, is_zipfile

import torch
from torch import Tensor

from models.errors import WeightsError

CONTAINERS = ("state_dict", "model", "model_state_dict", "model_state")
"""Keys under which files store a state_dict beside other entries."""

SAFETENSORS = ".safetensors"


def read_file(path: Path) -> dict[str, Tensor]:
    """Read the tensors of a file by their names.

    Args:
        path: A ``.safetensors`` file, or what ``torch.save`` wrote: a ``state_dict``, alone or
            beside other plain values.

    Raises:
        WeightsError: If the file is unreadable, needs code to be read, or holds no ``state_dict``.
    """
    state = _read_safetensors(path) if path.suffix == SAFETENSORS else _read_pickle(path)
    if isinstance(state, Mapping):
        state = next((state[name] for name in CONTAINERS if name in state), state)
    if not isinstance(state, Mapping) or not state or not all(map(_is_entry, state.items())):
        raise WeightsError(f"{path}: holds no state_dict, that is, no mapping of names to tensors")
    return dict(state)


def _read_safetensors(path: Path) -> dict[str, Tensor]:
    try:
        from safetensors import SafetensorError  # here, because few files need it
        from safetensors.torch import load_file
    except ModuleNotFoundError as error:
        raise WeightsError(f"{path}: {error}; pip install safetensors") from error
    try:
        return load_file(path)
    except (SafetensorError, OSError) as error:
        raise _unreadable(path, error) from error


def _read_pickle(path: Path) -> Any:
    try:
        _check_sums(path)
        return torch.load(path, map_location="cpu", weights_only=True)
    except Exception as error:  # torch raises many kinds for a damaged or foreign file
        if code := _code_in(path):
            raise WeightsError(
                f"{path}: reading it would run code ({code}), so it is refused; if you trust it, "
                "keep its tensors alone, in the environment that it comes from: torch.save("
                "torch.load(file, weights_only=False)['state_dict'], new_file)"
            ) from error
        raise _unreadable(path, error) from error


def _unreadable(path: Path, error: Exception) -> WeightsError:
    return WeightsError(
        f"{path}: not a readable file of weights ({type(error).__name__}); save a state_dict "
        "with torch.save, or copy the file again"
    )


def _check_sums(path: Path) -> None:
    """Compare a file of torch.save with its checksums, which torch.load does not check."""
    if is_zipfile(path):
        with ZipFile(path) as archive:
            damaged = archive.testzip()
        if damaged is not None:
            raise BadZipFile(damaged)


def _code_in(path: Path) -> str:
    """Name the functions and classes that a file of torch.save would call; "" if unknown."""
    try:
        return ", ".join(sorted(torch.serialization.get_unsafe_globals_in_checkpoint(path)))
    except Exception:  # damaged, or not of torch.save
        return ""


def _is_entry(item: tuple[Any, Any]) -> bool:
    key, value = item
    return isinstance(key, str) and isinstance(value, Tensor)
