"""How much memory of a GPU the tensors of an epoch's training took at most."""

import torch
from pytorch_lightning import Callback, LightningModule, Trainer


class DeviceMemory(Callback):
    """Logs ``memory/max_allocated_gib`` per training epoch, of the fullest process; CUDA only.

    Lightning's ``DeviceStatsMonitor`` writes dozens of curves at every step for the same answer.
    """

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Forget the peaks of validation and of earlier epochs."""
        if pl_module.device.type == "cuda":
            torch.cuda.reset_peak_memory_stats(pl_module.device)

    def on_train_epoch_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Log the epoch's peak, GiB."""
        if pl_module.device.type == "cuda":
            peak = torch.tensor(torch.cuda.max_memory_allocated(pl_module.device) / 2**30)
            name = "memory/max_allocated_gib"
            pl_module.log(name, peak.to(pl_module.device), reduce_fx="max", sync_dist=True)
