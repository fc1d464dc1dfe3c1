"""The callbacks that every run has beside those of its config."""

import sys
from collections.abc import Sequence
from typing import Any

from pytorch_lightning.callbacks import (
    Callback,
    LearningRateMonitor,
    ModelCheckpoint,
    ProgressBar,
)

from experiments.cli.hyperparameters import hyperparameters
from lightning_modules.callbacks import (
    ClassResults,
    DeviceMemory,
    GradientNorm,
    MetricsFile,
    NetworkSummary,
    OlderExports,
    PredictionsFile,
    ProgressLines,
    RecipeReport,
    Throughput,
    WeightAverage,
)
from lightning_modules.checkpoints.run_folder import RunFolder
from lightning_modules.tensorboard import (
    AlignmentMaps,
    ClipMaps,
    ConfusionMatrix,
    GateStatistics,
    HyperparameterTable,
    TemporalKernels,
    WorstClips,
)


def keep_in_run_folder(callbacks: Sequence[Callback], run: RunFolder) -> None:
    """Give every checkpoint without a folder the run's, whatever logs.

    Lightning would choose the folder of the first logger.

    Args:
        callbacks: The callbacks of a run; their ``dirpath`` is set.
        run: The run folder.
    """
    for callback in callbacks:
        if isinstance(callback, ModelCheckpoint) and callback.dirpath is None:
            callback.dirpath = str(run.checkpoints)


def progress_callbacks(config: Any, own: Sequence[Callback]) -> list[Callback]:
    """Make what shows progress where the output is no terminal, unless the config has its own.

    Args:
        config: The configuration of the subcommand, as parsed.
        own: The callbacks of the config.
    """
    chosen = any(isinstance(callback, ProgressBar) for callback in own)
    if chosen or config.trainer.enable_progress_bar is False or sys.stdout.isatty():
        return []
    return [ProgressLines(config.progress_every_n_steps)]


def training_callbacks(config: Any) -> list[Callback]:
    """Make what only a fit needs.

    Args:
        config: The configuration of ``fit``, as parsed.
    """
    callbacks: list[Callback] = []
    if config.ema_decay is not None:
        callbacks.append(WeightAverage(config.ema_decay))
    callbacks += [RecipeReport(), OlderExports()]
    if config.trainer.enable_model_summary is not False:
        callbacks.append(NetworkSummary())
    return callbacks


def result_callbacks(config: Any) -> list[Callback]:
    """Make what writes results.

    Args:
        config: The configuration of the subcommand, as parsed.
    """
    table = HyperparameterTable(hyperparameters(config), config.checkpoint.monitor)
    classes = ClassResults()
    return [classes, MetricsFile(classes), PredictionsFile(), Throughput(), table]


def logging_callbacks(pictures: int) -> list[Callback]:
    """Make what gives curves and pictures to the loggers of a fit.

    Args:
        pictures: About how many times pictures are added; 0 for none.
    """
    curves = [LearningRateMonitor("step"), GradientNorm(), DeviceMemory(), GateStatistics()]
    kinds = (ConfusionMatrix, WorstClips, TemporalKernels, AlignmentMaps, ClipMaps)
    return [*curves, *(kind(pictures) for kind in kinds if pictures)]
