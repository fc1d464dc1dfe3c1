"""The settings in which the loaders of a data module differ."""

from dataclasses import dataclass
from typing import Literal

from datamodules.clips.views import ViewMaker
from datamodules.lists.splitting import Split

LoaderName = Literal["train", "val", "test", "predict"]


@dataclass(frozen=True)
class LoaderSettings:
    """Settings of one loader.

    Attributes:
        split: The split that it reads.
        views: Reads a video as a training clip or as test views.
        batch_size: Videos per batch and process.
        trains: Whether it is for training: shuffled, and without a short last batch.
    """

    split: Split
    views: ViewMaker
    batch_size: int
    trains: bool = False
