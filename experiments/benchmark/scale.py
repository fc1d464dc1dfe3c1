"""Measures what the start of a fit costs with many videos that the index knows.

python -m experiments.benchmark scale --videos 240000
"""

import argparse
import json
import subprocess
import sys
from collections.abc import Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from time import perf_counter, process_time

from datamodules.decoding.video import scan
from datamodules.decoding.video_index import VideoIndex
from datamodules.user_path import path_argument
from experiments.benchmark import scale_start
from experiments.benchmark.decode import find_videos
from experiments.benchmark.machine import describe_machine
from experiments.benchmark.scale_files import ScaleFiles, make_files
from experiments.benchmark.scale_first_step import first_step_table, measure_clips
from experiments.benchmark.scale_results import ProcessStart, ScaleResult, start_table
from experiments.benchmark.tables import show, write_json
from lightning_modules import RunError

HELP = "see what the start of a fit costs with hundreds of thousands of videos"
EPILOG = (
    "240,000 videos take 3 GB of disk and 5 minutes; they are removed at the end. They are small, "
    "and in the index before the measurement: how long the first scan of your own videos takes is "
    "computed with --clips."
)
FIRST_LOOKS = 20_000
REPOSITORY = Path(__file__).parents[2]
SOURCES = {"csv": "VideoList", "kinetics": "Kinetics400"}


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this subcommand's arguments."""
    parser.add_argument("--videos", type=int, default=240_000, help="how many; default: 240000")
    parser.add_argument("--processes", type=int, default=2, help="that train together; default: 2")
    parser.add_argument(
        "--folder",
        type=path_argument,
        default=None,
        help="where the files are made, to measure another disk; default: among temporary files",
    )
    parser.add_argument(
        "--json", type=path_argument, default=None, help="write everything to this file"
    )
    parser.add_argument(
        "--clips",
        type=path_argument,
        nargs="+",
        default=[],
        help="some of your videos, or their folder: then the time to the first step of so many new "
        "ones is computed, too",
    )
    parser.add_argument("--cores", type=int, default=16, help="for that; default: 16")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")


def run(options: argparse.Namespace, extra: Sequence[str]) -> None:
    """Measure and print.

    Raises:
        RunError: If an argument does not fit, or the files cannot be written.
        VideoDecodeError: If one of the clips does not decode.
    """
    if extra:
        raise RunError(f"{extra[0]}: no such option; see --help")
    if options.videos < 100 or min(options.processes, options.cores) < 1:
        raise RunError("--videos must be at least 100, --processes and --cores at least 1")
    if options.folder is not None and not options.folder.is_dir():
        raise RunError(f"{options.folder}: no such folder; --folder must name one")
    cost = measure_clips(find_videos(options.clips)) if options.clips else None
    with TemporaryDirectory(prefix="benchmark-scale-", dir=options.folder) as folder:
        files = make_files(Path(folder), options.videos)
        result = measure(files, options.videos, options.processes)
    facts = describe_machine()
    if options.json:
        write_json(options.json, {"machine": facts, **result.as_dict()})
    tables = [start_table(result)]
    if cost:
        start = max(process.cpu for process in result.starts)
        tables.append(first_step_table(cost, options.videos, options.cores, start))
    show(facts, tables, notes=[], markdown=options.markdown, file=options.json)


def measure(files: ScaleFiles, videos: int, processes: int) -> ScaleResult:
    """Measure the index alone, then the start of fits.

    Args:
        files: From `make_files`.
        videos: Their number.
        processes: Number of processes that train together.
    """
    starts = []
    for kind, name in SOURCES.items():
        source = files.csv if kind == "csv" else files.root
        starts += _start(kind, name, source, files.index, processes)
    return ScaleResult(videos, _scan_ms(files), _first_look(files), _look_up(files), starts)


def _scan_ms(files: ScaleFiles) -> float:
    sources = sorted((files.csv.parent / "sources").iterdir())
    start = process_time()
    for path in sources:
        scan(path)
    return 1000 * (process_time() - start) / len(sources)


def _first_look(files: ScaleFiles) -> dict[str, float]:
    """Look at the packets of some files, with an index that does not know them."""
    paths = [str(path) for path in islice(files.root.glob("*/*/*"), FIRST_LOOKS)]
    with TemporaryDirectory(dir=files.csv.parent) as folder:
        cpu, wall = process_time(), perf_counter()
        VideoIndex(folder).look_up(paths, look="packets")
        seconds = {"cpu": process_time() - cpu, "wall": perf_counter() - wall}
    return {"files": len(paths), **seconds}


def _look_up(files: ScaleFiles) -> dict[str, float]:
    paths = [str(path) for path in files.root.glob("*/*/*")]
    cpu, wall = process_time(), perf_counter()
    VideoIndex(files.index).look_up(paths)
    return {"cpu": process_time() - cpu, "wall": perf_counter() - wall}


def _start(kind: str, name: str, source: Path, index: Path, count: int) -> list[ProcessStart]:
    """Start a fit with some processes, in a program of its own."""
    with TemporaryDirectory() as results:
        program = [sys.executable, "-m", scale_start.__name__]
        arguments = [kind, str(source), str(index), results, str(count)]
        ended = subprocess.run(
            [*program, *arguments], cwd=REPOSITORY, capture_output=True, text=True, check=False
        )
        if ended.returncode:
            last = (ended.stderr.strip().splitlines() or ["without a message"])[-1]
            raise RunError(f"{name}: the start of a fit failed ({last})")
        files = [Path(results) / f"{rank}.json" for rank in range(count)]
        contents = [json.loads(file.read_text()) for file in files]
    return [ProcessStart(name, rank, count, **content) for rank, content in enumerate(contents)]
