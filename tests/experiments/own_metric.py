"""A callback that logs a metric of its own."""

from pytorch_lightning import Callback, LightningModule, Trainer


class OwnMetric(Callback):
    """Logs ``val/own``, a multiple of the epoch's number.

    Args:
        slope: The multiple; by default the value falls from epoch to epoch.
    """

    def __init__(self, slope: float = -1.0) -> None:
        self.slope = slope

    def on_validation_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log it."""
        pl_module.log("val/own", self.slope * trainer.current_epoch)
