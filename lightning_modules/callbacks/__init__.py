"""What watches a run and writes it down, off the training path."""

from lightning_modules.callbacks.alignment_maps import AlignmentMaps
from lightning_modules.callbacks.config_file import ConfigFile
from lightning_modules.callbacks.confusion_matrix import ConfusionMatrix
from lightning_modules.callbacks.device_memory import DeviceMemory
from lightning_modules.callbacks.exact_resume import ExactResume
from lightning_modules.callbacks.gate_statistics import GateStatistics
from lightning_modules.callbacks.gradient_norm import GradientNorm
from lightning_modules.callbacks.hyperparameter_table import HyperparameterTable
from lightning_modules.callbacks.last_checkpoint import LastCheckpoint
from lightning_modules.callbacks.metrics_file import MetricsFile
from lightning_modules.callbacks.predictions_file import PredictionsFile
from lightning_modules.callbacks.recipe_report import RecipeReport
from lightning_modules.callbacks.temporal_kernels import TemporalKernels
from lightning_modules.callbacks.throughput import Throughput
from lightning_modules.callbacks.weight_average import WeightAverage
from lightning_modules.callbacks.worst_clips import WorstClips

__all__ = [
    "AlignmentMaps",
    "ConfigFile",
    "ConfusionMatrix",
    "DeviceMemory",
    "ExactResume",
    "GateStatistics",
    "GradientNorm",
    "HyperparameterTable",
    "LastCheckpoint",
    "MetricsFile",
    "PredictionsFile",
    "RecipeReport",
    "TemporalKernels",
    "Throughput",
    "WeightAverage",
    "WorstClips",
]
