"""An exponential moving average of the weights, for validation, checkpoints and resumed fits."""

from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import WeightAveraging
from torch.optim.swa_utils import get_ema_multi_avg_fn

from lightning_modules.errors import RunError


class WeightAverage(WeightAveraging):
    """Averages weights and BatchNorm statistics exponentially after each optimizer step.

    Lightning's `WeightAveraging` validates with the average and saves it as a checkpoint's
    ``state_dict``, which tests and fine-tuning load; the weights in training are saved as
    ``current_model_state``, from which a fit resumes. This class adds what is missing in Lightning
    2.6: the average is on the training's device instead of the CPU, and a checkpoint saved during
    a validation or at the end of the training also holds both.

    Args:
        decay: Share of the average that one step keeps, 0-1. The average covers about the last
            1 / (1 - decay) steps: 0.999 suits trainings of many thousands of steps.

    Raises:
        RunError: If the decay is not between 0 and 1.
    """

    def __init__(self, decay: float = 0.999) -> None:
        if not 0 < decay < 1:
            raise RunError(f"ema_decay={decay} must be between 0 and 1, such as 0.999")
        super().__init__(multi_avg_fn=get_ema_multi_avg_fn(decay))
        self.decay = decay
        self._average_is_in_place = False

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Move the average to the network's device, which is known after `setup`."""
        assert self._average_model is not None
        self._average_model.to(pl_module.device)
        self._average_is_in_place = False

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Do nothing yet: the last checkpoint is saved after this hook."""

    def on_fit_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Copy the average into the network."""
        self._copy_average_to_current(pl_module)

    def on_save_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Save the average as ``state_dict``, and the weights in training beside it."""
        super().on_save_checkpoint(trainer, pl_module, checkpoint)
        if self._average_is_in_place:
            names = ("state_dict", "current_model_state")
            checkpoint.update(zip(names, [checkpoint[name] for name in names[::-1]], strict=True))

    def _swap_models(self, pl_module: LightningModule) -> None:
        super()._swap_models(pl_module)
        self._average_is_in_place = not self._average_is_in_place
