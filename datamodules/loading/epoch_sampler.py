"""The order of samples: a function of seed and epoch, divided among ranks without padding."""

from collections.abc import Callable, Iterator

import numpy as np
from torch.utils.data import Sampler

from datamodules.loading.sample import SampleKey


class EpochSampler(Sampler[SampleKey]):
    """Yields the keys of one rank's samples in one epoch.

    Training shuffles and gives every rank the same number of samples, so that ranks step together;
    up to ``world_size - 1`` samples are left out, others in each epoch. Evaluation keeps the order
    and gives each sample to exactly one rank, so that metrics count every video once.

    Args:
        size: Samples in the data set.
        shuffle: Whether this is training.
        seed: Of the order.
        rank: This process.
        world_size: Processes.
        count_done: Called when an iteration begins; gives how many of this rank's samples of the
            epoch have been trained on, which are skipped. None for a start at the first sample.
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
        """Count this rank's samples of a whole epoch."""
        if self.shuffle:
            return self.size // self.world_size
        return len(range(self.rank, self.size, self.world_size))

    def __iter__(self) -> Iterator[SampleKey]:
        """Yield this rank's keys, without those of samples that are done."""
        order = np.arange(self.size)
        if self.shuffle:
            order = np.random.default_rng([self.seed, self.epoch]).permutation(self.size)
        mine = order[self.rank :: self.world_size][: len(self)]
        epoch = self.epoch if self.shuffle else 0  # an evaluation is the same at any time
        done = self.count_done() if self.count_done else 0
        yield from (SampleKey(int(index), epoch) for index in mine[done:])
