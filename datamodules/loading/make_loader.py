"""Makes the loader of a split from its samples and their order."""

import torch

from datamodules.loading.epoch_sampler import EpochSampler
from datamodules.loading.loader_settings import LoaderSettings
from datamodules.loading.video_dataset import VideoDataset
from datamodules.loading.watched_loader import WatchedLoader


def make_loader(
    dataset: VideoDataset,
    sampler: EpochSampler,
    settings: LoaderSettings,
    workers: int,
    timeout: float,
) -> WatchedLoader:
    """Make a loader.

    Args:
        dataset: The samples.
        sampler: Their order.
        settings: The batch size, and whether the loader trains.
        workers: Processes that read; 0 to read in this one.
        timeout: Seconds to wait for a batch of a worker; 0 for no limit.
    """
    return WatchedLoader(
        dataset,
        files_in_progress=dataset.files_in_progress,
        batch_size=settings.batch_size,
        sampler=sampler,
        # A short last batch would disturb batch normalisation; other epochs use its videos.
        drop_last=settings.trains and len(sampler) >= settings.batch_size,
        num_workers=workers,
        timeout=timeout,
        persistent_workers=workers > 0,
        pin_memory=torch.cuda.is_available(),
        # A separate generator, so that the number of workers does not change the network's
        # random numbers.
        generator=torch.Generator().manual_seed(dataset.seed),
    )
