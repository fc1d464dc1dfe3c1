"""Times reading evenly spread frames of files, here and by other libraries, on one thread."""

import argparse
from collections.abc import Callable, Sequence
from fnmatch import fnmatch
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory

import torch
from rich.progress import track

from datamodules.clips.frame_sampling import make_sampler
from datamodules.decoding.video_facts import VideoFacts
from datamodules.decoding.video_scan import scan_video
from datamodules.lists.video_files import VIDEO_SUFFIXES
from datamodules.user_path import path_argument
from experiments.benchmark import vp9
from experiments.benchmark.decode_results import (
    FileResult,
    file_table,
    group_table,
    libraries,
    ratio,
)
from experiments.benchmark.machine import describe_machine
from experiments.benchmark.readers import (
    OTHER_LIBRARIES,
    OTHER_PACKAGES,
    Reader,
    find_other_readers,
    our_readers,
)
from experiments.benchmark.same_frames import Verdict, compare, read_truth
from experiments.benchmark.tables import show, write_json
from experiments.benchmark.timing import CLOCKS, take_turns
from lightning_modules import RunError

HELP = "time reading frames of your videos, compared with torchcodec and decord"
EPILOG = (
    f"The other libraries are optional: pip install -r {OTHER_LIBRARIES}. Each reader opens the "
    "file and returns the middle frames of equal parts as uint8 RGB."
)
Group = tuple[str, str]


def add_arguments(parser: argparse.ArgumentParser) -> None:
    """Add this subcommand's arguments."""
    parser.add_argument("files", nargs="*", type=Path, help="videos, or folders of videos")
    parser.add_argument("--frames", type=int, default=8, help="frames per file; default: 8")
    parser.add_argument(
        "--repeats", type=int, default=9, help="repetitions; default: 9, interleaved"
    )
    parser.add_argument(
        "--vp9",
        nargs="+",
        type=Path,
        default=[],
        metavar="FILE",
        help="videos to transcode to VP9, the format of Something-Something V2, and measure",
    )
    parser.add_argument(
        "--group",
        action="append",
        type=_group,
        default=[],
        metavar="NAME=GLOB",
        help="group files whose path matches, under a name; default: by codec and container",
    )
    parser.add_argument("--clock", choices=CLOCKS, default="wall", help="default: wall")
    parser.add_argument(
        "--json", type=path_argument, default=None, help="write everything to this file"
    )
    parser.add_argument("--markdown", action="store_true", help="print Markdown")


def run(options: argparse.Namespace, extra: Sequence[str]) -> None:
    """Measure and print.

    Raises:
        RunError: If there is nothing to measure, or an argument is out of range.
        VideoDecodeError: If a file does not decode.
    """
    if extra:
        raise RunError(f"unknown arguments {' '.join(extra)}; see decode --help")
    if min(options.frames, options.repeats) < 1:
        raise RunError("--frames and --repeats must be at least 1")
    files = find_videos(options.files)
    originals = find_videos(options.vp9)
    if not files and not originals:
        raise RunError("no video to measure; name files or folders")
    torch.set_num_threads(1)
    others, absent = find_other_readers()
    readers = [*our_readers(), *others]
    with TemporaryDirectory() as folder:
        made = [vp9.transcode(path, Path(folder)) for path in originals]
        labels: list[Group] = [*options.group, ("vp9 webm, transcoded", f"{folder}/*")]
        measure = partial(
            measure_file,
            readers=readers,
            frames=options.frames,
            repeats=options.repeats,
            clock=CLOCKS[options.clock],
            groups=labels,
        )
        results = [measure(path) for path in track([*files, *made], "Measuring", transient=True)]
    facts = describe_machine(*OTHER_PACKAGES)
    facts["measured"] = (
        f"{options.frames} frames per file, one thread, median of {options.repeats} interleaved "
        f"repetitions, {options.clock} clock"
    )
    notes = [*absent, *([vp9.NOTE] if made else [])]
    _report(facts, results, readers, notes, options)


def find_videos(places: Sequence[Path]) -> list[Path]:
    """List files, and the videos below folders.

    Raises:
        RunError: If a place does not exist, or a folder holds no video.
    """
    files: list[Path] = []
    for place in places:
        if place.is_dir():
            found = sorted(
                file for file in place.rglob("*") if file.suffix.lower() in VIDEO_SUFFIXES
            )
            if not found:
                raise RunError(f"{place}: holds no video")
            files += found
        elif place.is_file():
            files.append(place)
        else:
            raise RunError(f"{place}: no such file or folder")
    return list(dict.fromkeys(files))


def measure_file(
    path: Path,
    *,
    readers: Sequence[Reader],
    frames: int,
    repeats: int,
    clock: Callable[[], float],
    groups: Sequence[Group] = (),
) -> FileResult:
    """Check the frames that each reader returns for one file, then time them in turns.

    Raises:
        VideoDecodeError: If it does not decode.
    """
    facts = scan_video(path)
    indices = make_sampler("segment", frames).spread_clips(facts.frames, 1)[0].tolist()
    truth = read_truth(path, indices)
    verdicts: dict[str, Verdict] = {}
    failures: dict[str, str] = {}
    jobs: dict[str, Callable[[], object]] = {}
    for reader in readers:
        try:
            verdicts[reader.name] = compare(reader.read(path, indices, facts.seek_index), truth)
        except Exception as error:  # any error of another library is a result
            failures[reader.name] = " ".join(str(error).split())[:200] or type(error).__name__
        else:
            jobs[reader.name] = partial(reader.read, path, indices, facts.seek_index)
    seconds = take_turns(jobs, repeats, clock)
    return FileResult(
        path=path,
        group=group_of(path, facts, groups),
        frames=facts.frames,
        width=facts.width,
        height=facts.height,
        indexed=bool(facts.seek_index),
        seconds=seconds,
        verdicts=verdicts,
        failures=failures,
    )


def group_of(path: Path, facts: VideoFacts, groups: Sequence[Group]) -> str:
    """Return a file's group: the first whose pattern matches its path, else codec and container."""
    named = (name for name, pattern in groups if fnmatch(str(path), pattern))
    return next(named, f"{facts.codec} {path.suffix.lower().lstrip('.')}")


def _group(text: str) -> Group:
    name, separator, pattern = text.partition("=")
    if not (name and separator and pattern):
        raise argparse.ArgumentTypeError(f"{text!r} is not NAME=GLOB")
    return name, pattern


def _report(
    facts: dict[str, str],
    results: Sequence[FileResult],
    readers: Sequence[Reader],
    notes: Sequence[str],
    options: argparse.Namespace,
) -> None:
    tables = [group_table(results, readers), file_table(results, readers)]
    if options.json:
        others = libraries(readers)
        files = [
            {**r.as_dict(), "ratios": {library: ratio(r, others[library]) for library in others}}
            for r in results
        ]
        write_json(options.json, {"machine": facts, "notes": list(notes), "files": files})
    show(facts, tables, notes=notes, markdown=options.markdown, file=options.json)
