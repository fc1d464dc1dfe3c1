"""Callbacks that show a fit in TensorBoard: pictures, kernels, gates and hyperparameters."""

from lightning_modules.tensorboard.alignment_maps import AlignmentMaps
from lightning_modules.tensorboard.clip_maps import ClipMaps
from lightning_modules.tensorboard.confusion_matrix import ConfusionMatrix
from lightning_modules.tensorboard.gate_statistics import GateStatistics
from lightning_modules.tensorboard.hyperparameter_table import HyperparameterTable
from lightning_modules.tensorboard.temporal_kernels import TemporalKernels
from lightning_modules.tensorboard.worst_clips import WorstClips

__all__ = [
    "AlignmentMaps",
    "ClipMaps",
    "ConfusionMatrix",
    "GateStatistics",
    "HyperparameterTable",
    "TemporalKernels",
    "WorstClips",
]
