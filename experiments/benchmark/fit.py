"""Measures train.py's fit end to end, beside its step alone and its loader alone.

python -m experiments.benchmark fit --config experiments/demo.yaml
"""

import argparse
import logging
from collections.abc import Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import torch
from rich.progress import track

from datamodules.base import VideoDataModule
from datamodules.decoding.video import scan
from datamodules.decoding.video_facts import VideoFacts
from datamodules.loading.video_records import VideoRecords
from datamodules.prepare.copies import write_copy
from datamodules.prepare.transcode_settings import TranscodeSettings
from experiments.benchmark.fit_results import FitResult, feeding_table, rate_table
from experiments.benchmark.fit_run import Plan, PreparedFit, transfer_rate
from experiments.benchmark.loader import make_loader, measure_loader
from experiments.benchmark.loader_results import USUAL_RATES
from experiments.benchmark.machine import describe_machine
from experiments.benchmark.stages import StageTimes, time_stages
from experiments.benchmark.tables import show, write_json
from lightning_modules import RunError

HELP = "see whether your GPU waits for data: train.py fit, the step alone, the loader alone"
EPILOG = (
    "Flags follow as for train.py fit, such as --trainer.precision bf16-mixed. The few videos are "
    "read again and again, so the disk is not measured. Nothing is kept of the trainings."
)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this subcommand's arguments."""
    parser.add_argument("--config", type=Path, required=True, help="an experiment's YAML")
    parser.add_argument("--videos", type=int, default=64, help="at most so many; default: 64")
    parser.add_argument("--steps", type=int, default=30, help="timed steps; default: 30")
    parser.add_argument("--warmup", type=int, default=5, help="steps before them; default: 5")
    parser.add_argument(
        "--transcode",
        action="store_true",
        help="measure copies as of prepare transcode, too; they take seconds per video",
    )
    parser.add_argument(
        "--gpu_clips_per_second",
        type=float,
        nargs="+",
        default=USUAL_RATES,
        metavar="N",
        help="what other GPUs train; default: usual rates",
    )
    parser.add_argument("--json", type=Path, default=None, help="write everything to this file")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")


def run(options: argparse.Namespace, extra: Sequence[str]) -> None:
    """Measure and print.

    Raises:
        RunError: If an argument does not fit.
        DataError: If the videos or a setting cannot be used.
    """
    rates: Sequence[float] = options.gpu_clips_per_second
    if min(options.videos, options.steps, options.warmup) < 1 or min(rates) <= 0:
        raise RunError("--videos, --steps, --warmup and --gpu_clips_per_second must be above 0")
    if not options.config.is_file():
        raise RunError(f"{options.config}: no such experiment; see experiments/")
    logging.getLogger("pytorch_lightning").setLevel(logging.WARNING)  # run folders do not stay
    plan = Plan(options.videos, options.warmup, options.steps)
    arguments = [f"--config={options.config}", *extra]
    with TemporaryDirectory() as folder:
        result, measured = measure_fit(arguments, plan, Path(folder), copies=options.transcode)
    facts = {**describe_machine(), "measured": f"{options.config}, {measured}"}
    if options.json:
        write_json(options.json, {"machine": facts, **result.as_dict(rates)})
    tables = [rate_table(result), feeding_table(result, rates)]
    show(facts, tables, notes=[], markdown=options.markdown, file=options.json)


def measure_fit(
    arguments: Sequence[str], plan: Plan, folder: Path, *, copies: bool
) -> tuple[FitResult, str]:
    """Measure the loader alone, then the step alone, then both together.

    Args:
        arguments: As for ``train.py fit``.
        plan: How many videos and steps.
        folder: For run folders and copies.
        copies: Whether to measure transcoded copies, too.

    Returns:
        The result, and the conditions in words.
    """
    in_memory, from_files = (
        PreparedFit(arguments, folder / name, plan) for name in ("memory", "files")
    )
    data, device = from_files.data, from_files.device
    threads = torch.get_num_threads()
    torch.set_num_threads(1)  # a loader worker has one
    loader = measure_loader(data, "train")
    copy_stages = _time_copies(in_memory.data, folder / "copies") if copies else None
    torch.set_num_threads(threads)
    batch = in_memory.first_batch()
    transfer = transfer_rate(batch, device)
    result = FitResult(
        step=in_memory.run(batch),
        fit=from_files.run(),
        loader=loader.whole,
        transfer=transfer,
        workers=loader.workers,
        on_gpu=device.type != "cpu",
        stages=loader.stages,
        copy_stages=copy_stages,
    )
    name = torch.cuda.get_device_name(device) if device.type == "cuda" else "the CPU"
    return result, (
        f"trained on {name} ({from_files.trainer.precision}), batches of {data.batch_size} clips "
        f"of {data.num_segments} frames, {plan.steps} steps after {plan.warmup} untimed ones, "
        f"{from_files.videos} different videos"
    )


def _time_copies(data: VideoDataModule, folder: Path) -> StageTimes:
    """Transcode the training videos and time the stages of reading the copies."""
    records = data.records["train"]
    settings = TranscodeSettings()
    copies: dict[str, Path] = {}
    facts: dict[str, VideoFacts] = {}
    paths = [str(path) for path in records.paths]
    for path in track(list(dict.fromkeys(paths)), "Transcoding", transient=True):
        copies[path] = folder / f"{len(copies)}{settings.suffix}"
        write_copy(Path(path), scan(Path(path)), copies[path], settings)
        facts[path] = scan(copies[path])
    data.records["train"] = VideoRecords.of(
        [str(copies[path]) for path in paths], records.labels.tolist(), [facts[p] for p in paths]
    )
    dataset: Any = make_loader(data, "train").dataset
    return time_stages(dataset, data.batch_size)
