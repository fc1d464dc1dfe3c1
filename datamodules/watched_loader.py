"""A loader that can say which files its workers were reading when one of them hung or died."""

from collections.abc import Iterator
from typing import Any

import torch
from torch.utils.data import DataLoader, get_worker_info

from datamodules.errors import DataError

IDLE = -1
MAX_SLOTS = 256
DIED, TIMED_OUT = "exited unexpectedly", "DataLoader timed out"


class InProgress:
    """Which record each worker reads, in memory that the processes share."""

    def __init__(self) -> None:
        self._records = torch.full((MAX_SLOTS,), IDLE, dtype=torch.int64).share_memory_()

    def begin(self, record: int) -> None:
        """Note what this process is about to read."""
        self._records[self._slot()] = record

    def end(self) -> None:
        """Note that it has been read."""
        self._records[self._slot()] = IDLE

    def records(self) -> list[int]:
        """List what is being read now."""
        return [record for record in self._records.tolist() if record != IDLE]

    @staticmethod
    def _slot() -> int:
        worker = get_worker_info()
        return worker.id % MAX_SLOTS if worker else 0


class WatchedLoader(DataLoader[Any]):
    """A DataLoader of a `datamodules.video_dataset.VideoDataset`.

    With workers, one that dies, or takes longer than ``timeout`` seconds for a batch, ends the
    run.

    Raises:
        DataError: While iterating, naming the files that were being read.
    """

    def __iter__(self) -> Any:
        """Iterate over batches."""
        return _WatchedIterator(super().__iter__(), self)


class _WatchedIterator:
    def __init__(self, batches: Iterator[Any], loader: WatchedLoader) -> None:
        self.batches = batches
        self.loader = loader

    def __iter__(self) -> "_WatchedIterator":
        return self

    def __next__(self) -> Any:
        try:
            return next(self.batches)
        except RuntimeError as error:
            if not any(reason in str(error) for reason in (DIED, TIMED_OUT)):
                raise
            raise DataError(self._account(error)) from error

    def _account(self, error: RuntimeError) -> str:
        dataset: Any = self.loader.dataset
        files = [str(dataset.records.paths[record]) for record in dataset.in_progress.records()]
        reading = "; ".join(files) or "none; memory may have run out"
        seconds = f" within {self.loader.timeout:g} s" if TIMED_OUT in str(error) else ""
        what = "gave no batch" if seconds else "died"
        return (
            f"a loader worker {what}{seconds}; files being read: {reading}. Look at them with "
            "python -m datamodules.prepare verify, or state a longer data.worker_timeout"
        )
