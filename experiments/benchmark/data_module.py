"""Builds only the data module of an experiment, with a few of its videos."""

import json
from collections.abc import Sequence
from itertools import cycle, islice
from pathlib import Path
from typing import Any

import numpy as np
import yaml

from datamodules import DataError
from datamodules.base import VideoDataModule
from datamodules.decoding.video_index import refuse_unreadable
from datamodules.lists.selection import Coverage
from datamodules.lists.splitting import Split
from datamodules.loading.video_records import VideoRecords
from datamodules.prepare.parser import constructor_errors
from datamodules.user_path import DATA_PATHS, resolve_paths, understand_arguments
from experiments.cli.parser import TrainParser
from experiments.cli.strict_yaml import load_strictly, refuse_duplicate_keys
from lightning_modules import RunError


def build_data(config: Path, overrides: Sequence[str]) -> VideoDataModule:
    """Build the data module of an experiment, without model and trainer.

    Args:
        config: The experiment's YAML.
        overrides: Further command-line arguments, such as ``--data.batch_size 8``.

    Raises:
        RunError: If the file cannot be used.
        DataError: If the data module refuses a setting.
    """
    refuse_duplicate_keys()
    parser = TrainParser(prog="python -m experiments.benchmark loader", parser_mode="yaml")
    parser.add_lightning_class_args(VideoDataModule, "data", subclass_mode=True, required=True)
    own = understand_arguments(overrides)
    parsed = parser.parse_args([f"--data={json.dumps(_data_section(config))}", *own])
    resolve_paths(parsed.data.init_args, DATA_PATHS, "data")
    with constructor_errors((DataError,), RunError):
        data: VideoDataModule = parser.instantiate(parsed).data
    return data


def _data_section(config: Path) -> dict[str, Any]:
    if not config.is_file():
        raise RunError(f"{config}: no such experiment; see experiments/")
    try:
        content = load_strictly(config.read_text())
    except yaml.YAMLError as error:
        raise RunError(f"{config}: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict) or not isinstance(content.get("data"), dict):
        raise RunError(f"{config}: has no section data; name an experiment that reads videos")
    return dict(content["data"])


def take_few(data: VideoDataModule, split: Split, limit: int, at_least: int = 0) -> int:
    """Reduce a split to a few of its videos, evenly spread over the list.

    Args:
        data: The data module.
        split: The split.
        limit: Maximum number of videos.
        at_least: Repeat them until the split holds so many.

    Returns:
        The number of different videos.

    Raises:
        DataError: If none of them can be used.
    """
    listed = data.annotations(split)
    total = len(listed.paths)
    chosen = np.unique(np.linspace(0, total - 1, min(limit, total), dtype=int)).tolist()
    if not chosen:
        raise DataError(f"the {split} split holds no videos; name another with --split")
    if not any(Path(listed.paths[place]).exists() for place in chosen):
        data.make_videos()
    found = data.index.look_up([listed.paths[place] for place in chosen])
    unusable = {failure.path for failure in found.unreadable}
    usable = [place for place in chosen if listed.paths[place] not in unusable]
    if not usable:
        refuse_unreadable(found.unreadable, len(chosen))
    count = max(at_least, len(usable))
    places = list(islice(cycle(usable), count))
    paths = [listed.paths[place] for place in places]
    labels = [listed.labels[place] for place in places]
    data.records[split] = VideoRecords.of(paths, labels, list(islice(cycle(found.facts), count)))
    data.usable.selected[split] = Coverage(count)
    return len(usable)
