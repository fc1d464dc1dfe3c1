"""best.ckpt: the checkpoint of the epoch with the best monitored value."""

from pathlib import Path
from typing import Any, Literal

import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ModelCheckpoint
from pytorch_lightning.utilities import rank_zero_warn
from torch import Tensor

from lightning_modules.checkpoints.checkpoint_file import give_second_name, peek
from lightning_modules.checkpoints.run_folder import CHECKPOINTS
from lightning_modules.errors import RunError
from lightning_modules.monitored import mode_of

FIXED = {
    "filename": (None, "best", "best.ckpt is a fixed name; save_top_k keeps several epochs"),
    "save_last": (None, False, "last.ckpt is saved by --last"),
    "save_on_exception": (False, "last.ckpt is saved by --last, and never after an error"),
    "save_on_train_epoch_end": (None, "an epoch is saved when its monitored value is known"),
    "enable_version_counter": (False, "names of checkpoints do not depend on older files"),
}
"""Option of `ModelCheckpoint` -> the values that it may have, and why it may have no other."""

TRIGGERS = {
    "every_n_epochs": (None, 0, 1, "validate less often with trainer.check_val_every_n_epoch"),
    "every_n_train_steps": (None, 0, "--last.every_n_steps saves last.ckpt between validations"),
    "train_time_interval": (None, "--last.every_n_minutes saves last.ckpt between validations"),
}
"""Likewise, where a value is monitored: between validations there is no new value."""


