"""What UCF101 and HMDB51 share: three official splits, each a run of its own, no validation."""

from typing import Any, Literal

from datamodules.errors import DataError
from datamodules.published import PublishedDataset

OfficialSplit = Literal[1, 2, 3]


class ThreeSplits(PublishedDataset):
    """A benchmark with three official splits.

    Papers report the mean over the three and have no validation split: ``val`` and ``test`` both
    read the official test list. An epoch chosen by ``val`` would be chosen on the test.

    Args:
        root: Folder of the videos, in class folders or not, transcoded or as folders of frames.
        annotations: Folder of the lists. None for the root, or the folder in it that the authors'
            archive unpacks to.
        split: Official split.
        check_counts: Whether to refuse lists that have not as many videos as the authors' lists.
        flip_probability: Of mirrored training clips.
        protocol: Test views, ``<clips>x<crops>``; papers report 30.
        **kwargs: Settings of `VideoDataModule`.

    Raises:
        DataError: If there is no such folder or a setting does not fit.
    """

    validates_on_test = True

    def __init__(
        self,
        root: str,
        *,
        annotations: str | None = None,
        split: OfficialSplit = 1,
        check_counts: bool = True,
        flip_probability: float = 0.5,
        protocol: str = "10x3",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            root,
            annotations=annotations,
            check_counts=check_counts,
            flip_probability=flip_probability,
            protocol=protocol,
            **kwargs,
        )
        if split not in (1, 2, 3):
            raise DataError(f"{split=} must be 1, 2 or 3")
        self.split = split

    @property
    def report_name(self) -> str:
        """Name the data set and the official split."""
        return f"{super().report_name}-split{self.split}"

    @property
    def identity(self) -> dict[str, str]:
        """Tell the official splits apart: one's test videos are in another's training."""
        return {**super().identity, "official split": str(self.split)}
