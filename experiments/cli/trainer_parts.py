"""Refuses callbacks, strategies and plugins of Lightning that would falsify a run's promises."""

from importlib import import_module
from pathlib import Path
from typing import Any

from pytorch_lightning import callbacks, plugins, strategies

from lightning_modules import RunError
from lightning_modules.callbacks.weight_average import WeightAverage
from lightning_modules.checkpoints.run_folder import CHECKPOINTS, RunFolder

CALLBACKS: dict[type, str] = {
    callbacks.GradientAccumulationScheduler: (
        "the schedule of the learning rate, the total batch and exact resuming need one number; "
        "give trainer.accumulate_grad_batches"
    ),
    callbacks.StochasticWeightAveraging: (
        "it replaces the schedule of the learning rate and adds an epoch; give --ema_decay for "
        "averaged weights"
    ),
    callbacks.WeightAveraging: "its average does not survive in best.ckpt; give --ema_decay",
    callbacks.LearningRateFinder: (
        "it trains before the fit and sets no learning rate of this project; give "
        "model.optimizer.lr"
    ),
    callbacks.BaseFinetuning: (
        "it changes which parameters the optimizer has, which resuming compares; train all of "
        "them, or give model.partial_bn"
    ),
    callbacks.Timer: "its arguments cannot be saved in config.yaml; give trainer.max_time",
    callbacks.ModelPruning: "it renames parameters, so that no test could load the checkpoints",
    callbacks.SpikeDetection: "a loss that is NaN or infinite ends the run by itself; leave it out",
}
"""Callback -> why a fit refuses it, and what to do instead; subclasses are included."""

BATCH_SIZE_FINDER = "the batch size is part of the recipe; give data.batch_size"

EPOCH_NAME = "{epoch}-{step}"
"""How `ModelCheckpoint` names a file that has no name of its own, without the suffix."""

STRATEGIES = (
    *("auto", "single_device", "ddp"),
    *("ddp_find_unused_parameters_true", "ddp_find_unused_parameters_false"),
)
STRATEGY_CLASSES = (strategies.SingleDeviceStrategy, strategies.DDPStrategy)
PRECISION_PLUGINS = (plugins.Precision, plugins.MixedPrecision, plugins.DoublePrecision)


def refuse_parts(config: Any, fits: bool) -> None:
    """Refuse callbacks, a strategy or plugins before they are built.

    Args:
        config: The configuration of the subcommand, as parsed.
        fits: Whether it is ``fit``.

    Raises:
        RunError: With the name, the reason and the remedy.
    """
    trainer = config.trainer
    for part in as_list(trainer.callbacks):
        _refuse_callback(part, fits)
        if fits and issubclass(class_of(part), callbacks.Checkpoint):
            _refuse_same_files(part, config)
    _refuse_strategy(trainer.strategy)
    for part in as_list(trainer.plugins):
        kind = class_of(part)
        if issubclass(kind, plugins.CheckpointIO):
            raise RunError(
                f"trainer.plugins: {kind.__name__}: checkpoints are saved so that a killed process "
                "leaves the old one whole; leave it out"
            )
        if issubclass(kind, plugins.Precision) and kind not in PRECISION_PLUGINS:
            raise RunError(
                f"trainer.plugins: {kind.__name__}: keeps weights in another format than "
                "checkpoints do; give trainer.precision bf16-mixed, 16-mixed, 32-true or 64-true"
            )


def as_list(stated: Any) -> list[Any]:
    """List what the trainer takes one, several or none of."""
    if stated is None:
        return []
    return stated if isinstance(stated, list) else [stated]


def _refuse_callback(part: Any, fits: bool) -> None:
    kind = class_of(part)
    if issubclass(kind, callbacks.BatchSizeFinder):
        raise RunError(f"trainer.callbacks: {kind.__name__}: {BATCH_SIZE_FINDER}")
    if not fits or issubclass(kind, WeightAverage):
        return
    for refused, reason in CALLBACKS.items():
        if issubclass(kind, refused):
            raise RunError(f"trainer.callbacks: {kind.__name__}: {reason}")


def _refuse_same_files(part: Any, config: Any) -> None:
    """Refuse a second callback for the files, or the metric, of ``--checkpoint`` and ``--last``."""
    kind, own, stated = class_of(part), config.checkpoint, part.get("init_args") or {}
    option = f"trainer.callbacks: {kind.__name__}"
    same_metric = stated.get("monitor") == own.monitor and own.save_top_k != 0
    if kind is callbacks.ModelCheckpoint and same_metric:
        raise RunError(
            f"{option}: follows the metric of --checkpoint; use the options of that, such as "
            "--checkpoint.save_top_k, or give another monitor"
        )
    names = [stated.get("filename") or EPOCH_NAME]
    if issubclass(kind, callbacks.ModelCheckpoint) and stated.get("save_last"):
        names.insert(0, kind.CHECKPOINT_NAME_LAST)
    taken = {*CHECKPOINTS.values(), *([] if own.save_top_k in (0, 1) else [f"{EPOCH_NAME}.ckpt"])}
    run = RunFolder(Path(config.run_dir))
    folder = Path(stated.get("dirpath") or run.checkpoints)
    for file in (f"{name}.ckpt" for name in names):
        if file in taken and folder.resolve() == run.checkpoints.resolve():
            raise RunError(
                f"{option}: {file} of this folder is saved by --checkpoint or --last; give another "
                "filename or dirpath, and no save_last"
            )


def _refuse_strategy(strategy: Any) -> None:
    if isinstance(strategy, str):
        known, name = strategy in STRATEGIES, strategy
    else:
        kind = class_of(strategy)
        starts = (strategy.get("init_args") or {}).get("start_method") or "popen"
        known, name = issubclass(kind, STRATEGY_CLASSES) and starts == "popen", kind.__name__
    if not known:
        raise RunError(
            f"trainer.strategy={name}: checkpoints, exact resuming and stop signals are made for "
            f"processes that each hold the whole network; give one of {', '.join(STRATEGIES)}"
        )


def class_of(part: Any) -> type:
    """Import the class of a part of the configuration."""
    module, _, name = str(part.class_path).rpartition(".")
    kind: type = getattr(import_module(module), name)
    return kind
