"""Stops a fit whose loss is NaN or infinite, before weights change or a checkpoint is saved."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import torch
from pytorch_lightning import Trainer
from torch import Tensor

from lightning_modules.errors import RunError

SHOWN_FILES = 8


class NonFiniteLossError(RunError):
    """The loss is NaN or infinite.

    The weights are those of the step before. BatchNorm statistics may already contain NaN, so
    this state must not be saved.
    """


def require_finite(loss: Tensor, files: Sequence[str], trainer: Trainer | None) -> None:
    """Stop every process if the loss of any process is NaN or infinite.

    Only the loss is checked. Gradients may overflow in half precision: the loss scaler then skips
    the step.

    Args:
        loss: Mean loss of this process's batch, before loss scaling.
        files: The videos of the batch.
        trainer: The trainer, for the step, the epoch and the processes; None outside a fit.

    Raises:
        NonFiniteLossError: On every process.
    """
    broken = (~loss.detach().isfinite()).int()
    processes = trainer.world_size if trainer else 1
    if processes > 1:
        torch.distributed.all_reduce(broken, torch.distributed.ReduceOp.MAX)
    if not broken:
        return
    step, epoch = (trainer.global_step, trainer.current_epoch) if trainer else (0, 0)
    reports: list[Any] = [_report(loss, files)]
    if processes > 1:
        own, reports = reports[0], [None] * processes
        torch.distributed.all_gather_object(reports, own)
    found = "; ".join(report for report in reports if report)
    raise NonFiniteLossError(
        f"step {step}, epoch {epoch}: {found}. The weights were not updated; check these videos, "
        "lower the learning rate or clip gradients, and resume with --ckpt_path last"
    )


def require_finite_weights(state: Mapping[str, Tensor], names: Iterable[str]) -> None:
    """Refuse NaN or infinite weights, so that no good checkpoint is replaced by a bad one.

    Args:
        state: A checkpoint's ``state_dict``.
        names: The names of the parameters in it.

    Raises:
        NonFiniteLossError: If a parameter is not finite.
    """
    for name in names:
        if not state[name].isfinite().all():
            raise NonFiniteLossError(
                f"{name} is not finite, so no checkpoint is saved; lower the learning rate or clip "
                "gradients, and resume with --ckpt_path last"
            )


def _report(loss: Tensor, files: Sequence[str]) -> str:
    """Describe this process's loss and videos; empty if the loss is finite."""
    if loss.isfinite():
        return ""
    more = f" and {len(files) - SHOWN_FILES} more" if len(files) > SHOWN_FILES else ""
    return f"the loss is {loss.item()} on the batch {', '.join(files[:SHOWN_FILES])}{more}"
