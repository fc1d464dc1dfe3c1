"""What all data sets share: settings, one loader factory, exact order, the class list."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from pathlib import Path
from typing import Any

import torch
from pytorch_lightning import LightningDataModule
from pytorch_lightning.trainer.states import TrainerFn
from pytorch_lightning.utilities import rank_zero_info
from torch.utils.data import DataLoader

from datamodules.clips.frame_sampling import SamplingKind, make_sampler
from datamodules.clips.mirroring import mirrored_labels
from datamodules.clips.protocols import get_protocol
from datamodules.clips.transforms import JITTER_SCALES, MultiScaleCrop
from datamodules.clips.views import ProtocolViews, RandomClip, ViewMaker
from datamodules.cores import available_cores
from datamodules.decoding.video_index import VideoIndex
from datamodules.errors import DataError
from datamodules.lists.annotations import Annotations, refuse_shared_videos
from datamodules.lists.passed_over import PassedOver
from datamodules.lists.selection import Coverage, Selection, select_usable
from datamodules.lists.splitting import Split
from datamodules.loading.epoch_sampler import EpochSampler
from datamodules.loading.video_dataset import Sample, VideoDataset, VideoRecords
from datamodules.loading.watched_loader import WatchedLoader

Loader = DataLoader[Sample]
MAX_WORKERS = 8


class VideoDataModule(LightningDataModule, ABC):
    """Loaders for training, validation (one clip, centre crop), test and prediction.

    A subclass sets ``class_names`` in its constructor and gives the annotations of each split.

    Args:
        num_segments: T, the frames of one clip.
        batch_size: Videos per step and process in training.
        eval_batch_size: Videos per step and process elsewhere. None for ``batch_size`` clips: a
            video of V views counts V.
        sampling: ``segment`` (TSN) or ``dense`` (64 consecutive frames).
        short_side: Short side before test crops, pixels.
        crop_size: Side of the network's input, pixels.
        crop_scales: Sides of training crops as parts of the short side; the default is TSN's.
        flip_probability: Of mirrored training clips. Classes whose names say left or right swap
            labels, see `datamodules.clips.mirroring`; both papers never mirror on
            Something-Something.
        protocol: Test views, ``<clips>x<crops>``; see `datamodules.clips.protocols.get_protocol`.
        test_split: The split that ``test`` reads.
        predict_split: The split that ``predict`` reads.
        index_dir: Where `VideoIndex` keeps what it found out, and reports lie.
        skip_unreadable: Whether to leave out the videos that ``python -m datamodules.prepare
            verify`` has reported, in every split, and count them; any other one that cannot be
            used still ends the run.
        num_workers: Loader processes; None for one less than this process's share of the cores.
        worker_timeout: Seconds that a batch may take before the run ends; 0 for no limit.
        seed: Of the order and of random clips.

    Raises:
        DataError: If a setting does not fit.
    """

    class_names: tuple[str, ...]
    sideless_classes: tuple[str, ...] = ()
    """Class names that say left or right and mean no side."""
    validates_on_test: bool = False
    """Whether ``val`` reads the official test list, for want of another."""

    def __init__(
        self,
        *,
        num_segments: int = 8,
        batch_size: int = 8,
        eval_batch_size: int | None = None,
        sampling: SamplingKind = "segment",
        short_side: int = 256,
        crop_size: int = 224,
        crop_scales: Sequence[float] = JITTER_SCALES,
        flip_probability: float = 0.0,
        protocol: str = "1x1",
        test_split: Split = "test",
        predict_split: Split = "test",
        index_dir: str = "data/index",
        skip_unreadable: bool = False,
        num_workers: int | None = None,
        worker_timeout: float = 600.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        _require(num_segments > 0, f"{num_segments=} must be at least 1")
        _require(batch_size > 0, f"{batch_size=} must be at least 1")
        some = eval_batch_size is None or eval_batch_size > 0
        _require(some, f"{eval_batch_size=} must be at least 1, or null")
        _require(worker_timeout >= 0, f"{worker_timeout=} must not be negative; 0 for no limit")
        _require(crop_size > 0, f"{crop_size=} must be at least 1 pixel")
        _require(0 <= flip_probability <= 1, f"{flip_probability=} must lie in 0-1")
        _require(num_workers is None or num_workers >= 0, f"{num_workers=} must not be negative")
        sampler = make_sampler(sampling, num_segments)
        self.min_frames = sampler.min_frames
        self.protocol = get_protocol(protocol)
        crop = MultiScaleCrop(crop_size, crop_scales)
        self.train_views = RandomClip(sampler, crop, flip_probability)
        one_view = get_protocol("1x1")
        self.val_views = ProtocolViews(sampler, one_view, short_side, crop_size)
        self.test_views = ProtocolViews(sampler, self.protocol, short_side, crop_size)
        self.num_segments = num_segments
        self.sampling = sampling
        self.batch_size = batch_size
        self.eval_batch_size = eval_batch_size
        self.flip_probability = flip_probability
        self.test_split = test_split
        self.predict_split = predict_split
        self.index = VideoIndex(index_dir)
        self.skip_unreadable = skip_unreadable
        self.num_workers = num_workers
        self.worker_timeout = worker_timeout
        self.seed = seed
        self.records: dict[Split, VideoRecords] = {}
        self.coverage: dict[Split, Coverage] = {}

    @property
    def predicted_name(self) -> str:
        """Name what ``predict`` reads, in the names of its files."""
        return self.predict_split

    @property
    def num_classes(self) -> int:
        """Count the classes."""
        return len(self.class_names)

    @abstractmethod
    def annotations(self, split: Split) -> Annotations:
        """Read what the lists say of one split; no video is opened.

        Raises:
            DataError: If the lists cannot be used.
        """

    @property
    def report_file(self) -> Path:
        """Name the report of ``python -m datamodules.prepare verify``."""
        return self.index.file.parent / f"{self.report_name}.verify.json"

    @property
    def report_name(self) -> str:
        """Name the data set in file names; a subclass with several lists tells them apart."""
        return type(self).__name__.lower()

    @property
    def identity(self) -> dict[str, str]:
        """Tell this data set from others, wherever it lies: its name, and its list if it has many.

        A checkpoint is refused where this differs from what it was trained on.
        """
        return {"data set": type(self).__name__}

    @property
    def passed_over(self) -> PassedOver:
        """Count the files and folders among the videos that are not read."""
        return PassedOver()

    def describe(self) -> dict[str, Any]:
        """Say in plain values what a checkpoint remembers of its data."""
        return {
            "identity": self.identity,
            "input": {
                "num_segments": self.num_segments,
                "sampling": self.sampling,
                "short_side": self.val_views.short_side,
                "crop_size": self.val_views.crop_size,
            },
            "protocol": self.protocol.name,
            "flip_probability": self.flip_probability,
        }

    def needed_splits(self, stage: str) -> tuple[Split, ...]:
        """Name the splits that a stage reads."""
        splits: dict[str, tuple[Split, ...]] = {
            "fit": ("train", "val"),
            "validate": ("val",),
            "test": (self.test_split,),
            "predict": (self.predict_split,),
        }
        return splits[stage]

    def prepare_data(self) -> None:
        """Look through the videos that the coming stage needs, once; progress is shown."""
        stage = self.trainer.state.fn.value if self.trainer and self.trainer.state.fn else "fit"
        lists = {split: self.annotations(split) for split in self.needed_splits(stage)}
        refuse_shared_videos(lists)
        for split, annotations in lists.items():  # a wrong list shows before any long look
            self.select(split, annotations)

    def setup(self, stage: str) -> None:
        """Load the splits that a stage needs; say how many videos there are."""
        stage = TrainerFn(stage).value  # Lightning gives the enum, which reads otherwise
        needed = self.needed_splits(stage)
        for split in needed:
            if split not in self.records:
                self.records[split] = self.load_records(split)
                rank_zero_info(f"{split}: {self._describe(split)}")
        first = needed[0]
        _require(
            len(self.records[first]) > 0, f"the {first} split holds no videos; nothing to {stage}"
        )
        self._require_one_for_each_process(needed)
        if stage != "predict":
            self._require_labels(needed)
        if stage in ("test", "predict"):
            rank_zero_info(f"protocol {self.protocol}")

    def load_records(self, split: Split) -> VideoRecords:
        """Give one split's usable videos, and note how many of the list they are.

        Raises:
            DataError: If a video cannot be used and may not be left out.
        """
        selection = self.select(split, self.annotations(split))
        self.coverage[split] = selection.coverage
        return VideoRecords.of(selection.paths, selection.labels, selection.facts)

    def select(self, split: Split, annotations: Annotations) -> Selection:
        """Choose the usable videos of one split's list.

        Raises:
            DataError: If a video cannot be used and may not be left out.
        """
        return select_usable(
            annotations,
            self.index,
            self.report_file if self.skip_unreadable else None,
            missing_list=self.missing_list(split),
        )

    def missing_list(self, split: Split) -> Path | None:
        """Name where missing videos are listed; None where none may be missing."""
        return None

    def train_dataloader(self) -> Loader:
        """Shuffled random clips, (B, T, 3, S, S)."""
        return self._loader("train", self.train_views, shuffle=True)

    def val_dataloader(self) -> Loader | list[Loader]:
        """One centred view of each video, (B, 1, T, 3, S, S); no loader without such videos."""
        if not len(self.records["val"]):
            return []
        return self._loader("val", self.val_views, shuffle=False)

    def test_dataloader(self) -> Loader:
        """The protocol's views, (B, V, T, 3, S, S)."""
        return self._loader(self.test_split, self.test_views, shuffle=False)

    def predict_dataloader(self) -> Loader:
        """The protocol's views of ``predict_split``, (B, V, T, 3, S, S)."""
        return self._loader(self.predict_split, self.test_views, shuffle=False)

    def _require_one_for_each_process(self, splits: Sequence[Split]) -> None:
        processes = self._rank_and_world_size()[1]
        for split in splits:
            count = len(self.records[split])
            _require(
                count == 0 or count >= processes,
                f"the {split} split holds {count} video(s) for {processes} processes; give "
                "fewer with trainer.devices",
            )

    def _require_labels(self, splits: Sequence[Split]) -> None:
        for split in splits:
            records = self.records[split]
            for path in records.paths[records.labels < 0][:1]:
                raise DataError(f"{path}: has no label; only predict reads such videos")

    def _describe(self, split: Split) -> str:
        records = self.records[split]
        met, known = len(set(records.labels.tolist()) - {-1}), len(self.class_names)
        classes = f", {met} of {known} classes" if met else ""
        short = int((records.frames < self.min_frames).sum())
        repeats = f", {short:,} under {self.min_frames} frames, which repeat some" if short else ""
        return f"{self.coverage[split]}{classes}{repeats}"

    def _loader(self, split: Split, views: ViewMaker, *, shuffle: bool) -> Loader:
        mirrored = self._mirrored_labels(views)
        dataset = VideoDataset(self.records[split], views, self.seed, mirrored)
        rank, world_size = self._rank_and_world_size()
        sampler = EpochSampler(
            len(dataset),
            shuffle=shuffle,
            seed=self.seed,
            rank=rank,
            world_size=world_size,
            count_done=self._count_done if shuffle else None,
        )
        workers = self._workers()
        return WatchedLoader(
            dataset,
            batch_size=self._batch_size(views),
            sampler=sampler,
            # A short last batch would upset batch normalisation; its videos come in other epochs.
            drop_last=shuffle and len(sampler) >= self.batch_size,
            num_workers=workers,
            timeout=self.worker_timeout if workers else 0,
            persistent_workers=workers > 0,
            pin_memory=torch.cuda.is_available(),
            # Its own, so that the number of workers does not shift what the network draws.
            generator=torch.Generator().manual_seed(self.seed),
        )

    def _count_done(self) -> int:
        """Count this process's samples that a resumed fit has trained on in its first epoch.

        The trainer's loop counts batches, from 0 in each epoch. No public attribute tells this
        before the first batch; tests of exact resuming watch that it stays true.
        """
        if self.trainer is None or not self.trainer.training:
            return 0
        batches = self.trainer.fit_loop.epoch_loop.batch_progress.current.ready
        if batches >= self.trainer.num_training_batches:  # nothing is left, whatever the limit
            return len(self.records["train"])
        return batches * self.batch_size

    def _mirrored_labels(self, views: ViewMaker) -> list[int] | None:
        if views is not self.train_views or not self.flip_probability:
            return None
        return mirrored_labels(self.class_names, self.sideless_classes)

    def _batch_size(self, views: ViewMaker) -> int:
        if views is self.train_views:
            return self.batch_size
        clips = self.protocol.views if views is self.test_views else 1
        return self.eval_batch_size or max(1, self.batch_size // clips)

    def _rank_and_world_size(self) -> tuple[int, int]:
        if self.trainer is None:
            return 0, 1
        return self.trainer.global_rank, self.trainer.world_size

    def _workers(self) -> int:
        if self.num_workers is not None:
            return self.num_workers
        processes = self.trainer.num_devices if self.trainer is not None else 1
        return max(0, min(MAX_WORKERS, available_cores() // processes - 1))


def _require(holds: bool, otherwise: str) -> None:
    if not holds:
        raise DataError(otherwise)
