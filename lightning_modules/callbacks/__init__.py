"""Callbacks that save and resume a run, measure it, and write its results to files."""

from lightning_modules.callbacks.best_checkpoint import BestCheckpoint
from lightning_modules.callbacks.class_results import ClassResults
from lightning_modules.callbacks.config_file import ConfigFile
from lightning_modules.callbacks.device_memory import DeviceMemory
from lightning_modules.callbacks.exact_resume import ExactResume
from lightning_modules.callbacks.gradient_norm import GradientNorm
from lightning_modules.callbacks.last_checkpoint import LastCheckpoint
from lightning_modules.callbacks.metrics_file import MetricsFile
from lightning_modules.callbacks.network_summary import NetworkSummary
from lightning_modules.callbacks.older_exports import OlderExports
from lightning_modules.callbacks.predictions_file import PredictionsFile
from lightning_modules.callbacks.progress_lines import ProgressLines
from lightning_modules.callbacks.recipe_report import RecipeReport
from lightning_modules.callbacks.throughput import Throughput
from lightning_modules.callbacks.weight_average import WeightAverage

__all__ = [
    "BestCheckpoint",
    "ClassResults",
    "ConfigFile",
    "DeviceMemory",
    "ExactResume",
    "GradientNorm",
    "LastCheckpoint",
    "MetricsFile",
    "NetworkSummary",
    "OlderExports",
    "PredictionsFile",
    "ProgressLines",
    "RecipeReport",
    "Throughput",
    "WeightAverage",
]
