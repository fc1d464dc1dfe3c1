"""Data sets of videos as LightningDataModules: files in, uint8 clips and views out.

This package knows nothing of networks or of experiments.
"""

from datamodules.errors import DataError, VideoDecodeError
from datamodules.moving_shapes import MovingShapes
from datamodules.video_list import VideoList

__all__ = ["DataError", "MovingShapes", "VideoDecodeError", "VideoList"]
