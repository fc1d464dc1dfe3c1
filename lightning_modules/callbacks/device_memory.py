"""Peak GPU memory of each training epoch."""

import torch
from pytorch_lightning import Callback, LightningModule, Trainer


class DeviceMemory(Callback):
    """Logs ``memory/max_allocated_gib`` per training epoch, the largest of all processes.

    Only on CUDA.

    Lightning's ``DeviceStatsMonitor`` logs dozens of curves at every step instead.
    """

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Reset the peak, so that validation and earlier epochs do not count."""
        if pl_module.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(pl_module.device)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the epoch's peak in GiB."""
        if pl_module.device.type == "cuda":
            peak = torch.tensor(torch.cuda.max_memory_allocated(pl_module.device) / 2**30)
            name = "memory/max_allocated_gib"
            pl_module.log(name, peak.to(pl_module.device), reduce_fx="max", sync_dist=True)
