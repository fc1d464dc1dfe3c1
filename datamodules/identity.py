"""How a data set is named in files and results, and what a checkpoint stores about it."""

from pathlib import Path
from typing import Any

from pytorch_lightning import LightningDataModule

from datamodules.clips.frame_sampling import SamplingKind
from datamodules.clips.protocols import TestProtocol
from datamodules.decoding.video_index import VideoIndex
from datamodules.lists.reversal import Reversal
from datamodules.lists.splitting import Split


class IdentifiedDataModule(LightningDataModule):
    """A data module that says what its data are.

    `datamodules.base.VideoDataModule` sets the attributes, and describes them.
    """

    num_segments: int
    sampling: SamplingKind
    short_side: int
    crop_size: int
    flip_probability: float
    reversal: Reversal
    protocol: TestProtocol
    test_split: Split
    predict_split: Split
    index: VideoIndex

    @property
    def predicted_name(self) -> str:
        """Return the name of the predicted videos, for the names of prediction files."""
        return self.predict_split

    @property
    def report_file(self) -> Path:
        """Return the path of the report of ``python -m datamodules.prepare verify``."""
        return self.index.file.parent / f"{self.report_name}.verify.json"

    @property
    def report_name(self) -> str:
        """Return the data set's name in file names; with several lists, the list's name too."""
        return type(self).__name__.lower()

    @property
    def result_name(self) -> str:
        """Return the data set's name in results, the same wherever its files lie."""
        return self.report_name

    @property
    def identity(self) -> dict[str, str]:
        """Return what identifies the data, wherever they are stored: name, and list if several.

        A checkpoint that was trained on data with another identity is refused.
        """
        directions = {"reversal": self.reversal.kind} if self.reversal.shows_both else {}
        return {"data set": type(self).__name__, **directions}

    def describe(self) -> dict[str, Any]:
        """Return what a checkpoint stores about its data, as plain values."""
        return {
            "identity": self.identity,
            "input": {
                "num_segments": self.num_segments,
                "sampling": self.sampling,
                "short_side": self.short_side,
                "crop_size": self.crop_size,
            },
            "protocol": self.protocol.name,
            "test_split": self.test_split,
            "flip_probability": self.flip_probability,
            "reversal": self.reversal.kind,
        }
