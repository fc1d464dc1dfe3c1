"""The LightningModule around a network, its optimisation and its callbacks.

Networks and data are constructor arguments; this package imports neither.
"""

from lightning_modules.checkpoints.checkpoint_file import CheckpointFiles
from lightning_modules.errors import RunError
from lightning_modules.mixing import ClipMixing
from lightning_modules.optimization.optimizers import SGD, AdamW
from lightning_modules.optimization.schedules import Constant, CosineDecay, StepDecay
from lightning_modules.video_recognizer import VideoRecognizer

__all__ = [
    "SGD",
    "AdamW",
    "CheckpointFiles",
    "ClipMixing",
    "Constant",
    "CosineDecay",
    "RunError",
    "StepDecay",
    "VideoRecognizer",
]
