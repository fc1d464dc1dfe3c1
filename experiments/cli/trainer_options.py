"""Refuses options of Lightning's Trainer that would falsify what a run promises.

``docs/trainer_options.md`` has a row for every option: honoured as it is, refused here, or ignored.
"""

from collections.abc import Iterator
from typing import Any

import torch
from pytorch_lightning import Trainer
from pytorch_lightning.callbacks import Timer

from experiments.cli.trainer_parts import refuse_parts
from lightning_modules import RunError

LARGEST_SEED = 2**32 - 1

PRECISIONS = (None, "32-true", "16-mixed", "bf16-mixed", "64-true", "32", "16", "bf16", "64")
"""Those that keep weights, BatchNorm statistics and metrics in 32 bits or more."""

UNWANTED = {
    "use_distributed_sampler": (
        False,
        "each process already has its own videos, and Lightning would share them out once more",
    ),
    "default_root_dir": (None, "everything is written into the run folder; give --run_dir"),
    "barebones": (False, "a run always saves checkpoints and results; leave it out"),
    "model_registry": (None, "checkpoints are kept in the run folder alone; leave it out"),
}
"""Option -> its only value, and why it has no other."""


def refuse_options(config: Any, fits: bool) -> None:
    """Refuse what would falsify a promise, before any work.

    Args:
        config: The configuration of the subcommand, as parsed.
        fits: Whether it is ``fit``. What only a fit uses is not looked at elsewhere, so that a test
            may be given the configuration of any older run.

    Raises:
        RunError: With the option's name, the reason and the remedy.
    """
    _refuse_seed(config.seed_everything)
    trainer = config.trainer
    refuse_parts(config, fits)
    problems = [*_everywhere(trainer), *(_in_fits(trainer) if fits else ())]
    if fits and config.checkpoint.dirpath is not None:
        problems.append(
            f"checkpoint.dirpath={config.checkpoint.dirpath}: checkpoints are kept in the run "
            "folder; choose it with --run_dir"
        )
    if fits and trainer.overfit_batches and config.ckpt_path:
        problems.append(
            "trainer.overfit_batches: it replaces the order of the videos, from which resuming "
            "finds its place; start a new fit"
        )
    if problems:
        raise RunError(problems[0])


def _refuse_seed(seed: Any) -> None:
    if isinstance(seed, bool) or not 0 <= seed <= LARGEST_SEED:
        shown = str(seed).lower() if isinstance(seed, bool) else seed
        raise RunError(
            f"seed_everything={shown}: must be a number from 0 to {LARGEST_SEED}, so that the run "
            "can be repeated"
        )


def _everywhere(trainer: Any) -> Iterator[str]:
    for name, (only, reason) in UNWANTED.items():
        if trainer[name] != only:
            yield f"trainer.{name}={_shown(trainer[name])}: {reason}"
    if str(trainer.precision or "32") not in map(str, PRECISIONS):
        yield (
            f"trainer.precision={trainer.precision}: weights, BatchNorm statistics and metrics "
            "would lose digits; give bf16-mixed, 16-mixed, 32-true or 64-true"
        )
    if _on_cpu(trainer.accelerator) and not _counts_processes(trainer.devices):
        yield (
            f"trainer.devices={trainer.devices}: on a CPU it is the number of processes; give "
            "auto, or 1 or more"
        )
    if trainer.log_every_n_steps is not None and trainer.log_every_n_steps < 0:
        yield (
            f"trainer.log_every_n_steps={trainer.log_every_n_steps}: must be at least 1, or 0 for "
            "no values between the ends of epochs"
        )


def _in_fits(trainer: Any) -> Iterator[str]:
    if trainer.enable_checkpointing is False:
        yield (
            "trainer.enable_checkpointing=false: a fit always saves last.ckpt; "
            "--trainer.fast_dev_run true tries a fit without saving"
        )
    if trainer.max_epochs is None or trainer.max_epochs < 1:
        yield (
            f"trainer.max_epochs={_shown(trainer.max_epochs)}: must be at least 1; the schedule of "
            "the learning rate counts epochs"
        )
    if trainer.max_steps == 0 or trainer.limit_train_batches == 0:
        name = "max_steps" if trainer.max_steps == 0 else "limit_train_batches"
        yield f"trainer.{name}=0: leaves nothing to train; give at least 1, or leave it out"
    for name in ("accumulate_grad_batches", "check_val_every_n_epoch"):
        if trainer[name] is not None and trainer[name] < 1:
            yield f"trainer.{name}={trainer[name]}: must be at least 1"
    interval = trainer.val_check_interval
    if interval is not None and (not isinstance(interval, int | float) or interval <= 0):
        yield (
            f"trainer.val_check_interval={interval}: must be a number of batches, or a share of an "
            "epoch above 0 and at most 1.0; validations by the clock could not be repeated"
        )
    yield from _clipping(trainer)


def _clipping(trainer: Any) -> Iterator[str]:
    value = trainer.gradient_clip_val
    if value is not None and not value >= 0:
        yield f"trainer.gradient_clip_val={value}: must not be negative; null for no clipping"
    if trainer.gradient_clip_algorithm is not None and not value:
        yield (
            f"trainer.gradient_clip_algorithm={trainer.gradient_clip_algorithm}: clips nothing "
            "without trainer.gradient_clip_val; give both"
        )


def check_trainer(trainer: Trainer, config: Any) -> None:
    """Refuse what is known only when the trainer is built: devices and processes.

    Args:
        trainer: The trainer of a fit.
        config: Its configuration.

    Raises:
        RunError: With the option's name, the reason and the remedy.
    """
    for callback in trainer.callbacks:  # type: ignore[attr-defined]
        if isinstance(callback, Timer) and (callback.time_remaining() or 0) <= 0:
            raise RunError("trainer.max_time: leaves no time to train; give more, or leave it out")
    on_cpu = trainer.strategy.root_device.type == "cpu"
    if on_cpu and config.trainer.sync_batchnorm:
        raise RunError("trainer.sync_batchnorm=true needs GPUs; give false on CPUs")
    if trainer.world_size > 1 and config.trainer.overfit_batches:
        raise RunError(
            f"trainer.overfit_batches={config.trainer.overfit_batches}: all {trainer.world_size} "
            "processes would train on the same videos; give --trainer.devices 1"
        )


def _on_cpu(accelerator: Any) -> bool:
    gpu = torch.cuda.is_available() or torch.backends.mps.is_available()
    return accelerator == "cpu" or (accelerator == "auto" and not gpu)


def _counts_processes(devices: Any) -> bool:
    return devices == "auto" or (str(devices).isdigit() and int(devices) > 0)


def _shown(value: Any) -> str:
    """Write a value as YAML does."""
    return (
        "null" if value is None else str(value).lower() if isinstance(value, bool) else str(value)
    )
