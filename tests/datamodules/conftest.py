"""Shared by the tests of `datamodules`: real encoded videos whose pixels say where.

In a written clip, red is the frame's index, green the row and blue the column, without loss.
"""

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datamodules import VideoList
from datamodules.decoding import video_index
from datamodules.decoding.video import scan
from datamodules.decoding.video_facts import VideoFacts
from datamodules.decoding.write_video import write_video
from tests.datamodules.originals import Originals, write_originals

LOSSLESS = {"crf": "0", "preset": "ultrafast"}
SMALL_CLIPS: dict[str, Any] = {"num_segments": 4, "short_side": 16, "crop_size": 16}
REPOSITORY = Path(__file__).parents[2]


@pytest.fixture(scope="session")
def numbered_frames() -> Callable[..., np.ndarray]:
    """Return a maker of frames (n, H, W, 3): red is the index, green the row, blue the column."""

    def make(num_frames: int, height: int = 16, width: int = 24) -> np.ndarray:
        frames = np.zeros((num_frames, height, width, 3), dtype=np.uint8)
        frames[..., 0] = np.arange(num_frames)[:, None, None]
        frames[..., 1] = np.arange(height)[:, None]
        frames[..., 2] = np.arange(width)
        return frames

    return make


@pytest.fixture
def write_clip(tmp_path: Path, numbered_frames: Callable[..., np.ndarray]) -> Callable[..., Path]:
    """Return a function that writes numbered frames to a lossless video below the test's folder."""

    def write(
        name: str = "clip.mkv", num_frames: int = 20, height: int = 16, width: int = 24
    ) -> Path:
        path = tmp_path / name
        frames = numbered_frames(num_frames, height, width)
        write_video(path, frames, codec="libx264rgb", pixel_format="rgb24", options=LOSSLESS)
        return path

    return write


@pytest.fixture
def write_csv(tmp_path: Path) -> Callable[..., Path]:
    """Return a function that writes the lines of a csv below the test's folder."""

    def write(*lines: str, name: str = "list.csv") -> Path:
        path = tmp_path / name
        path.write_text("\n".join(lines) + "\n")
        return path

    return write


@pytest.fixture(scope="session")
def data_folder() -> Path:
    """Find the real data: `TEMPORAL_DATA`, or ../shared/data from the repository."""
    folder = Path(os.environ.get("TEMPORAL_DATA", REPOSITORY.parent / "shared" / "data"))
    if not folder.is_dir():
        pytest.skip(f"{folder} is absent; TEMPORAL_DATA names another folder of real data")
    return folder


@pytest.fixture
def video_list(tmp_path: Path) -> Callable[..., VideoList]:
    """Return a function that opens a list with small settings; its index is temporary."""

    def make(source: Path | str, **changes: Any) -> VideoList:
        settings = {
            **SMALL_CLIPS,
            "num_workers": 0,
            "index_dir": str(tmp_path / "index"),
            **changes,
        }
        return VideoList(str(source), **settings)

    return make


@pytest.fixture
def write_folders(tmp_path: Path, write_clip: Callable[..., Path]) -> Callable[..., Path]:
    """Return a function that writes copies of one clip into class folders."""

    def write(*names: str, root: str = "videos") -> Path:
        clip = write_clip(num_frames=12)
        for name in names:
            (tmp_path / root / name).parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(clip, tmp_path / root / name)
        return tmp_path / root

    return write


@pytest.fixture
def originals(tmp_path: Path) -> Originals:
    """Write a list of videos and folders of images to be packed."""
    return write_originals(tmp_path)


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the names of files that are decoded from here on."""
    names: list[str] = []

    def look(path: Path) -> VideoFacts:
        names.append(path.name)
        return scan(path)

    monkeypatch.setattr(video_index, "scan", look)
    return names
