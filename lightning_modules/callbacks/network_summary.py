"""The number of parameters, printed at the start of a fit."""

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities import rank_zero_info

MILLION = 1e6


class NetworkSummary(Callback):
    """Prints the network's class and its number of parameters, in place of Lightning's table.

    Lightning's table also has a column of FLOPs, which it counts only with an example input;
    without one it prints 0. ``python -m experiments.benchmark model`` counts multiply-adds.
    """

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print one line, such as ``TEINet: 11.54 M parameters``."""
        parameters = list(pl_module.parameters())
        total = sum(parameter.numel() for parameter in parameters) / MILLION
        frozen = sum(p.numel() for p in parameters if not p.requires_grad) / MILLION
        line = f"{type(pl_module.network).__name__}: {total:.2f} M parameters"
        rank_zero_info(f"{line}, {frozen:.2f} M of them frozen" if frozen else line)
