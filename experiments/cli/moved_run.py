"""A run folder that was moved or copied: its own config.yaml still names the old place."""

from pathlib import Path
from typing import Any

import yaml
from jsonargparse import Namespace
from pytorch_lightning.utilities import rank_zero_info

from datamodules.user_path import absolute_path
from lightning_modules.checkpoints.run_folder import RunFolder

INDEX = "data/index"
"""Where a new index of videos goes: the default of ``data.index_dir``."""


def adopt_moved_run(config: Namespace) -> None:
    """Use the folder in which a run's config lies, where only that config names another one.

    A folder of the index that is not on this machine is replaced by the default one, because an
    index is made again from the videos.

    Args:
        config: The configuration of a subcommand, which is changed.
    """
    for given in reversed(config.config or []):
        file = Path(str(given)).absolute()
        if not RunFolder(file.parent).checkpoints.is_dir():
            continue
        stated = _read(file)
        old = stated.get("run_dir")
        if old is None or old != config.run_dir or _same(old, file.parent):
            return
        config.run_dir = str(file.parent)
        rank_zero_info(f"the run has moved from {old} to {file.parent}")
        _forget_index(config.data.init_args, stated)
        return


def _read(file: Path) -> dict[str, Any]:
    content = yaml.safe_load(file.read_text())
    return content if isinstance(content, dict) else {}


def _same(stated: str, folder: Path) -> bool:
    return absolute_path(stated, "run_dir").resolve() == folder.resolve()


def _forget_index(data: Any, stated: dict[str, Any]) -> None:
    old = ((stated.get("data") or {}).get("init_args") or {}).get("index_dir")
    if old is not None and old == data.get("index_dir") and not Path(old).exists():
        data.index_dir = INDEX
        rank_zero_info(f"data.index_dir: {old} is not there, a new index goes to {INDEX}")
