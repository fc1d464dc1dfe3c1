"""Makes the loader of one split."""

from collections.abc import Callable, Sequence
from functools import partial
from pathlib import Path

import torch
from pytorch_lightning import Trainer

from datamodules.decoding.video_facts import VideoFacts
from datamodules.loading.epoch_sampler import EpochSampler
from datamodules.loading.left_out import ReadableSamples, collate_present, collate_some
from datamodules.loading.loader_settings import LoaderSettings
from datamodules.loading.trainer_state import default_workers, rank_and_world_size, samples_done
from datamodules.loading.video_dataset import VideoDataset
from datamodules.loading.video_records import VideoRecords
from datamodules.loading.watched_loader import WatchedLoader


def make_loader(
    records: VideoRecords,
    settings: LoaderSettings,
    *,
    mirrored_labels: Sequence[int] | None,
    seed: int,
    num_workers: int | None,
    worker_timeout: float,
    prove: Callable[[Path], VideoFacts],
    leaves_out: bool,
    trainer: Trainer | None,
) -> WatchedLoader:
    """Make a loader of this process's share of the videos.

    Args:
        records: The videos of the split.
        settings: How they are read.
        mirrored_labels: The label of each class after a horizontal flip; None if it changes none.
        seed: Seed of the order and of random clips.
        num_workers: Loader processes; None for this process's share of the cores minus one.
        worker_timeout: Seconds to wait for a batch of a worker; 0 for no limit.
        prove: Returns the facts of a video that has not been decoded yet.
        leaves_out: Whether unreadable videos among these are left out.
        trainer: The trainer; None for one process and complete epochs.
    """
    dataset = VideoDataset(records, settings.views, seed, mirrored_labels, prove)
    rank, world_size = rank_and_world_size(trainer)
    done = partial(samples_done, trainer, settings.batch_size, len(records))
    sampler = EpochSampler(
        len(records),
        shuffle=settings.trains,
        seed=seed,
        rank=rank,
        world_size=world_size,
        count_done=done if settings.trains else None,
    )
    workers = default_workers(trainer) if num_workers is None else num_workers
    return WatchedLoader(
        ReadableSamples(dataset) if leaves_out else dataset,
        files_in_progress=dataset.files_in_progress,
        batch_size=settings.batch_size,
        sampler=sampler,
        collate_fn=collate_some if settings.trains else collate_present,
        # A short last batch would disturb batch normalisation; other epochs use its videos.
        drop_last=settings.trains and len(sampler) >= settings.batch_size,
        num_workers=workers,
        timeout=worker_timeout if workers else 0,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
        # A separate generator, so that the number of workers does not change the network's
        # random numbers.
        generator=torch.Generator().manual_seed(seed),
    )
