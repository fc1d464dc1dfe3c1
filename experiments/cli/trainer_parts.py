"""Refuses callbacks, strategies and plugins of Lightning that would falsify a run's promises."""

from importlib import import_module
from typing import Any

from pytorch_lightning import callbacks, plugins, strategies

from lightning_modules import RunError
from lightning_modules.callbacks.weight_average import WeightAverage
from lightning_modules.checkpoints.run_folder import CHECKPOINTS

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

STRATEGIES = (
    *("auto", "single_device", "ddp"),
    *("ddp_find_unused_parameters_true", "ddp_find_unused_parameters_false"),
)
STRATEGY_CLASSES = (strategies.SingleDeviceStrategy, strategies.DDPStrategy)
PRECISIONS = (plugins.Precision, plugins.MixedPrecision, plugins.DoublePrecision)


def refuse_parts(trainer: Any, fits: bool) -> None:
    """Refuse callbacks, a strategy or plugins before they are built.

    Args:
        trainer: The trainer's configuration, as parsed.
        fits: Whether the subcommand is ``fit``.

    Raises:
        RunError: With the name, the reason and the remedy.
    """
    for part in as_list(trainer.callbacks):
        _refuse_callback(part, fits)
    _refuse_strategy(trainer.strategy)
    for part in as_list(trainer.plugins):
        kind = _class_of(part)
        if issubclass(kind, plugins.CheckpointIO):
            raise RunError(
                f"trainer.plugins: {kind.__name__}: checkpoints are saved so that a killed process "
                "leaves the old one whole; leave it out"
            )
        if issubclass(kind, plugins.Precision) and kind not in PRECISIONS:
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
    kind = _class_of(part)
    if issubclass(kind, callbacks.BatchSizeFinder):
        raise RunError(f"trainer.callbacks: {kind.__name__}: {BATCH_SIZE_FINDER}")
    if not fits or issubclass(kind, WeightAverage):
        return
    for refused, reason in CALLBACKS.items():
        if issubclass(kind, refused):
            raise RunError(f"trainer.callbacks: {kind.__name__}: {reason}")
    arguments = part.get("init_args") or {}
    name = f"{arguments.get('filename')}.ckpt"
    if issubclass(kind, callbacks.Checkpoint) and name in CHECKPOINTS.values():
        raise RunError(
            f"trainer.callbacks: {kind.__name__}: {name} is saved by --checkpoint or --last; give "
            "another filename"
        )


def _refuse_strategy(strategy: Any) -> None:
    if isinstance(strategy, str):
        known, name = strategy in STRATEGIES, strategy
    else:
        kind = _class_of(strategy)
        starts = (strategy.get("init_args") or {}).get("start_method") or "popen"
        known, name = issubclass(kind, STRATEGY_CLASSES) and starts == "popen", kind.__name__
    if not known:
        raise RunError(
            f"trainer.strategy={name}: checkpoints, exact resuming and stop signals are made for "
            f"processes that each hold the whole network; give one of {', '.join(STRATEGIES)}"
        )


def _class_of(part: Any) -> type:
    module, _, name = str(part.class_path).rpartition(".")
    kind: type = getattr(import_module(module), name)
    return kind


def take_weights(network: Any) -> str | None:
    """Take the first weights out of a network's configuration, to be loaded when all is built.

    Args:
        network: Its class and arguments, which are changed.

    Returns:
        None if there are none, or the class can load them in its constructor only.
    """
    weights: str | None = network.init_args.get("weights")
    if weights is None or not hasattr(_class_of(network), "start_from"):
        return None
    network.init_args.weights = None
    return weights
