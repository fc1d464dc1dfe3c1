"""The base class of all data sets: settings, the videos of each split, and the loaders."""

from abc import ABC, abstractmethod
from collections.abc import Sequence
from functools import partial
from pathlib import Path

from pytorch_lightning.trainer.states import TrainerFn
from pytorch_lightning.utilities import rank_zero_info
from torch.utils.data import DataLoader

from datamodules.clips.frame_sampling import SamplingKind, make_sampler
from datamodules.clips.protocols import get_protocol
from datamodules.clips.transforms import JITTER_SCALES, MultiScaleCrop
from datamodules.clips.views import ProtocolViews, RandomClip
from datamodules.decoding.video_index import LookKind, VideoIndex
from datamodules.errors import DataError
from datamodules.identity import IdentifiedDataModule
from datamodules.lists.annotations import Annotations, refuse_shared_videos
from datamodules.lists.ignored import Ignored
from datamodules.lists.reversal import Reversal, ReversalKind
from datamodules.lists.selection import Coverage
from datamodules.lists.splitting import Split
from datamodules.loading.loader_settings import LoaderName, LoaderSettings
from datamodules.loading.make_loader import make_loader
from datamodules.loading.sample import Sample
from datamodules.loading.split_videos import SplitVideos
from datamodules.loading.video_records import VideoRecords

Loader = DataLoader[Sample]


