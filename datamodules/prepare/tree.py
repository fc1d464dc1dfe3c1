"""Maps videos to the paths of their copies: the same path below another folder."""

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from datamodules.base import VideoDataModule
from datamodules.errors import DataError
from datamodules.packs.find import find_packed, is_folder


@dataclass(frozen=True)
class Copy:
    """A video and its copy.

    Attributes:
        source: The video.
        target: The path of its copy.
    """

    source: Path
    target: Path

    @property
    def is_done(self) -> bool:
        """Whether the copy exists and is newer than its source."""
        if not self.target.exists():
            return False
        packed = find_packed(self.source)
        source = packed.shard.path if packed else self.source
        return self.target.stat().st_mtime_ns >= source.stat().st_mtime_ns


def find_root(data: VideoDataModule, paths: Sequence[str]) -> Path:
    """Find the folder whose tree is copied.

    It is the ``root`` of the data module if all listed videos are below it, otherwise their
    deepest common folder. It does not depend on which videos exist or which splits are copied.

    Args:
        data: The data set.
        paths: The paths of all videos of all splits.
    """
    root = getattr(data, "root", None)
    folders = [Path(os.path.abspath(path)).parent for path in paths]
    if root is not None:
        full = Path(os.path.abspath(root))
        if all(folder.is_relative_to(full) for folder in folders):
            return full
    return Path(os.path.commonpath(folders))


def refuse_output(data: VideoDataModule, root: Path, output: Path) -> None:
    """Refuse an output among the sources: files would be overwritten, or videos found twice.

    Raises:
        DataError: If the output is the root, or is in the folder that the data set searches.
    """
    place = output.resolve()
    searched = getattr(data, "root", None)
    if place == root.resolve() or (searched and place.is_relative_to(Path(searched).resolve())):
        raise DataError(f"{output}: is among the videos; choose an output elsewhere")


def plan_copies(root: Path, output: Path, videos: Sequence[str], suffix: str) -> dict[str, Copy]:
    """Return the copy of each video, at the same relative path in the output.

    Args:
        root: The folder of all videos.
        output: The folder of the copies.
        videos: The paths of the videos.
        suffix: The ending of copies.

    Raises:
        DataError: If two videos would have the same copy.
    """
    copies: dict[str, Copy] = {}
    owners: dict[Path, str] = {}
    for video in dict.fromkeys(videos):
        source = Path(os.path.abspath(video))
        place = output / source.relative_to(root)
        target = place.with_name((place.name if is_folder(source) else place.stem) + suffix)
        if owners.setdefault(target, video) != video:
            raise DataError(f"{video} and {owners[target]}: copies of both would be {target}")
        copies[video] = Copy(source, target)
    return copies


def stored_bytes(path: Path) -> int:
    """Return the size of a file, or of the files in a folder, in bytes."""
    if packed := find_packed(path):
        return packed.size
    if path.is_dir():
        return sum(entry.stat().st_size for entry in os.scandir(path) if entry.is_file())
    return path.stat().st_size
