"""The record that each loader worker is reading now, in memory shared by all processes."""

import torch
from torch.utils.data import get_worker_info

IDLE = -1
MAX_WORKERS = 256


class InProgress:
    """The records that are being read; if a worker hangs or dies, its record stays here."""

    def __init__(self) -> None:
        self._records = torch.full((MAX_WORKERS,), IDLE, dtype=torch.int64).share_memory_()

    def start(self, record: int) -> None:
        """Note the record that this process is about to read."""
        self._records[self._slot()] = record

    def end(self) -> None:
        """Note that this process has read it."""
        self._records[self._slot()] = IDLE

    def records(self) -> list[int]:
        """List the records that any process is reading."""
        return [record for record in self._records.tolist() if record != IDLE]

    @staticmethod
    def _slot() -> int:
        worker = get_worker_info()
        return worker.id % MAX_WORKERS if worker else 0
