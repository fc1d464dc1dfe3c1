"""Before any work: whether what a fit monitors is known, and is followed the right way."""

from collections.abc import Iterator
from typing import Any, NamedTuple

from experiments.cli.trainer_parts import as_list
from lightning_modules import RunError
from lightning_modules.monitored import BETTER, mode_of

KNOWN_PACKAGES = ("pytorch_lightning.", "lightning_modules.", "lightning.")
"""What callbacks of these log, such as learning rates, tells no good epoch from a bad one."""


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
        RunError: If a metric cannot be monitored, or its mode contradicts it.
    """
    for option, name, mode in _monitors(config):
        if name not in BETTER and not _logs_more(config):
            raise RunError(
                f"{option}.monitor={name}: cannot be monitored; choose one of {', '.join(BETTER)}; "
                "for a metric of your own, add the callback that logs it to trainer.callbacks"
            )
        mode_of(name, mode, option)
        if name.startswith("val/") and (reason := _why_no_validation(config.trainer)):
            raise RunError(
                f"{option}.monitor={name}: there is no validation ({reason}); monitor train/loss, "
                "or null"
            )


def _monitors(config: Any) -> Iterator[Monitor]:
    if config.checkpoint.monitor is not None and config.checkpoint.save_top_k != 0:
        yield Monitor("checkpoint", config.checkpoint.monitor, config.checkpoint.mode)
    for callback in as_list(config.trainer.callbacks):
        arguments = callback.get("init_args") or {}
        if arguments.get("monitor") is not None:
            option = f"trainer.callbacks: {_class_name(callback)}"
            yield Monitor(option, arguments["monitor"], arguments.get("mode"))


def _class_name(callback: Any) -> str:
    return str(callback.class_path).rpartition(".")[2]


def _logs_more(config: Any) -> bool:
    """Tell whether a callback of the user's may log metrics under names of its own."""
    return any(
        not item.class_path.startswith(KNOWN_PACKAGES) for item in as_list(config.trainer.callbacks)
    )


def _why_no_validation(trainer: Any) -> str | None:
    every, epochs = trainer.check_val_every_n_epoch, trainer.max_epochs
    if trainer.limit_val_batches == 0:
        return "trainer.limit_val_batches is 0"
    if every is not None and epochs is not None and 0 < epochs < every:
        return f"the first is after epoch {every}, trainer.max_epochs is {epochs}"
    return None
