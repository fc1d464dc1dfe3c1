"""Before any work: whether what a fit monitors will be logged, and is followed the right way."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from lightning_modules import RunError
from lightning_modules.checkpoints.run_folder import CHECKPOINTS
from lightning_modules.monitored import BETTER, mode_of

KNOWN_PACKAGES = ("pytorch_lightning.", "lightning_modules.", "lightning.")
"""Callbacks of these log no metrics that are worth choosing an epoch by."""


class Monitor(NamedTuple):
    """A metric that a part of a fit looks at.

    Attributes:
        option: The part, as the configuration names it.
        name: The metric.
        mode: ``min`` or ``max``; None to follow the metric.
    """

    option: str
    name: str
    mode: str | None


def check_monitors(config: Any) -> None:
    """Check ``checkpoint`` and the callbacks that monitor a metric, such as EarlyStopping.

    Args:
        config: The configuration of ``fit``, as parsed.

    Raises:
        RunError: If a metric is never logged, its mode contradicts it, or a second
            ModelCheckpoint would write the files of the first.
    """
    for callback in _callbacks(config):
        _refuse_same_files(callback, config)
    for option, name, mode in _monitors(config):
        if name not in BETTER and not _logs_more(config):
            raise RunError(
                f"{option}.monitor={name}: no such metric is logged; choose one of "
                f"{', '.join(BETTER)}"
            )
        mode_of(name, mode, option)
        if name.startswith("val/") and (reason := _why_no_validation(config.trainer)):
            raise RunError(
                f"{option}.monitor={name}: there is no validation ({reason}); monitor train/loss, "
                "or null"
            )


def _callbacks(config: Any) -> list[Any]:
    stated = config.trainer.callbacks or []
    return stated if isinstance(stated, list) else [stated]


def _monitors(config: Any) -> Iterator[Monitor]:
    if config.checkpoint.monitor is not None and config.checkpoint.save_top_k != 0:
        yield Monitor("checkpoint", config.checkpoint.monitor, config.checkpoint.mode)
    for callback in _callbacks(config):
        arguments = callback.get("init_args") or {}
        if arguments.get("monitor") is not None:
            option = f"trainer.callbacks: {_class_name(callback)}"
            yield Monitor(option, arguments["monitor"], arguments.get("mode"))


def _class_name(callback: Any) -> str:
    return str(callback.class_path).rpartition(".")[2]


def _logs_more(config: Any) -> bool:
    """Tell whether a callback of the user's may log metrics under names of its own."""
    return any(not item.class_path.startswith(KNOWN_PACKAGES) for item in _callbacks(config))


def _why_no_validation(trainer: Any) -> str | None:
    every, epochs = trainer.check_val_every_n_epoch, trainer.max_epochs
    if trainer.limit_val_batches == 0:
        return "trainer.limit_val_batches is 0"
    if every is not None and epochs is not None and 0 < epochs < every:
        return f"the first is after epoch {every}, trainer.max_epochs is {epochs}"
    return None


def _refuse_same_files(callback: Any, config: Any) -> None:
    """Refuse a second ModelCheckpoint that writes best.ckpt, last.ckpt or the same state."""
    if _class_name(callback) != "ModelCheckpoint":
        return
    stated, own = callback.init_args, config.checkpoint
    files = [f"{stated.filename}.ckpt", "last.ckpt" if stated.save_last else ""]
    same = stated.monitor == own.monitor and own.save_top_k != 0
    if (stated.dirpath is None and set(files) & set(CHECKPOINTS.values())) or same:
        raise RunError(
            "trainer.callbacks: ModelCheckpoint: would write or choose what --checkpoint and "
            "--last already do; use their options, such as --checkpoint.save_top_k, or give it "
            "another monitor and filename"
        )
