"""Leaves unreadable videos out of batches; they keep their places, so that no other one moves."""

from collections.abc import Sequence
from typing import Any

from torch.utils.data import Dataset, default_collate

from datamodules.errors import DataError
from datamodules.loading.sample import Sample, SampleKey
from datamodules.loading.video_dataset import UnreadableVideoError, VideoDataset


class ReadableSamples(Dataset[Sample | None]):
    """The samples of a data set; None in place of a video that turns out to be unreadable.

    Args:
        dataset: The data set.
    """

    def __init__(self, dataset: VideoDataset) -> None:
        self.dataset = dataset

    def __len__(self) -> int:
        """Count the videos, unreadable ones included."""
        return len(self.dataset)

    def __getitem__(self, key: SampleKey) -> Sample | None:
        """Read one sample, if its video can be read.

        Raises:
            VideoDecodeError: If a video that was decoded before does not give its frames.
        """
        try:
            return self.dataset[key]
        except UnreadableVideoError:
            return None


def collate_present(samples: Sequence[Sample | None]) -> Any:
    """Make a batch of the samples that are there; None if there are none."""
    present = [sample for sample in samples if sample is not None]
    return default_collate(present) if present else None


def collate_some(samples: Sequence[Sample | None]) -> Any:
    """Make a batch of the samples that are there, at least one: each training step needs some.

    Raises:
        DataError: If there are none.
    """
    batch = collate_present(samples)
    if batch is None:
        raise DataError(
            f"none of the {len(samples)} videos of a training batch can be used; run python -m "
            "datamodules.prepare verify, which names them, and start again"
        )
    return batch
