"""Plain objects of all processes in one list."""

from typing import TypeVar

import torch
from pytorch_lightning import Trainer

Item = TypeVar("Item")


def gather_lists(own: list[Item], trainer: Trainer) -> list[Item]:
    """Join every process's list, in the order of ranks; lists may differ in length.

    All processes must call it, and all get the whole list.
    """
    if trainer.world_size == 1:
        return own
    gathered: list[list[Item]] = [[] for _ in range(trainer.world_size)]
    torch.distributed.all_gather_object(gathered, own)
    return [item for part in gathered for item in part]
