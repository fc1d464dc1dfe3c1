"""Data sets of videos as LightningDataModules: files in, uint8 clips and views out.

This package knows nothing of networks or of experiments.
"""

from datamodules.errors import DataError, VideoDecodeError
from datamodules.hmdb51 import HMDB51
from datamodules.kinetics import Kinetics400
from datamodules.moving_shapes import MovingShapes
from datamodules.something_something import SomethingSomethingV1, SomethingSomethingV2
from datamodules.ucf101 import UCF101
from datamodules.video_list import VideoList

__all__ = [
    "HMDB51",
    "UCF101",
    "DataError",
    "Kinetics400",
    "MovingShapes",
    "SomethingSomethingV1",
    "SomethingSomethingV2",
    "VideoDecodeError",
    "VideoList",
]
