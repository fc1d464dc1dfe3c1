"""A short hash of a network's weights, by which results name the weights that they are of."""

import hashlib
from collections.abc import Mapping
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from lightning_modules.checkpoints.checkpoint_file import peek

KEY = "weights_hash"
"""The key of the hash in a checkpoint."""

BYTES = 6


def weights_hash(state_dict: Mapping[str, Tensor]) -> str:
    """Hash names and values, wherever they are stored and in whatever memory format.

    Returns:
        12 hexadecimal digits.
    """
    digest = hashlib.blake2b(digest_size=BYTES)
    for name in sorted(state_dict):
        value = state_dict[name].detach().cpu().contiguous()
        digest.update(f"{name} {value.dtype} {tuple(value.shape)}".encode())
        digest.update(value.reshape(-1).view(torch.uint8).numpy().data)
    return digest.hexdigest()


def hash_of(checkpoint: Path) -> str | None:
    """Give the hash of a checkpoint's weights; None if the file cannot be read."""
    try:
        stamp = checkpoint.stat()
    except OSError:
        return None
    return _hash_of(checkpoint, (stamp.st_ino, stamp.st_size, stamp.st_mtime_ns))


@lru_cache(maxsize=1000)
def _hash_of(checkpoint: Path, stamp: tuple[int, ...]) -> str | None:
    """Read the hash, or compute it for a checkpoint of an older version."""
    try:
        content = peek(checkpoint)
        return str(content[KEY]) if KEY in content else weights_hash(content["state_dict"])
    except Exception:  # torch raises many kinds for a damaged file
        return None
