"""Gather lists of Python objects from all processes."""

from typing import TypeVar

import torch
from pytorch_lightning import Trainer

Item = TypeVar("Item")


def gather_lists(own: list[Item], trainer: Trainer) -> list[Item]:
    """Concatenate the lists of all processes in the order of ranks; lengths may differ.

    Every process must call it; every process gets the complete list.
    """
    if trainer.world_size == 1:
        return own
    gathered: list[list[Item]] = [[] for _ in range(trainer.world_size)]
    torch.distributed.all_gather_object(gathered, own)
    return [item for part in gathered for item in part]
