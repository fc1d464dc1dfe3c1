"""A training ends where its loss stops being a number, before it touches a weight or a file."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from pytorch_lightning import Trainer
from torch import Tensor

from lightning_modules.errors import RunError

SHOWN_FILES = 8


class NonFiniteLossError(RunError):
    """The loss is infinite or no number.

    Weights are those of the step before; statistics of BatchNorm may have met the same numbers,
    so this is no state to save.
    """


def require_finite(loss: Tensor, files: Sequence[str], trainer: Trainer | None) -> None:
    """Let all processes go on, or none.

    Only the loss is looked at: gradients that overflow under a loss scale are part of training
    in half precision.

    Args:
        loss: Of this process's batch, not scaled.
        files: Its videos.
        trainer: Knows the step and the other processes; None outside a fit.

    Raises:
        NonFiniteLossError: On every process, if the loss of one is not finite.
    """
    broken = (~loss.detach().isfinite()).int()
    processes = trainer.world_size if trainer else 1
    if processes > 1:
        torch.distributed.all_reduce(broken, torch.distributed.ReduceOp.MAX)
    if not broken:
        return
    place = (trainer.global_step, trainer.current_epoch) if trainer else (0, 0)
    accounts: list[Any] = [_account(loss, files)]
    if processes > 1:
        own, accounts = accounts[0], [None] * processes
        torch.distributed.all_gather_object(accounts, own)
    found = "; ".join(account for account in accounts if account)
    raise NonFiniteLossError(
        f"step {place[0]}, epoch {place[1]}: {found}. No weight was updated by it; look at these "
        "videos, lower the learning rate or clip gradients, and go on with --ckpt_path last"
    )


def require_finite_weights(state: Mapping[str, Tensor], names: Iterable[str]) -> None:
    """Keep a checkpoint from replacing a good one by weights that an update has broken.

    Args:
        state: A checkpoint's ``state_dict``.
        names: Of the parameters in it.

    Raises:
        NonFiniteLossError: If a parameter is not finite.
    """
    for name in names:
        if not state[name].isfinite().all():
            raise NonFiniteLossError(
                f"{name} is not finite, so no checkpoint is saved; lower the learning rate or clip "
                "gradients, and go on with --ckpt_path last"
            )


def _account(loss: Tensor, files: Sequence[str]) -> str:
    if loss.isfinite():
        return ""
    more = f" and {len(files) - SHOWN_FILES} more" if len(files) > SHOWN_FILES else ""
    return f"the loss is {loss.item()} on the batch {', '.join(files[:SHOWN_FILES])}{more}"
