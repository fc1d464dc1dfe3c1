"""Measures networks as TEINet's table 2 and TSI's table 5 do: all rows in one run on one device.

python -m experiments.benchmark model --device cuda --train
"""

import argparse
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from typing import TypeVar

from rich.console import Console
from rich.progress import Progress
from torch import nn

from datamodules.user_path import path_argument
from experiments.benchmark.model_counts import PAPER_SIZE, count
from experiments.benchmark.model_device import DEVICES, PRECISIONS, Device
from experiments.benchmark.model_results import RowResult, reference_of
from experiments.benchmark.model_rows import ROWS, Row, choose_rows
from experiments.benchmark.model_tables import (
    PAPER_BATCH,
    cost_table,
    ratio_table,
    remarks,
    speed_table,
    training_table,
)
from experiments.benchmark.model_timing import Measured, Pass, Plan, TrainingStep, measure
from experiments.benchmark.tables import show, write_json
from experiments.benchmark.timing import CLOCKS
from lightning_modules import RunError

HELP = "parameters, multiply-adds, latency, throughput, memory and training steps of the networks"
EPILOG = (
    f"Rows: {', '.join(ROWS)}. Networks have random weights and 400 classes; clips are random. The "
    "rows take turns, so that other load on the machine slows all of them. On a CPU, the papers' "
    "batch of 16 takes long; --size 112 takes about a quarter of the time, at other ratios. There, "
    "glibc returns large tensors to the system after each use and allocates them again; "
    "MALLOC_MMAP_THRESHOLD_=8589934592 MALLOC_TRIM_THRESHOLD_=8589934592 before the command "
    "keeps them. --compile takes minutes per network."
)
SMALLEST = 32
CPU_BATCH, GPU_TRAIN_BATCH = 2, 8
"""Default batches: small for a CPU; for training, TSI's batch per GPU with 8 frames."""

CONDITIONS = (
    *("device", "size", "precision", "channels_last", "compile", "clock"),
    *("batch", "train_batch", "repeats", "warmup"),
)
"""Options that times depend on."""

PassMaker = TypeVar("PassMaker", bound=Pass)


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this subcommand's arguments."""
    parser.add_argument("--rows", nargs="+", default=[], metavar="ROW", help="default: all")
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="default: cpu")
    parser.add_argument("--size", type=int, default=PAPER_SIZE, help="pixels; default: 224")
    parser.add_argument("--precision", choices=PRECISIONS, default="fp32", help="default: fp32")
    parser.add_argument(
        "--channels_last", action="store_true", help="memory format of training here"
    )
    parser.add_argument("--compile", action="store_true", help="use torch.compile")
    parser.add_argument(
        "--batch", type=int, help="clips of a throughput pass; default: 16, on a CPU 2"
    )
    parser.add_argument("--train", action="store_true", help="time training steps too")
    parser.add_argument(
        "--train_batch", type=int, help="clips of a training step; default: 8, on a CPU 1"
    )
    parser.add_argument("--repeats", type=int, help="timed passes; default: 30, on a CPU 5")
    parser.add_argument("--warmup", type=int, help="passes before them; default: 5, on a CPU 1")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="default: wall")
    parser.add_argument(
        "--json", type=path_argument, default=None, help="write everything to this file"
    )
    parser.add_argument("--markdown", action="store_true", help="print Markdown")


def run(options: argparse.Namespace, extra: Sequence[str]) -> None:
    """Measure and print.

    Raises:
        RunError: If an argument is out of range, or there is no such device.
    """
    if extra:
        raise RunError(f"unknown arguments {' '.join(extra)}; see model --help")
    rows = choose_rows(options.rows)
    device = Device(
        options.device, options.precision, options.channels_last, options.compile, options.clock
    )
    _fill_defaults(options, on_gpu=device.on_gpu)
    _require_sizes(options)
    results = measure_rows(rows, device, options)
    _report(results, device, options)


def _fill_defaults(options: argparse.Namespace, *, on_gpu: bool) -> None:
    """Fill in the options that were not given, so that a run takes minutes."""
    defaults = {
        "batch": PAPER_BATCH if on_gpu else CPU_BATCH,
        "train_batch": GPU_TRAIN_BATCH if on_gpu else 1,
        "repeats": 30 if on_gpu else 5,
        "warmup": 5 if on_gpu else 1,
    }
    for name, value in defaults.items():
        if getattr(options, name) is None:
            setattr(options, name, value)


def _require_sizes(options: argparse.Namespace) -> None:
    if options.size < SMALLEST:
        raise RunError(f"--size {options.size}: networks need at least {SMALLEST} pixels")
    for name in ("batch", "train_batch", "repeats", "warmup"):
        if (value := getattr(options, name)) < 1:
            raise RunError(f"--{name} {value} must be at least 1")


def measure_rows(
    rows: Sequence[Row], device: Device, options: argparse.Namespace
) -> list[RowResult]:
    """Count, then time each kind of pass, with all rows in turns.

    Raises:
        RunError: If a network does not compile, or memory runs out while timing.
    """
    plan = Plan(options.warmup, options.repeats)
    passes = len(rows) * (plan.warmup + plan.repeats)
    with Progress(console=Console(stderr=True), transient=True) as progress:
        counts = {r.name: count(r) for r in progress.track(rows, description="Counting")}
        device.prepare()
        networks = {row.name: device.place(row.build()) for row in rows}

        def timed(title: str, kind: type[PassMaker], batch: int) -> Mapping[str, Measured]:
            task = progress.add_task(f"{title}, batch {batch}", total=passes)
            makers = {
                row.name: partial(_make, kind, networks[row.name], row, device, batch, options.size)
                for row in rows
            }
            advance: Callable[[], None] = partial(progress.advance, task)
            return measure(makers, batch, device, plan, advance)

        latency = timed("Latency", Pass, 1)
        throughput = latency if options.batch == 1 else timed("Throughput", Pass, options.batch)
        training: Mapping[str, Measured] = {}
        if options.train:
            training = timed("Training", TrainingStep, options.train_batch)
    return [
        RowResult(r, counts[r.name], latency[r.name], throughput[r.name], training.get(r.name))
        for r in rows
    ]


def _make(
    kind: type[PassMaker], network: nn.Module, row: Row, device: Device, batch: int, size: int
) -> PassMaker:
    return kind(network, device.clips(batch, row.frames, size), device)


def _report(results: Sequence[RowResult], device: Device, options: argparse.Namespace) -> None:
    facts = device.describe()
    facts["measured"] = (
        f"median of {options.repeats} interleaved passes after {options.warmup} untimed ones, "
        "data on the device, random weights"
    )
    notes = remarks(options.size, options.batch)
    tables = [cost_table(results), speed_table(results, options.size), ratio_table(results)]
    if options.train:
        tables.append(training_table(results, options.size))
    if options.json:
        reference = reference_of(results)
        content = {
            "machine": facts,
            "conditions": {name: getattr(options, name) for name in CONDITIONS},
            "notes": notes,
            "rows": [result.as_dict(reference) for result in results],
        }
        write_json(options.json, content)
    show(facts, tables, notes=notes, markdown=options.markdown, file=options.json)
