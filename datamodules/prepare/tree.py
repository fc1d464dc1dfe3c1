"""Where copies lie: at the same place below the output as their sources below the root."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datamodules.base import VideoDataModule
from datamodules.errors import DataError


@dataclass(frozen=True)
class Copy:
    """A video and its copy.

    Attributes:
        source: The video.
        target: Where its copy lies.
    """

    source: Path
    target: Path

    @property
    def is_done(self) -> bool:
        """Tell whether the copy is there and newer than its source."""
        if not self.target.exists():
            return False
        return self.target.stat().st_mtime_ns >= self.source.stat().st_mtime_ns


def find_root(data: VideoDataModule, paths: Sequence[str]) -> Path:
    """Find the folder whose tree is copied.

    It is the data module's ``root`` if it has one that holds all listed videos, and otherwise
    the deepest folder that does, whatever part of the videos is there or asked for.

    Args:
        data: The data set.
        paths: Of all videos of all splits.
    """
    root = getattr(data, "root", None)
    folders = [Path(os.path.abspath(path)).parent for path in paths]
    if root is not None:
        full = Path(os.path.abspath(root))
        if all(folder.is_relative_to(full) for folder in folders):
            return full
    return Path(os.path.commonpath(folders))


def refuse_output(data: VideoDataModule, root: Path, output: Path) -> None:
    """Keep copies from sources: they would be overwritten, or every video found twice.

    Raises:
        DataError: If the output is the root of the tree, or lies where the data set looks.
    """
    place = output.resolve()
    searched = getattr(data, "root", None)
    if place == root.resolve() or (searched and place.is_relative_to(Path(searched).resolve())):
        raise DataError(f"{output}: lies among the videos; choose an output elsewhere")


def plan_copies(root: Path, output: Path, videos: Sequence[str], suffix: str) -> dict[str, Copy]:
    """Give each video its place in the output.

    Args:
        root: Holds all videos.
        output: Where copies go.
        videos: Their paths.
        suffix: Of copies.

    Raises:
        DataError: If two videos would share a place.
    """
    copies: dict[str, Copy] = {}
    owners: dict[Path, str] = {}
    for video in dict.fromkeys(videos):
        source = Path(os.path.abspath(video))
        place = output / source.relative_to(root)
        target = place.with_name((place.name if source.is_dir() else place.stem) + suffix)
        if owners.setdefault(target, video) != video:
            raise DataError(f"{video} and {owners[target]}: copies of both would be {target}")
        copies[video] = Copy(source, target)
    return copies


def stored_bytes(path: Path) -> int:
    """Count the bytes of a file, or of a folder's files."""
    if path.is_dir():
        return sum(entry.stat().st_size for entry in os.scandir(path) if entry.is_file())
    return path.stat().st_size