class VideoDataModule(IdentifiedDataModule, ABC):
    """Loaders for training, validation (one clip, centre crop), test and prediction.

    A subclass sets ``class_names`` in its constructor and reads the list of each split.

    Args:
        num_segments: T, the frames of one clip.
        batch_size: Videos per step and process in training.
        eval_batch_size: Videos per step and process in validation and test. None for
            ``batch_size`` views, where a video of V views counts as V.
        sampling: ``segment`` (TSN) or ``dense`` (64 consecutive frames).
        short_side: Short side before test crops, pixels.
        crop_size: Side of the network's input, pixels.
        crop_scales: Sides of training crops as fractions of the short side; the default is TSN's.
        flip_probability: Probability of a horizontal flip of a training clip. Classes whose names
            say left or right swap labels, see `datamodules.clips.mirroring`; both papers never
            flip on Something-Something.
        reversal: Whether videos are also shown backwards. ``augment``: half of the training clips
            are, and keep their labels; refused where a class name says left, right, clockwise or
            anticlockwise. ``label`` and ``double``: every video is shown forwards and backwards,
            in training and in evaluation. ``label`` asks for the direction alone (2 classes);
            ``double`` adds a class "<class> backwards" for each class (2K classes).
        protocol: Test views, ``<clips>x<crops>``; see `datamodules.clips.protocols.get_protocol`.
        test_split: The split that ``test`` reads.
        predict_split: The split that ``predict`` reads.
        index_dir: Folder of `VideoIndex`'s file, and of reports.
        look: ``full`` decodes every new file before the first step. ``packets`` only counts its
            packets; a file is decoded by the loader worker that first reads it, before it chooses
            frames, and the index keeps the result. Clips are the same, bit for bit.
        skip_unreadable: Whether to leave out, in every split, the videos that ``python -m
            datamodules.prepare verify`` has reported, and count them; any other unreadable video
            still ends the run. With ``look=packets``, files that do not decode when they are first
            read are left out and counted, too: their batches have fewer videos.
        num_workers: Loader processes; None for this process's share of the cores minus one.
        worker_timeout: Seconds to wait for a batch before the run ends with an error; 0: no limit.
        seed: Seed of the order of videos and of random clips.

    Raises:
        DataError: If a setting is out of range.
    """

    class_names: tuple[str, ...]
    """The classes of the lists; `target_names` are those of the network."""
    flip_invariant_classes: tuple[str, ...] = ()
    """Class names that say left or right but mean no direction: a flip does not change them."""
    validates_on_test: bool = False
    """Whether ``val`` reads the official test list, because there is no validation list."""

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
        reversal: ReversalKind = "none",
        protocol: str = "1x1",
        test_split: Split = "test",
        predict_split: Split = "test",
        index_dir: str = "data/index",
        look: LookKind = "full",
        skip_unreadable: bool = False,
        num_workers: int | None = None,
        worker_timeout: float = 600.0,
        seed: int = 0,
    ) -> None:
        super().__init__()
        _require(num_segments > 0, f"{num_segments=} must be at least 1")
        _require(batch_size > 0, f"{batch_size=} must be at least 1")
        is_valid = eval_batch_size is None or eval_batch_size > 0
        _require(is_valid, f"{eval_batch_size=} must be at least 1, or null")
        _require(worker_timeout >= 0, f"{worker_timeout=} must not be negative; 0 for no limit")
        _require(crop_size > 0, f"{crop_size=} must be at least 1 pixel")
        _require(0 <= flip_probability <= 1, f"{flip_probability=} must be in 0-1")
        _require(seed >= 0, f"{seed=} must not be negative")
        _require(num_workers is None or num_workers >= 0, f"{num_workers=} must not be negative")
        self.num_segments = num_segments
        self.sampling = sampling
        self.short_side = short_side
        self.crop_size = crop_size
        self.batch_size = batch_size
        self.flip_probability = flip_probability
        self.reversal = Reversal(reversal)
        self.test_split = test_split
        self.predict_split = predict_split
        self.index = VideoIndex(index_dir)
        self.num_workers = num_workers
        self.worker_timeout = worker_timeout
        self.seed = seed
        self.lists: dict[Split, Annotations] = {}
        self.usable = SplitVideos(self.index, look, skip_unreadable)
        self.records = self.usable.records

        sampler = make_sampler(sampling, num_segments)
        self.min_frames = sampler.min_frames
        self.protocol = get_protocol(protocol)
        crop = MultiScaleCrop(crop_size, crop_scales)
        random_clip = RandomClip(sampler, crop, flip_probability, self.reversal.probability)
        one_view = ProtocolViews(sampler, get_protocol("1x1"), short_side, crop_size)
        test_views = ProtocolViews(sampler, self.protocol, short_side, crop_size)
        test_size = eval_batch_size or max(1, batch_size // self.protocol.views)
        self.loaders: dict[LoaderName, LoaderSettings] = {
            "train": LoaderSettings("train", random_clip, batch_size, trains=True),
            "val": LoaderSettings("val", one_view, eval_batch_size or batch_size),
            "test": LoaderSettings(test_split, test_views, test_size),
            "predict": LoaderSettings(predict_split, test_views, test_size),
        }

    @property
    def target_names(self) -> tuple[str, ...]:
        """Return what the network distinguishes: the classes, unless ``reversal`` changes them."""
        return self.reversal.target_names(self.class_names)

    @property
    def num_classes(self) -> int:
        """Return the number of classes that the network distinguishes."""
        return len(self.target_names)

    @abstractmethod
    def annotations(self, split: Split) -> Annotations:
        """Read the list of one split; no video is opened.

        Raises:
            DataError: If the list cannot be used.
        """

    @property
    def ignored(self) -> Ignored:
        """Return the counts of the files and folders among the videos that are not read."""
        return Ignored()

    @property
    def coverage(self) -> dict[Split, Coverage]:
        """Return how many videos of each loaded list are used, as far as it is known by now."""
        return self.usable.coverage

    def needed_splits(self, stage: str) -> tuple[Split, ...]:
        """Return the splits that a stage reads."""
        splits: dict[str, tuple[Split, ...]] = {
            "fit": ("train", "val"),
            "validate": ("val",),
            "test": (self.test_split,),
            "predict": (self.predict_split,),
        }
        return splits[stage]

    def read_lists(self, stage: str) -> None:
        """Read the lists of a stage's splits, which is quick: no video is opened.

        Whoever builds a network first loads weights, perhaps from another machine, and should do so
        only when the lists are known to be there.

        Args:
            stage: ``fit``, ``validate``, ``test`` or ``predict``.

        Raises:
            DataError: If a list cannot be used, or the stage needs labels that it lacks.
        """
        needed = self.needed_splits(stage)
        self._read(needed)
        _require_videos(needed[0], len(self.lists[needed[0]].paths), stage)

    def findings(self) -> dict[str, str]:
        """Return attributes that took asking for all files, for other processes of the machine."""
        return {}

    def make_videos(self) -> None:
        """Create the videos that do not exist yet; only a synthetic data set does this."""

    def missing_list(self, split: Split) -> Path | None:
        """Return the file that lists missing videos; None if a missing video is an error."""
        return None

    def prepare_data(self) -> None:
        """Create videos, and load the splits of the next stage; Lightning calls this on rank 0.

        `setup` on rank 0 of each machine finds them loaded; the other ranks share them in `setup`.
        """
        self.make_videos()
        stage = self.trainer.state.fn.value if self.trainer and self.trainer.state.fn else "fit"
        self._load(self.needed_splits(stage))

    def setup(self, stage: str) -> None:
        """Check the splits of a stage; processes of one machine share what its first has loaded."""
        stage = TrainerFn(stage).value  # Lightning passes an enum member
        needed = self.needed_splits(stage)
        if self.trainer is None or self.trainer.world_size == 1:
            self._load(needed)
        else:
            vars(self).update(self.usable.share(self.trainer, needed, partial(self._load, needed)))
            self.lists.clear()
        _require_videos(needed[0], len(self.records[needed[0]]), stage)
        for split in needed:
            self.usable.check(split, self.trainer, labels_needed=stage != "predict")
        if stage in ("test", "predict"):
            rank_zero_info(f"protocol {self.protocol}")

    def load_records(self, split: Split) -> VideoRecords:
        """Return one split's usable videos; the first call reads its list and scans its videos.

        Raises:
            DataError: If the list cannot be used, or a video that may not be left out.
        """
        self._load((split,))
        return self.records[split]

    def train_dataloader(self) -> Loader:
        """Return a loader of shuffled random clips, (B, T, 3, S, S)."""
        return self._loader("train")

    def val_dataloader(self) -> Loader | list[Loader]:
        """Return a loader of one view per video, (B, 1, T, 3, S, S); none without videos."""
        return self._loader("val") if len(self.records["val"]) else []

    def test_dataloader(self) -> Loader:
        """Return a loader of the protocol's views, (B, V, T, 3, S, S)."""
        return self._loader("test")

    def predict_dataloader(self) -> Loader:
        """Return a loader of the views of ``predict_split``, (B, V, T, 3, S, S)."""
        return self._loader("predict")

    def _load(self, splits: Sequence[Split]) -> dict[str, str]:
        """Load the splits that are not loaded yet, log their numbers, and return `findings`."""
        new = [split for split in splits if split not in self.records]
        self._read(new)  # a wrong list shows before any long scan
        for split in new:
            annotations = self.lists.pop(split)
            used = self.usable.select(annotations, self.report_file, self.missing_list(split))
            used, backwards = self.reversal.in_both_directions(used, len(self.class_names))
            records = VideoRecords.of(used.paths, used.labels, used.facts, backwards)
            self.records[split], self.usable.selected[split] = records, used.coverage
            notes = records.summary(self.num_classes, self.min_frames)
            rank_zero_info(f"{split}: {', '.join([str(used.coverage), *notes])}")
        return self.findings()

    def _read(self, splits: Sequence[Split]) -> None:
        """Read the lists that are not read yet, and keep them until their videos are loaded."""
        self.reversal.refuse_directed(set(self.class_names) - set(self.flip_invariant_classes))
        unread = [split for split in splits if split not in self.lists]
        self.lists |= {split: self.annotations(split) for split in unread}
        if unread:
            refuse_shared_videos(self.lists)

    def _loader(self, name: LoaderName) -> Loader:
        settings = self.loaders[name]
        labels = None
        if settings.trains and self.flip_probability > 0:
            labels = self.reversal.mirrored_labels(self.class_names, self.flip_invariant_classes)
        return make_loader(
            self.records[settings.split],
            settings,
            mirrored_labels=labels,
            seed=self.seed,
            num_workers=self.num_workers,
            worker_timeout=self.worker_timeout,
            prove=self.index.prove,
            leaves_out=self.usable.defers,
            trainer=self.trainer,
        )


def _require_videos(split: Split, count: int, stage: str) -> None:
    _require(count > 0, f"the {split} split holds no videos; nothing to {stage}")


def _require(condition: bool, message: str) -> None:
    if not condition:
        raise DataError(message)
