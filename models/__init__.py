"""Networks for video action recognition in plain torch: clips in, logits out.

This package knows nothing of Lightning, of data or of experiments.
"""

from models.eco import ECO
from models.errors import ModelError, WeightsError
from models.i3d import I3D
from models.stm import STM
from models.teinet import TEINet
from models.tsinet import TSINet
from models.tsm import TSM
from models.tsn import TSN
from models.video_network import VideoNetwork

__all__ = [
    "ECO",
    "I3D",
    "STM",
    "TSM",
    "TSN",
    "ModelError",
    "TEINet",
    "TSINet",
    "VideoNetwork",
    "WeightsError",
]
