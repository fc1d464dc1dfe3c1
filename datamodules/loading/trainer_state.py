"""Reads from Lightning's trainer what loaders need; without a trainer there is one process."""

from pytorch_lightning import Trainer

from datamodules.cores import available_cores

MAX_WORKERS = 8


def rank_and_world_size(trainer: Trainer | None) -> tuple[int, int]:
    """Return the rank of this process and the number of processes."""
    return (0, 1) if trainer is None else (trainer.global_rank, trainer.world_size)


def default_workers(trainer: Trainer | None) -> int:
    """Return the number of loader workers: this process's share of the cores minus one."""
    processes = 1 if trainer is None else trainer.num_devices
    return max(0, min(MAX_WORKERS, available_cores() // processes - 1))


def samples_done(trainer: Trainer | None, batch_size: int, split_size: int) -> int:
    """Count this process's samples that a resumed fit has trained on in its first epoch.

    The trainer's loop counts batches, from 0 in each epoch. No public attribute gives this before
    the first batch; the tests of exact resume check that it is right.

    Args:
        trainer: The fit's trainer.
        batch_size: Videos per training batch and process.
        split_size: Number of training videos.
    """
    if trainer is None or not trainer.training:
        return 0
    batches = trainer.fit_loop.epoch_loop.batch_progress.current.ready
    if batches >= trainer.num_training_batches:  # nothing is left, whatever the limit of batches
        return split_size
    return batches * batch_size
