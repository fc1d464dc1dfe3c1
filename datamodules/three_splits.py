"""The base class of UCF101 and HMDB51: three official splits, and no validation list."""

from typing import Any, Literal

from datamodules.errors import DataError
from datamodules.published import PublishedDataset

OfficialSplit = Literal[1, 2, 3]


class ThreeSplits(PublishedDataset):
    """A data set with three official splits into training and test.

    Papers report the mean over the three. There is no validation list: ``val`` and ``test`` both
    read the official test list, so choosing the best epoch by ``val`` means choosing it on the
    test set.

    Args:
        root: Folder of the videos: files or folders of frames, in class folders or not.
        annotations: Folder of the lists. None for the root, or the folder in it that the authors'
            archive unpacks to.
        split: The official split, 1, 2 or 3.
        check_counts: Whether to refuse lists of another length than the authors' lists.
        flip_probability: Probability of a horizontal flip of a training clip.
        protocol: Test views, ``<clips>x<crops>``; papers report 30.
        **kwargs: Settings of `VideoDataModule`.

    Raises:
        DataError: If there is no such folder or a setting is out of range.
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
        """Return the name of the data set and the official split, for file names."""
        return f"{super().report_name}-split{self.split}"

    @property
    def identity(self) -> dict[str, str]:
        """Add the official split: test videos of one are training videos of another."""
        return {**super().identity, "official split": str(self.split)}
