"""Networks for video action recognition in plain torch: clips in, logits out.

This package knows nothing of Lightning, of data or of experiments.
"""

from models.teinet import TEINet
from models.tsinet import TSINet
from models.tsm import TSM
from models.tsn import TSN
from models.video_resnet import VideoResNet
from models.weights import WeightsError

__all__ = ["TSM", "TSN", "TEINet", "TSINet", "VideoResNet", "WeightsError"]
