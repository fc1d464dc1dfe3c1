"""Times reading 8 frames of videos in a pack, beside the same videos as loose files.

python -m experiments.benchmark pack videos/
"""

import argparse
import csv
import os
from collections.abc import Callable, Mapping, Sequence
from functools import partial
from pathlib import Path
from statistics import fmean, median
from tempfile import TemporaryDirectory

import torch

from datamodules.clips.frame_sampling import make_sampler
from datamodules.decoding.video import Video, scan
from datamodules.decoding.video_facts import VideoFacts
from datamodules.packs.find import find_packed
from datamodules.prepare.copies import write_copy
from datamodules.prepare.pack import pack_videos
from datamodules.prepare.transcode_settings import TranscodeSettings
from datamodules.user_path import path_argument
from datamodules.video_list import VideoList
from experiments.benchmark.decode import find_videos
from experiments.benchmark.machine import describe_machine
from experiments.benchmark.tables import Table, show, write_json
from experiments.benchmark.timing import CLOCKS, MS, take_turns
from lightning_modules import RunError

HELP = "time reading your videos from a pack, beside loose files"
EPILOG = (
    "Each video is measured as it is, and as a folder of JPEG frames. Loose files and pack are "
    "written to one temporary folder, and read in turns."
)
KINDS = ("whole videos", "folders of JPEG frames")
PLACES = ("loose", "pack")
Seconds = Mapping[str, Sequence[float]]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this subcommand's arguments."""
    parser.add_argument("files", nargs="+", type=Path, help="videos, or folders of videos")
    parser.add_argument("--frames", type=int, default=8, help="frames per video; default: 8")
    parser.add_argument("--repeats", type=int, default=15, help="repetitions; default: 15")
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="default: wall")
    parser.add_argument(
        "--cold", action="store_true", help="drop all files from the page cache before each read"
    )
    parser.add_argument(
        "--folder", type=path_argument, default=None, help="on the disk to be measured"
    )
    parser.add_argument(
        "--json", type=path_argument, default=None, help="write everything to this file"
    )
    parser.add_argument("--markdown", action="store_true", help="print Markdown")


def run(options: argparse.Namespace, extra: Sequence[str]) -> None:
    """Measure and print.

    Raises:
        RunError: If an argument is out of range, or a pack gives other frames.
        DataError: If a video cannot be used.
    """
    if extra:
        raise RunError(f"unknown arguments {' '.join(extra)}; see pack --help")
    if min(options.frames, options.repeats) < 1:
        raise RunError("--frames and --repeats must be at least 1")
    torch.set_num_threads(1)
    videos = find_videos(options.files)
    with TemporaryDirectory(dir=options.folder) as folder:
        seconds = _measure(videos, Path(folder), options)
    facts = describe_machine()
    facts["measured"] = (
        f"{options.frames} frames of each of {len(videos)} videos, one thread, median of "
        f"{options.repeats} interleaved repetitions, {options.clock} clock, page cache "
        f"{'dropped' if options.cold else 'warm'}"
    )
    if options.json:
        write_json(options.json, {"machine": facts, "seconds": seconds})
    show(facts, [result_table(seconds)], notes=[], markdown=options.markdown, file=options.json)


def result_table(seconds: Mapping[str, Sequence[Seconds]]) -> Table:
    """Show the time of a video, and loose files' time divided by the pack's.

    Args:
        seconds: For each kind, the seconds of each video: ``loose`` and ``pack``, one per
            repetition. The ratio is the median over all videos and repetitions.
    """
    rows = []
    for kind, videos in seconds.items():
        loose, pack = (fmean(median(video[place]) for video in videos) for place in PLACES)
        pairs = [pair for video in videos for pair in zip(*map(video.get, PLACES), strict=True)]
        ratio = median(one / other for one, other in pairs)
        rows.append([kind, f"{loose * MS:.2f}", f"{pack * MS:.2f}", f"{ratio:.3f}"])
    return Table("Reading from a pack", ["", "loose, ms", "pack, ms", "loose to pack"], rows)


def _measure(
    videos: Sequence[Path], folder: Path, options: argparse.Namespace
) -> dict[str, list[Seconds]]:
    settings = TranscodeSettings(format="jpeg")
    names: dict[str, list[str]] = {kind: [] for kind in KINDS}
    facts: dict[str, VideoFacts] = {}
    for number, video in enumerate(videos):
        name, frames = f"files/{number}{video.suffix}", f"frames/{number}"
        copy = folder / "loose" / name
        copy.parent.mkdir(parents=True, exist_ok=True)
        copy.write_bytes(video.read_bytes())
        facts[name] = scan(copy)
        write_copy(copy, facts[name], folder / "loose" / frames, settings)
        facts[frames] = scan(folder / "loose" / frames)
        names[KINDS[0]].append(name)
        names[KINDS[1]].append(frames)
    _pack(folder, list(facts))
    results: dict[str, list[Seconds]] = {}
    for kind, chosen in names.items():
        results[kind] = [_time(folder, name, facts[name], options) for name in chosen]
    return results


def _time(folder: Path, name: str, facts: VideoFacts, options: argparse.Namespace) -> Seconds:
    """Time reading one video in turns, loose and from the pack."""
    indices = make_sampler("segment", options.frames).spread_clips(facts.frames, 1)[0]
    videos = {
        place: Video(folder / place / name, facts.frames, facts.seek_index) for place in PLACES
    }
    loose, packed = (video.read(indices) for video in videos.values())
    if not find_packed(videos["pack"].path) or not torch.equal(loose, packed):
        raise RunError(f"{name}: the pack gives other frames than the file")
    jobs: dict[str, Callable[[], object]] = {
        place: partial(video.read, indices) for place, video in videos.items()
    }
    before = partial(_drop_caches, folder, name) if options.cold else lambda place: None
    return take_turns(jobs, options.repeats, CLOCKS[options.clock], before)


def _pack(folder: Path, names: Sequence[str]) -> None:
    source = folder / "loose" / "list.csv"
    with source.open("w", newline="") as stream:
        rows = csv.writer(stream)
        rows.writerow(["path", "label", "split"])
        rows.writerows([name, place % 2, "train"] for place, name in enumerate(names))
    data = VideoList(str(source), index_dir=str(folder / "index"))
    pack_videos(data, (), None, folder / "pack")


def _drop_caches(folder: Path, name: str, place: str) -> None:
    """Let the kernel forget the content of the files, which it does for those on a disk."""
    loose = folder / "loose" / name
    files = [loose] if loose.is_file() else list(loose.iterdir())
    for file in (*files, *(folder / "pack").iterdir()):
        descriptor = os.open(file, os.O_RDONLY)
        os.fsync(descriptor)
        os.posix_fadvise(descriptor, 0, 0, os.POSIX_FADV_DONTNEED)
        os.close(descriptor)
