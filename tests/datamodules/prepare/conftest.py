"""Shared by the tests of `datamodules.prepare`: a small list of real videos."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from datamodules.decoding.write_video import write_video
from datamodules.prepare.command_line import main

WriteClip = Callable[..., Path]


class Listed:
    """A csv of videos in a folder, and commands for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.csv = folder / "list.csv"
        self.index = folder / "index"
        self.output = folder.parent / "copies"

    def add(self, name: str, label: int, split: str) -> Path:
        """List a video, whether it exists or not."""
        if not self.csv.exists():
            self.csv.write_text("path,label,group,split,note\n")
        with self.csv.open("a") as stream:
            stream.write(f"{name},{label},{name},{split},said of {name}\n")
        return self.folder / name

    def data(self) -> list[str]:
        """Name the data on the command line."""
        return [
            "--data=VideoList",
            f"--data.source={self.csv}",
            f"--data.index_dir={self.index}",
        ]

    def run(self, command: str, *arguments: str) -> int:
        """Run a command; return its exit status."""
        return main([command, *self.data(), *arguments])

    def transcode(self, *arguments: str) -> int:
        """Run transcode; return its exit status."""
        return self.run("transcode", f"--output={self.output}", *arguments)


@pytest.fixture
def listed(tmp_path: Path) -> Listed:
    """List three videos: a/one.mp4 for training, a/two.mp4 to validate, b/three.mp4 to test."""
    folder = tmp_path / "videos"
    made = Listed(folder)
    rows, columns = np.indices((64, 96))
    for number, (name, split) in enumerate(
        [("a/one.mp4", "train"), ("a/two.mp4", "val"), ("b/three.mp4", "test")]
    ):
        frames = np.zeros((12 + number, 64, 96, 3), dtype=np.uint8)
        frames[..., 0] = 15 * np.arange(12 + number)[:, None, None]
        frames[..., 1], frames[..., 2] = 2 * rows, 2 * columns
        write_video(folder / name, frames, options={"crf": "10", "g": "100"})
        made.add(name, number % 2, split)
    return made
