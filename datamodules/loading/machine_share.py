"""What one process of a machine has read, mapped into the memory of its other processes."""

import json
import shutil
import tempfile
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, fields
from pathlib import Path
from typing import Any
from uuid import uuid4

import numpy as np
from numpy.typing import NDArray
from pytorch_lightning import Trainer
from pytorch_lightning.utilities import rank_zero_warn

from datamodules.lists.selection import Coverage
from datamodules.lists.splitting import Split
from datamodules.loading.video_records import VideoRecords

ABOUT = "about.json"


@dataclass(frozen=True)
class Loaded:
    """What a start has read of some splits.

    Attributes:
        records: The videos of each split.
        coverage: How many of the listed videos these are.
        findings: What else was found out by asking for the state of all files.
    """

    records: Mapping[Split, VideoRecords]
    coverage: Mapping[Split, Coverage]
    findings: Mapping[str, str]


class MachineShare:
    """Passes what the first process of each machine has loaded on to the others.

    It is written to a new folder among the temporary files, one file per column, and removed as
    soon as all processes have mapped the files into their memory: they then share one copy of it.
    All processes of a run must make this object and call `load_once`, in the same order.

    Args:
        trainer: Of a run with several processes, which can talk to each other.
    """

    def __init__(self, trainer: Trainer) -> None:
        self.trainer = trainer
        token = trainer.strategy.broadcast(uuid4().hex)
        name = f"video-records-{token}-{trainer.node_rank}"
        self.folder = Path(tempfile.gettempdir()) / name

    def load_once(self, load: Callable[[], Loaded]) -> Loaded:
        """Load in the first process of this machine, and return the same in all of them.

        Args:
            load: Loads. The other processes call it too where they do not see the folder.
        """
        loaded = None
        is_first = self.trainer.local_rank == 0
        try:
            if is_first:
                loaded = load()
                self._write(loaded)
            self.trainer.strategy.barrier("records are written")
            shared = self._read()
            self.trainer.strategy.barrier("records are mapped")
        finally:
            if is_first:
                shutil.rmtree(self.folder, ignore_errors=True)
        return shared or loaded or load()

    def _write(self, loaded: Loaded) -> None:
        coverage = {split: asdict(counts) for split, counts in loaded.coverage.items()}
        about = {"coverage": coverage, "findings": dict(loaded.findings)}
        try:
            self.folder.mkdir(mode=0o700)
            for split, records in loaded.records.items():
                for column, values in vars(records).items():
                    np.save(self.folder / f"{split}.{column}.npy", values)
            (self.folder / ABOUT).write_text(json.dumps(about))  # last: then all is there
        except OSError as error:
            rank_zero_warn(
                f"{self.folder}: cannot be written ({error.strerror}), so every process reads the "
                "lists and the states of all files, which takes longer; set TMPDIR to another "
                "folder of this machine"
            )

    def _read(self) -> Loaded | None:
        try:
            about = json.loads((self.folder / ABOUT).read_text())
            records = {split: self._records(split) for split in about["coverage"]}
        except OSError:
            return None
        coverage = {split: Coverage(**counts) for split, counts in about["coverage"].items()}
        return Loaded(records, coverage, about["findings"])

    def _records(self, split: Split) -> VideoRecords:
        names = [field.name for field in fields(VideoRecords)]
        return VideoRecords(*(_mapped(self.folder / f"{split}.{name}.npy") for name in names))


def _mapped(file: Path) -> NDArray[Any]:
    """Map an array into memory, read-only."""
    values: NDArray[Any] = np.load(file, mmap_mode="r")
    return values.view(np.ndarray)  # without numpy's slow bookkeeping of mapped files
