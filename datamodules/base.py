"""What all data sets share: settings, one loader factory, exact order, the class list."""

from abc import ABC, abstractmethod
from collections.abc import Sequence

import torch
from pytorch_lightning import LightningDataModule
from pytorch_lightning.utilities import rank_zero_info
from torch.utils.data import DataLoader

from datamodules.cores import available_cores
from datamodules.errors import DataError
from datamodules.protocols import get_protocol
from datamodules.samplers import EpochSampler
from datamodules.sampling import SamplingKind, make_sampler
from datamodules.splitting import Split
from datamodules.transforms import JITTER_SCALES, MultiScaleCrop
from datamodules.video_dataset import Sample, VideoDataset, VideoRecords
from datamodules.views import ProtocolViews, RandomClip, ViewMaker

Loader = DataLoader[Sample]
MAX_WORKERS = 8


class VideoDataModule(LightningDataModule, ABC):
    """Loaders for training, validation (one clip, centre crop), test and prediction.

    A subclass sets ``class_names`` in its constructor and gives the records of each split.

    Args:
        num_segments: T, the frames of one clip.
        batch_size: Videos per step and process in training.
        eval_batch_size: Videos per step and process elsewhere. None for ``batch_size`` clips: a
            video of V views counts V.
        sampling: ``segment`` (TSN) or ``dense`` (64 consecutive frames).
        short_side: Short side before test crops, pixels.
        crop_size: Side of the network's input, pixels.
        crop_scales: Sides of training crops as parts of the short side; the default is TSN's.
        flip_probability: Of mirrored training clips. 0 where left and right matter.
        protocol: Test views, ``<clips>x<crops>``; see `datamodules.protocols.get_protocol`.
        predict_split: The split that ``predict`` reads.
        num_workers: Loader processes; None for one less than this process's share of the cores.
        seed: Of the order and of random clips.

    Raises:
        DataError: If a setting does not fit.
    """

    class_names: tuple[str, ...]

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
        predict_split: Split = "test",
        num_workers: int | None = None,
        seed: int = 0,
    ) -> None:
        super().__init__()
        _require(num_segments > 0, f"{num_segments=} must be at least 1")
        _require(batch_size > 0, f"{batch_size=} must be at least 1")
        _require(eval_batch_size != 0, f"{eval_batch_size=} must be at least 1, or null")
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
        self.batch_size = batch_size
        self.eval_batch_size = eval_batch_size
        self.predict_split = predict_split
        self.num_workers = num_workers
        self.seed = seed
        self.records: dict[Split, VideoRecords] = {}

    @property
    def num_classes(self) -> int:
        """Count the classes."""
        return len(self.class_names)

    @abstractmethod
    def load_records(self, split: Split) -> VideoRecords:
        """Give one split's videos.

        Raises:
            DataError: If the data cannot be used.
        """

    def setup(self, stage: str) -> None:
        """Load the splits that a stage needs; say how many videos there are."""
        needed: dict[str, tuple[Split, ...]] = {
            "fit": ("train", "val"),
            "validate": ("val",),
            "test": ("test",),
            "predict": (self.predict_split,),
        }
        for split in needed[stage]:
            if split not in self.records:
                self.records[split] = self.load_records(split)
                rank_zero_info(f"{split}: {self._describe(self.records[split])}")
        first = needed[stage][0]
        _require(
            len(self.records[first]) > 0, f"the {first} split holds no videos; nothing to {stage}"
        )
        if stage != "predict":
            self._require_labels(needed[stage])
        if stage in ("test", "predict"):
            rank_zero_info(f"protocol {self.protocol}")

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
        return self._loader("test", self.test_views, shuffle=False)

    def predict_dataloader(self) -> Loader:
        """The protocol's views of ``predict_split``, (B, V, T, 3, S, S)."""
        return self._loader(self.predict_split, self.test_views, shuffle=False)

    def _require_labels(self, splits: Sequence[Split]) -> None:
        for split in splits:
            records = self.records[split]
            for path in records.paths[records.labels < 0][:1]:
                raise DataError(f"{path}: has no label; only predict reads videos without one")

    def _describe(self, records: VideoRecords) -> str:
        short = int((records.frames < self.min_frames).sum())
        repeats = f", {short:,} under {self.min_frames} frames, which repeat some" if short else ""
        return f"{len(records):,} videos{repeats}"

    def _loader(self, split: Split, views: ViewMaker, *, shuffle: bool) -> Loader:
        dataset = VideoDataset(self.records[split], views, self.seed)
        rank, world_size = self._rank_and_world_size()
        sampler = EpochSampler(
            len(dataset), shuffle=shuffle, seed=self.seed, rank=rank, world_size=world_size
        )
        workers = self._workers()
        return DataLoader(
            dataset,
            batch_size=self._batch_size(views),
            sampler=sampler,
            # A short last batch would upset batch normalisation; its videos come in other epochs.
            drop_last=shuffle and len(sampler) >= self.batch_size,
            num_workers=workers,
            persistent_workers=workers > 0,
            pin_memory=torch.cuda.is_available(),
        )

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
