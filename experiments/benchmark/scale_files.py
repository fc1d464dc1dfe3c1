"""A data set of many small files, in the places and with the lists that are usual."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from datamodules.decoding.video import scan
from datamodules.decoding.video_facts import VideoFacts
from datamodules.decoding.video_index import VideoIndex
from datamodules.decoding.write_video import write_video
from datamodules.lists.class_names import read_class_names
from lightning_modules import RunError

SOURCES = 8
FRAMES = 250
SIDE = 32
ROWS_AT_A_TIME = 10_000
VALIDATION_SHARE = 20
"""One video in so many is for validation."""


@dataclass(frozen=True)
class ScaleFiles:
    """The files of one measurement.

    Attributes:
        root: Folder of the videos, which also holds Kinetics-400's lists.
        csv: The same videos as a list of one's own.
        index: Folder of the index, which knows all of them.
    """

    root: Path
    csv: Path
    index: Path


def make_files(folder: Path, videos: int) -> ScaleFiles:
    """Write so many videos, their lists, and an index that knows them.

    Each is a copy of one of a few: links to one file would count as one video. They are named and
    arranged like Kinetics-400.

    Args:
        folder: An empty or new folder.
        videos: How many.

    Raises:
        RunError: If the folder is not empty or the disk does not take them.
    """
    files = ScaleFiles(folder / "videos", folder / "list.csv", folder / "index")
    classes = read_class_names("kinetics400")
    try:
        sources = list(_write_sources(folder / "sources"))
        for name in classes[:videos]:
            (files.root / "train" / name).mkdir(parents=True)
        _write_lists(files, classes, videos)
        index = VideoIndex(files.index)
        for start in range(0, videos, ROWS_AT_A_TIME):
            known: dict[str, VideoFacts] = {}
            for number in range(start, min(start + ROWS_AT_A_TIME, videos)):
                content, facts = sources[number % len(sources)]
                path = files.root / place_of(number, classes)
                path.write_bytes(content)
                known[str(path)] = facts
            index.keep(known)
    except OSError as error:
        raise RunError(
            f"{error.filename or folder}: cannot be written ({error.strerror}); name another "
            "folder with --folder"
        ) from None
    return files


def place_of(number: int, classes: tuple[str, ...]) -> str:
    """Return the path of a video below the root."""
    return f"train/{classes[number % len(classes)]}/{_identifier(number)}_000010_000020.mp4"


def _identifier(number: int) -> str:
    return f"v{number:010d}"


def _write_lists(files: ScaleFiles, classes: tuple[str, ...], videos: int) -> None:
    """Write Kinetics-400's two lists, and a list of one's own."""
    official: dict[str, list[str]] = {"train": [], "val": []}
    own = ["path,label,split"]
    for number in range(videos):
        name = classes[number % len(classes)]
        split = "train" if (number // len(classes)) % VALIDATION_SHARE else "val"
        official[split].append(f'"{name}",{_identifier(number)},10,20,{split}')
        own.append(f'"{place_of(number, classes)}","{name}",{split}')
    for split, rows in official.items():
        header = "label,youtube_id,time_start,time_end,split"
        (files.root / f"{split}.csv").write_text("\n".join([header, *rows]) + "\n")
    files.csv.write_text("\n".join(own) + "\n")


def _write_sources(folder: Path) -> Iterator[tuple[bytes, VideoFacts]]:
    """Yield a few different videos: their content, and their facts."""
    for number in range(SOURCES):
        path = folder / f"{number}.mp4"
        write_video(path, _frames(FRAMES + 5 * number), options={"g": "24"})
        yield path.read_bytes(), scan(path)


def _frames(count: int) -> NDArray[np.uint8]:
    """Draw a square that moves; such videos take a few kilobytes."""
    frames = np.zeros((count, SIDE, SIDE, 3), dtype=np.uint8)
    for number, frame in enumerate(frames):
        place = number % (SIDE - 8)
        frame[place : place + 8, place : place + 8] = 200
    return frames
