"""Networks for video action recognition in plain torch: clips in, logits out.

This package knows nothing of Lightning, of data or of experiments.
"""

from models.errors import ModelError, WeightsError
from models.teinet import TEINet
from models.tsinet import TSINet
from models.tsm import TSM
from models.tsn import TSN
from models.video_resnet import VideoResNet

__all__ = ["TSM", "TSN", "ModelError", "TEINet", "TSINet", "VideoResNet", "WeightsError"]
