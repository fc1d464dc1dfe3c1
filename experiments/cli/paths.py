"""The paths of a configuration of train.py, made absolute before anything reads them."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any

from jsonargparse import Namespace

from datamodules.user_path import DATA_PATHS, absolute_path, resolve_paths
from lightning_modules import RunError
from lightning_modules.checkpoints.run_folder import CHECKPOINTS

TRAINER_PATHS = ("dirpath", "save_dir", "root_dir", "output_dir")
"""Arguments of loggers, callbacks and profilers that are paths."""

FSSPEC_CHAIN = "::"
"""Lightning opens run folders and checkpoints through fsspec, which splits paths here."""


def make_paths_absolute(config: Namespace) -> None:
    """Make every path of a subcommand's configuration absolute, as `absolute_path` says.

    Args:
        config: The configuration, which is changed. A run folder that is not given gets the name
            of the last config file, below ``runs``.

    Raises:
        DataError: If a path is empty or a URL, or a variable or a user in it does not exist.
        RunError: If Lightning would read it as something else.
    """
    if config.run_dir is None:
        config.run_dir = str(Path("runs") / _last_config_name(config.config))
    config.run_dir = str(absolute_path(config.run_dir, "--run_dir"))
    if config.ckpt_path and config.ckpt_path not in CHECKPOINTS:
        config.ckpt_path = str(absolute_path(config.ckpt_path, "--ckpt_path"))
    for name in ("run_dir", "ckpt_path"):
        if FSSPEC_CHAIN in (config[name] or ""):
            raise RunError(
                f"--{name}={config[name]}: fsspec, which opens it, splits paths at '::'; choose "
                "another name"
            )
    resolve_paths(config.data.init_args, DATA_PATHS, "data")
    network = config.model.network.init_args
    if _is_path(network.get("weights")):
        network.weights = str(absolute_path(network.weights, "--model.network.weights"))
    for arguments in _parts(config.trainer):
        resolve_paths(arguments, TRAINER_PATHS, "trainer")


def _is_path(weights: Any) -> bool:
    """Tell a file of weights from the name of torchvision's weights."""
    if not isinstance(weights, str):
        return False
    return any(mark in weights for mark in "/~$") or Path(weights).is_file()


def _parts(config: Any) -> Iterator[Namespace]:
    """Give all namespaces in a configuration."""
    if isinstance(config, Namespace):
        yield config
        config = list(vars(config).values())
    if isinstance(config, list):
        for value in config:
            yield from _parts(value)


def _last_config_name(configs: list[Any] | None) -> str:
    return Path(str(configs[-1])).stem if configs else "default"
