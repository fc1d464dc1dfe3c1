"""The usable videos of each split: selected once, and shared by the processes of a machine."""

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import get_args

from pytorch_lightning import Trainer

from datamodules.decoding.video_index import LookKind, VideoIndex
from datamodules.errors import DataError
from datamodules.lists.annotations import Annotations
from datamodules.lists.selection import Coverage, Selection, select_usable
from datamodules.lists.splitting import Split
from datamodules.loading.machine_share import Loaded, MachineShare
from datamodules.loading.trainer_state import rank_and_world_size
from datamodules.loading.video_records import VideoRecords


class SplitVideos:
    """The videos of the splits that are loaded.

    Args:
        index: Stores which videos can be read.
        look: How videos are looked at that the index does not know.
        skip_unreadable: Whether unreadable videos may be left out.

    Attributes:
        records: By split.
        selected: How many of the listed videos these are, as far as it was known at the start.
        defers: Whether unreadable videos are left out when they are first read. Until then they
            have their places: which are known by now must not change the order of the others.

    Raises:
        DataError: If there is no such look.
    """

    def __init__(self, index: VideoIndex, look: LookKind, skip_unreadable: bool) -> None:
        if look not in get_args(LookKind):
            raise DataError(f"{look=}: choose one of {', '.join(get_args(LookKind))}")
        self.index = index
        self.look = look
        self.skip_unreadable = skip_unreadable
        self.records: dict[Split, VideoRecords] = {}
        self.selected: dict[Split, Coverage] = {}
        self.defers = look == "packets" and skip_unreadable

    @property
    def coverage(self) -> dict[Split, Coverage]:
        """How many of the listed videos are used, as far as it is known by now."""
        if not self.defers:
            return self.selected
        refused = self.index.refused()
        return {
            split: replace(found, skipped=found.skipped + self.records[split].count(refused))
            for split, found in self.selected.items()
        }

    def select(
        self, annotations: Annotations, report: Path, missing_list: Path | None
    ) -> Selection:
        """Select the usable videos of a list, see `datamodules.lists.selection.select_usable`.

        Args:
            annotations: The list.
            report: Of ``prepare verify``; read if unreadable videos may be left out.
            missing_list: File to which missing videos are written; None if none may be missing.
        """
        is_needed = self.skip_unreadable and not (self.defers and not report.exists())
        return select_usable(
            annotations,
            self.index,
            report if is_needed else None,
            missing_list,
            self.look,
            keep_places=self.defers,
        )

    def share(
        self, trainer: Trainer, splits: Sequence[Split], load: Callable[[], Mapping[str, str]]
    ) -> Mapping[str, str]:
        """Load splits in the first process of each machine, and take them over in the others.

        Args:
            trainer: Of a run with several processes.
            splits: The splits.
            load: Loads them, and returns what else it has found out.

        Returns:
            What the first process has found out.
        """

        def load_all() -> Loaded:
            findings = load()
            records = {split: self.records[split] for split in splits}
            return Loaded(records, {split: self.selected[split] for split in splits}, findings)

        loaded = MachineShare(trainer).load_once(load_all)
        self.records |= loaded.records
        self.selected |= loaded.coverage
        return loaded.findings

    def check(self, split: Split, trainer: Trainer | None, *, labels_needed: bool) -> None:
        """Refuse a split that has too few videos for the processes, or lacks labels.

        Raises:
            DataError: If it is so.
        """
        records = self.records[split]
        _, processes = rank_and_world_size(trainer)
        if 0 < len(records) < processes:
            raise DataError(
                f"the {split} split holds {len(records)} video(s) for {processes} processes; use "
                "fewer processes (trainer.devices)"
            )
        if labels_needed and (unlabelled := records.unlabelled()):
            raise DataError(f"{unlabelled[0]}: has no label; only predict reads such videos")
