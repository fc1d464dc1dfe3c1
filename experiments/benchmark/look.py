"""Times the look through files before a training, as multiples of decoding them once."""

import argparse
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import median

import torch
from rich.progress import track

from datamodules.decoding.packet_look import look_at_packets
from datamodules.decoding.video_facts import VideoFacts
from datamodules.decoding.video_scan import scan_video
from datamodules.decoding.video_stream import iterate_frames
from experiments.benchmark.decode import find_videos
from experiments.benchmark.machine import describe_machine
from experiments.benchmark.tables import Table, show
from experiments.benchmark.timing import CLOCKS, median_ms, take_turns
from lightning_modules import RunError

HELP = "time the look through your videos that precedes a training"
EPILOG = (
    "One thread. Decoding a file once means all its frames in order, without conversion to RGB."
)
PLAIN, LOOK, PACKETS = "plain", "look", "packets"


@dataclass(frozen=True)
class FileResult:
    """One file.

    Attributes:
        path: The file.
        facts: What the look has found.
        plain: Median milliseconds of decoding it once.
        look: Median milliseconds of a full look.
        packets: Median milliseconds of a look at the packets only.
    """

    path: Path
    facts: VideoFacts
    plain: float
    look: float
    packets: float

    @property
    def ratio(self) -> float:
        """The full look, in decodings of the file."""
        return self.look / self.plain


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this subcommand's arguments."""
    parser.add_argument("files", nargs="+", type=Path, help="videos, or folders of videos")
    parser.add_argument(
        "--repeats", type=int, default=9, help="repetitions; default: 9, interleaved"
    )
    parser.add_argument("--clock", choices=CLOCKS, default="cpu", help="default: cpu")
    parser.add_argument("--markdown", action="store_true", help="print Markdown")


def run(options: argparse.Namespace, extra: Sequence[str]) -> None:
    """Measure and print.

    Raises:
        RunError: If there is nothing to measure, or an argument is out of range.
        VideoDecodeError: If a file does not decode.
    """
    if extra:
        raise RunError(f"unknown arguments {' '.join(extra)}; see look --help")
    if options.repeats < 1:
        raise RunError("--repeats must be at least 1")
    torch.set_num_threads(1)
    clock = CLOCKS[options.clock]
    files = track(find_videos(options.files), "Measuring", transient=True)
    results = [measure_file(path, options.repeats, clock) for path in files]
    facts = describe_machine()
    facts["measured"] = (
        f"one thread, median of {options.repeats} interleaved repetitions, {options.clock} clock"
    )
    tables = [group_table(results), file_table(results)]
    show(facts, tables, notes=[], markdown=options.markdown, file=None)


def measure_file(path: Path, repeats: int, clock: Callable[[], float]) -> FileResult:
    """Time all in turns.

    Raises:
        VideoDecodeError: If it does not decode.
    """
    facts = scan_video(path)

    def decode() -> None:
        for _ in iterate_frames(path):
            pass

    jobs = {
        PLAIN: decode,
        LOOK: lambda: scan_video(path),
        PACKETS: lambda: look_at_packets(path),
    }
    seconds = take_turns(jobs, repeats, clock)
    return FileResult(path, facts, *(median_ms(seconds[name]) for name in jobs))


def group_table(results: Sequence[FileResult]) -> Table:
    """Summarise the files of each codec and container."""
    groups: dict[str, list[FileResult]] = {}
    for result in results:
        name = f"{result.facts.codec} {result.path.suffix.lower().lstrip('.')}"
        groups.setdefault(name, []).append(result)
    rows = []
    for name, members in groups.items():
        ratios = [member.ratio for member in members]
        shown = [f"{value:.2f}" for value in (median(ratios), min(ratios), max(ratios))]
        indexed = sum(bool(member.facts.seek_index) for member in members)
        rows.append([name, str(len(members)), *shown, f"{indexed} of {len(members)}"])
    headings = ["group", "files", "median", "least", "most", "with a seek index"]
    return Table("Cost of the look, in decodings of the file", headings, rows)


def file_table(results: Sequence[FileResult]) -> Table:
    """List all files."""
    rows = [
        [
            result.path.name,
            f"{result.facts.width}x{result.facts.height}, {result.facts.frames}",
            str(result.facts.keyframes),
            f"{result.plain:.1f}",
            f"{result.look:.1f}",
            f"{result.ratio:.2f}",
            f"{result.packets:.1f}",
        ]
        for result in results
    ]
    headings = [
        "file",
        "size, frames",
        "keyframes",
        "decoding, ms",
        "look, ms",
        "ratio",
        "packets, ms",
    ]
    return Table("Files", headings, rows)
