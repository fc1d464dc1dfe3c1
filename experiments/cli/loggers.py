"""The loggers of a run: TensorBoard in the run folder, or those of the config; only fits log."""

from pathlib import Path
from typing import Any

from pytorch_lightning.loggers import CSVLogger, Logger, TensorBoardLogger

from experiments.cli.resuming import step_of
from lightning_modules import RunError


def make_loggers(config: Any, fits: bool) -> list[Logger]:
    """List the loggers.

    A test has none, because it would overwrite the first steps of the fit's curves; its results
    are in ``metrics.json``.

    Args:
        config: The configuration of the subcommand, with instances.
        fits: Whether it is ``fit``.

    Raises:
        RunError: If a logger would delete curves.
    """
    stated = config.trainer.logger
    if not fits or stated is False:
        return []
    if stated in (None, True):
        return [_tensorboard(config)]
    loggers: list[Logger] = stated if isinstance(stated, list) else [stated]
    for logger in loggers:
        _refuse_lost_curves(logger)
    return loggers


def _tensorboard(config: Any) -> TensorBoardLogger:
    """Make the logger of a fit; a resumed fit hides what was logged after its checkpoint."""
    resumed = config.ckpt_path is not None
    purge_step = step_of(Path(config.ckpt_path)) if resumed else None
    return TensorBoardLogger(config.run_dir, name="", version="", purge_step=purge_step)


def _refuse_lost_curves(logger: Logger) -> None:
    """Refuse a folder in which `CSVLogger` would delete the curves of an earlier fit.

    Raises:
        RunError: If there are such curves.
    """
    if not isinstance(logger, CSVLogger):
        return
    file = Path(logger.log_dir) / "metrics.csv"
    if file.exists():
        raise RunError(
            f"{file}: CSVLogger would delete these curves; leave out its version, so that each fit "
            "gets a folder of its own, or move the file"
        )
