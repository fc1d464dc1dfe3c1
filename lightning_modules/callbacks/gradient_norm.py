"""The norm of the gradients before clipping."""

from pytorch_lightning import Callback, LightningModule, Trainer
from torch.nn.utils import get_total_norm
from torch.optim import Optimizer


class GradientNorm(Callback):
    """Logs ``train/gradient_norm``, the L2 norm over all parameters, at the trainer's interval.

    It is computed before clipping and after gradients of mixed precision are unscaled. Gradients
    are averaged over the processes by then, so that process 0 alone computes it.
    """

    def on_before_optimizer_step(
        self, trainer: Trainer, pl_module: LightningModule, optimizer: Optimizer
    ) -> None:
        """Compute and log the norm at the trainer's interval."""
        every = trainer.log_every_n_steps  # type: ignore[attr-defined]
        due = every and (trainer.global_step + 1) % every == 0
        if not (due and trainer.loggers and trainer.is_global_zero):
            return
        gradients = [p.grad for p in pl_module.parameters() if p.grad is not None]
        norm = float(get_total_norm(gradients))
        for logger in trainer.loggers:
            logger.log_metrics({"train/gradient_norm": norm}, step=trainer.global_step)
