"""What watches a run and writes it down, off the training path."""

from lightning_modules.callbacks.config_file import ConfigFile
from lightning_modules.callbacks.exact_resume import ExactResume
from lightning_modules.callbacks.last_checkpoint import LastCheckpoint
from lightning_modules.callbacks.metrics_file import MetricsFile
from lightning_modules.callbacks.predictions_file import PredictionsFile
from lightning_modules.callbacks.recipe_report import RecipeReport
from lightning_modules.callbacks.throughput import Throughput
from lightning_modules.callbacks.weight_average import WeightAverage

__all__ = [
    "ConfigFile",
    "ExactResume",
    "LastCheckpoint",
    "MetricsFile",
    "PredictionsFile",
    "RecipeReport",
    "Throughput",
    "WeightAverage",
]
