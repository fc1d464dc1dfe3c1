"""The training recipe: printed at the start of a fit, and compared with a checkpoint's."""

from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer
from pytorch_lightning.utilities import rank_zero_info, rank_zero_warn
from torch.optim import Optimizer

from lightning_modules.batch_norm import describe_batch_norm
from lightning_modules.callbacks.weight_average import WeightAverage
from lightning_modules.checkpoints.provenance import KEY
from lightning_modules.checkpoints.setting_changes import changed_settings
from lightning_modules.errors import RunError
from lightning_modules.optimization.total_batch import TotalBatch, describe_learning_rate
from lightning_modules.video_recognizer import VideoRecognizer

AVERAGED = "averaging_state"
"""The key of `WeightAverage` in a checkpoint."""

HIDDEN = ("params", "param_names", "initial_lr")
"""Entries of a parameter group that are not settings."""


class RecipeReport(Callback):
    """Prints the learning rate at the total batch size, BatchNorm's mode, mixing and averaging.

    Logs ``recipe/lr`` and ``recipe/total_batch_size`` (clips) once. A resumed fit keeps the
    optimizer of its checkpoint: another learning rate, weight decay or momentum gives a warning,
    another kind of optimizer an error. Other settings of the model and another number of epochs
    are used from there on, with a warning.
    """

    def __init__(self) -> None:
        self.wanted: list[dict[str, Any]] = []

    def on_load_checkpoint(
        self, trainer: Trainer, pl_module: LightningModule, checkpoint: dict[str, Any]
    ) -> None:
        """Compare a checkpoint's recipe with this one, before its optimizer is loaded.

        Raises:
            RunError: If the parameter groups differ, or the averaged weights would be lost.
        """
        if trainer.state.fn != "fit":
            return
        assert isinstance(pl_module, VideoRecognizer)
        averages = any(isinstance(callback, WeightAverage) for callback in _callbacks(trainer))
        if AVERAGED in checkpoint and not averages:
            raise RunError("the checkpoint's fit averages its weights: give its --ema_decay")
        for change in _changes(checkpoint.get(KEY), pl_module, trainer):
            rank_zero_warn(f"resumed: from here on {change}")
        for state in checkpoint["optimizer_states"]:
            own = pl_module.optimizer_maker.make(pl_module.network).state_dict()
            there, here = (_groups(optimizer["param_groups"]) for optimizer in (state, own))
            if there != here:
                raise RunError(
                    f"the checkpoint's optimizer updates {there}, this one {here}: resume with "
                    "the run's own optimizer and parameter_policy"
                )

    def on_fit_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Remember the requested settings, before a checkpoint's optimizer replaces them."""
        self.wanted = _settings(trainer.optimizers)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print and log the settings in use."""
        assert isinstance(pl_module, VideoRecognizer)
        batch = TotalBatch.of(trainer)
        rank_zero_info(describe_learning_rate(pl_module.optimizer_maker, batch))
        in_use = _settings(trainer.optimizers)
        for name, (there, here) in _differences(in_use, self.wanted).items():
            rank_zero_warn(
                f"resumed: the checkpoint's {name} {there} stays in force, not {here}; for another "
                f"{name}, start a new run from the checkpoint with model.network.weights"
            )
        rank_zero_info(describe_batch_norm(pl_module.network))
        if pl_module.mixing is not None:
            rank_zero_info(str(pl_module.mixing))
        for callback in _callbacks(trainer):
            if isinstance(callback, WeightAverage):
                rank_zero_info(f"weights are averaged with decay {callback.decay:g}")
        values = {
            "recipe/lr": float(in_use[0]["lr"]),
            "recipe/total_batch_size": float(batch.size),
        }
        for logger in trainer.loggers:
            logger.log_metrics(values, step=trainer.global_step)


def _callbacks(trainer: Trainer) -> list[Callback]:
    return trainer.callbacks  # type: ignore[attr-defined]


def _settings(optimizers: list[Optimizer]) -> list[dict[str, Any]]:
    """Give each parameter group's settings; ``lr`` is the initial one, before any schedule."""
    groups = [group for optimizer in optimizers for group in optimizer.param_groups]
    return [
        {**{k: v for k, v in group.items() if k not in HIDDEN}, "lr": group["initial_lr"]}
        for group in groups
    ]


def _differences(
    there: list[dict[str, Any]], here: list[dict[str, Any]]
) -> dict[str, tuple[Any, Any]]:
    """Find the settings that differ, each in the first group in which it does."""
    found: dict[str, tuple[Any, Any]] = {}
    for one, other in zip(there, here, strict=True):
        for name in one.keys() & other.keys():
            if one[name] != other[name]:
                found.setdefault(name, (one[name], other[name]))
    return dict(sorted(found.items()))


def _changes(
    provenance: dict[str, Any] | None, recognizer: VideoRecognizer, trainer: Trainer
) -> list[str]:
    """List the settings that differ from the checkpoint's, without those of the optimizer."""
    if not provenance:
        return []
    changes: dict[str, tuple[Any, Any]] = {}
    if recognizer.configuration:
        changes = changed_settings(provenance["model"], recognizer.configuration, type(recognizer))
    epochs = (provenance["recipe"].get("max_epochs"), trainer.max_epochs)
    if epochs[0] != epochs[1]:
        changes["trainer.max_epochs"] = epochs
    return [
        f"{name} {there} -> {here}"
        for name, (there, here) in changes.items()
        if not name.startswith("model.optimizer")
    ]


def _groups(groups: list[dict[str, Any]]) -> str:
    return ", ".join(
        f"{group.get('name', 'all')} ({len(group['params'])} parameters)" for group in groups
    )
