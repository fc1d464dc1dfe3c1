"""The order of samples: a function of seed and epoch, divided among ranks without padding."""

from collections.abc import Callable, Iterator

import numpy as np
from torch.utils.data import Sampler

from datamodules.loading.sample import SampleKey


class EpochSampler(Sampler[SampleKey]):
    """Yields the keys of one rank's samples in one epoch.

    Training shuffles and gives every rank the same number of samples, so that all ranks take
    equally many steps; up to ``world_size - 1`` samples, different in each epoch, are left out.
    Evaluation keeps the order and gives each sample to exactly one rank, so that metrics count
    every video once.

    Args:
        size: Number of samples in the data set.
        shuffle: Whether this is training.
        seed: Seed of the order.
        rank: Rank of this process.
        world_size: Number of processes.
        count_done: Called at the start of an iteration; returns how many of this rank's samples of
            the epoch have been trained on already and are skipped. None to skip none.
    """

    def __init__(
        self,
        size: int,
        *,
        shuffle: bool,
        seed: int = 0,
        rank: int = 0,
        world_size: int = 1,
        count_done: Callable[[], int] | None = None,
    ) -> None:
        self.size = size
        self.shuffle = shuffle
        self.seed = seed
        self.rank = rank
        self.world_size = world_size
        self.count_done = count_done
        self.epoch = 0

    def set_epoch(self, epoch: int) -> None:
        """Choose the epoch of the next iteration; Lightning calls this."""
        self.epoch = epoch

    def __len__(self) -> int:
        """Count this rank's samples in a complete epoch."""
        if self.shuffle:
            return self.size // self.world_size
        return len(range(self.rank, self.size, self.world_size))

    def __iter__(self) -> Iterator[SampleKey]:
        """Yield this rank's keys, without those of samples that are done."""
        order = np.arange(self.size)
        if self.shuffle:
            order = np.random.default_rng([self.seed, self.epoch]).permutation(self.size)
        mine = order[self.rank :: self.world_size][: len(self)]
        epoch = self.epoch if self.shuffle else 0  # an evaluation is the same in all epochs
        done = self.count_done() if self.count_done else 0
        yield from (SampleKey(int(index), epoch) for index in mine[done:])
