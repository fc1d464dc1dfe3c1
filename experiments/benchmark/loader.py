"""Measures an experiment's loader: the time of each stage of a clip, and the cores it needs.

python -m experiments.benchmark loader --config experiments/demo.yaml --data.batch_size 8
"""

import argparse
from collections.abc import Callable, Sequence
from functools import partial
from time import perf_counter
from typing import Any

import torch

from datamodules.base import Loader, VideoDataModule
from datamodules.lists.splitting import SPLITS, Split
from datamodules.user_path import path_argument
from experiments.benchmark.data_module import build_data, take_few
from experiments.benchmark.loader_results import (
    USUAL_RATES,
    LoaderResult,
    core_table,
    stage_table,
)
from experiments.benchmark.machine import describe_machine
from experiments.benchmark.stages import clips_of, time_stages
from experiments.benchmark.tables import show, write_json
from lightning_modules import RunError

HELP = "time the loading of your clips, and see how many cores a GPU needs"
EPILOG = "Flags of the data module follow as for train.py, such as --data.batch_size 8."


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this subcommand's arguments."""
    parser.add_argument("--config", type=path_argument, required=True, help="an experiment's YAML")
    parser.add_argument("--split", choices=SPLITS, default="train", help="default: train")
    parser.add_argument("--videos", type=int, default=64, help="at most this many; default: 64")
    parser.add_argument(
        "--gpu_clips_per_second",
        type=float,
        nargs="+",
        default=USUAL_RATES,
        metavar="N",
        help="clips per second that your GPU trains; default: usual rates",
    )
    parser.add_argument(
        "--json", type=path_argument, default=None, help="write everything to this file"
    )
    parser.add_argument("--markdown", action="store_true", help="print Markdown")


def run(options: argparse.Namespace, extra: Sequence[str]) -> None:
    """Measure and print.

    Raises:
        RunError: If an argument is out of range.
        DataError: If the videos or a setting cannot be used.
    """
    rates: Sequence[float] = options.gpu_clips_per_second
    if options.videos < 1 or min(rates) <= 0:
        raise RunError("--videos and --gpu_clips_per_second must be above 0")
    torch.set_num_threads(1)
    data = build_data(options.config, extra)
    take_few(data, options.split, options.videos)
    result = measure_loader(data, options.split)
    facts = describe_machine()
    facts["measured"] = (
        f"{options.config}, {options.split} split, {result.videos} videos, {data.num_segments} "
        f"frames per clip, batches of {data.batch_size}"
    )
    if options.json:
        write_json(options.json, {"machine": facts, **result.as_dict(rates)})
    tables = [stage_table(result), core_table(result, rates)]
    show(facts, tables, notes=[], markdown=options.markdown, file=options.json)


def measure_loader(data: VideoDataModule, split: Split) -> LoaderResult:
    """Measure the stages in this process, then the loader with its workers.

    Args:
        data: The data module; its ``records`` contain the split.
        split: ``train`` reads random clips; ``test`` reads the protocol's views.
    """
    loader = make_loader(data, split)
    dataset: Any = loader.dataset
    stages = time_stages(dataset, loader.batch_size or 1)
    return LoaderResult(stages, _clips_per_second(loader), loader.num_workers, len(dataset))


def make_loader(data: VideoDataModule, split: Split) -> Loader:
    """Make the loader of a split, as train.py does."""
    if split == "test":
        data.test_split = "test"
    makers: dict[Split, Callable[[], Any]] = {
        "train": data.train_dataloader,
        "val": data.val_dataloader,
        "test": data.test_dataloader,
    }
    loader: Loader = makers[split]()
    return loader


def _clips_per_second(loader: Loader) -> float:
    """Time a second epoch: workers have started and files have been read once."""
    count = partial(_count_clips, loader)
    count()
    start = perf_counter()
    clips = count()
    return clips / (perf_counter() - start)


def _count_clips(loader: Loader) -> int:
    return sum(clips_of(clips) for batch in loader for clips in batch["clips"])