class BestCheckpoint(ModelCheckpoint):
    """Keeps ``checkpoints/best.ckpt``, the epoch with the best monitored value so far.

    With ``save_top_k`` above 1, or -1 for all epochs, each is kept as ``epoch=<n>-step=<n>.ckpt``,
    and ``best.ckpt`` is a second name of the best of them. Equal values leave the earlier epoch.
    Without a monitored value there is no best epoch and no ``best.ckpt``; ``save_top_k`` -1 then
    keeps all epochs.

    Args:
        monitor: The metric, such as ``val/top1`` or ``val/loss``; null for none.
        mode: Whether lower (``min``) or higher (``max``) values are better. Null to follow the
            metric: accuracies up, losses down. It must be stated for the metric of a callback of
            your own.
        save_top_k: How many of the best epochs are kept; 0 for none, -1 for all.
        filename: Fixed.
        enable_version_counter: Fixed.
        **kwargs: Further arguments of Lightning's `ModelCheckpoint`.

    Raises:
        RunError: If an argument would break one of these promises.
    """

    def __init__(
        self,
        monitor: str | None = "val/top1",
        mode: Literal["min", "max"] | None = None,
        save_top_k: int = 1,
        filename: str | None = "best",
        enable_version_counter: bool = False,
        **kwargs: Any,
    ) -> None:
        stated = {
            **kwargs,
            "filename": filename,
            "enable_version_counter": enable_version_counter,
        }
        rules = FIXED if monitor is None else {**FIXED, **TRIGGERS}
        for option, (*allowed, reason) in rules.items():
            value = stated.get(option, allowed[0])
            if value not in allowed:
                raise RunError(f"checkpoint.{option}={value}: leave it out: {reason}")
        super().__init__(
            monitor=monitor,
            mode="max" if monitor is None else mode_of(monitor, mode, "checkpoint"),
            save_top_k=save_top_k,
            filename="best" if save_top_k == 1 else None,
            enable_version_counter=False,
            **kwargs,
        )
        if monitor is not None and monitor.startswith("train/"):
            self._save_on_train_epoch_end = True  # its value is known only then

    @property
    def state_key(self) -> str:
        """Name the state in checkpoints as older versions do, whatever triggers a save."""
        named = {"monitor": self.monitor, "mode": self.mode, "every_n_train_steps": 0}
        return f"ModelCheckpoint{ ({**named, 'every_n_epochs': 1, 'train_time_interval': None})!r}"

    def load_state_dict(self, state_dict: dict[str, Any]) -> None:
        """Remember the best epochs of a run that has moved, too: Lightning would forget them."""
        old, new = state_dict.get("dirpath"), self.dirpath
        if None in (old, new) or old == new:
            super().load_state_dict(state_dict)
            return

        def moved(path: str) -> str:
            place = Path(path)
            return str(Path(str(new)) / place.name) if place.parent == Path(str(old)) else path

        paths = ("best_model_path", "kth_best_model_path", "last_model_path")
        epochs = {moved(path): score for path, score in state_dict["best_k_models"].items()}
        super().load_state_dict(
            {
                **{**state_dict, "dirpath": new, "best_k_models": epochs},
                **{name: moved(state_dict[name]) for name in paths if name in state_dict},
            }
        )

    def setup(self, trainer: Trainer, pl_module: LightningModule, stage: str) -> None:
        """Find the folder; refuse a fit that monitors a validation without videos.

        Raises:
            RunError: If this or another callback would wait for a value that never comes.
        """
        super().setup(trainer, pl_module, stage)
        used = getattr(getattr(trainer, "datamodule", None), "coverage", {}).get("val")
        if stage != "fit" or used is None or used.used:
            return
        for callback in trainer.callbacks:  # type: ignore[attr-defined]
            monitor = str(getattr(callback, "monitor", None))
            if monitor.startswith("val/") and getattr(callback, "save_top_k", 1) != 0:
                raise RunError(
                    f"{monitor} is monitored, but the val split holds no videos: give "
                    "--checkpoint.monitor null or train/loss, and no EarlyStopping on it"
                )

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Warn if the fit chose its best epoch by another value."""
        known = [key for key in checkpoint["callbacks"] if key.startswith("ModelCheckpoint{")]
        if trainer.state.fn == "fit" and known and self.state_key not in known:
            now = "is not changed" if self.monitor is None else "is chosen anew"
            rank_zero_warn(f"resumed with another checkpoint.monitor: best.ckpt {now} from here on")

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Compare what a resumed fit remembers of its best epochs with what is on the disk."""
        super().on_train_start(trainer, pl_module)
        if trainer.ckpt_path is None or self.monitor is None or self.save_top_k == 0:
            return
        kept = self._kept(trainer.global_step) if trainer.is_global_zero else {}
        self._remember(trainer.strategy.broadcast(kept))

    def _save_none_monitor_checkpoint(
        self, trainer: Trainer, monitor_candidates: dict[str, Tensor]
    ) -> None:
        if self.save_top_k == -1:
            super()._save_none_monitor_checkpoint(trainer, monitor_candidates)

    def _save_checkpoint(self, trainer: Trainer, filepath: str) -> None:
        super()._save_checkpoint(trainer, filepath)
        several = self.monitor is not None and self.save_top_k != 1
        if several and filepath == self.best_model_path and trainer.is_global_zero:
            give_second_name(Path(filepath), self._best)

    @property
    def _best(self) -> Path:
        return Path(str(self.dirpath)) / CHECKPOINTS["best"]

    def _kept(self, step: int) -> dict[str, Tensor]:
        """List the remembered epochs that are still there, the best ones; name them by the rules.

        A ``best.ckpt`` of a later step was saved by a training that this fit does not continue.
        """
        there = {
            Path(path): score
            for path, score in self.best_k_models.items()
            if Path(path).is_file() and int(peek(Path(path))["global_step"]) <= step
        }
        order = sorted(there, key=lambda path: float(there[path]), reverse=self.mode == "max")
        order = order if self.save_top_k == -1 else order[: self.save_top_k]
        named = {self._name_by_rules(path): there[path] for path in order}
        if named and self.save_top_k != 1:
            give_second_name(next(iter(named)), self._best)
        return {str(path): score for path, score in named.items()}

    def _name_by_rules(self, file: Path) -> Path:
        """Give a checkpoint the name that belongs to this ``save_top_k``."""
        if self.save_top_k == 1:
            named = self._best
        elif file.name == CHECKPOINTS["best"]:
            content = peek(file)
            place = {"epoch": content["epoch"], "step": content["global_step"]}
            metrics = {name: torch.tensor(value) for name, value in place.items()}
            named = Path(self.format_checkpoint_name(metrics))
        else:
            return file
        if named != file:
            give_second_name(file, named)
        return named

    def _remember(self, kept: dict[str, Tensor]) -> None:
        """Set what Lightning remembers; `kept` begins with the best."""
        self.best_k_models = kept
        paths = list(kept)
        self.best_model_path = paths[0] if paths else ""
        self.best_model_score = kept[paths[0]] if paths else None
        if len(paths) == self.save_top_k:
            self.kth_best_model_path = paths[-1]
            self.kth_value = kept[paths[-1]]
