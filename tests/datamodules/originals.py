"""A list of videos and folders of images, and commands that pack them."""

from pathlib import Path

import numpy as np
from PIL import Image

from datamodules.decoding.write_video import write_video
from datamodules.prepare.command_line import main

FILES = ("a/one.mp4", "a/two.avi", "b/three é.webm")
FOLDERS = ("frames/7", "frames/8")
NAMES = (*FILES, *FOLDERS)
CODECS = {
    ".mp4": ("libx264", "yuv420p"),
    ".avi": ("mpeg4", "yuv420p"),
    ".webm": ("libvpx", "yuv420p"),
}


class Originals:
    """A csv with three videos and two folders of images, and commands for it."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder / "videos"
        self.csv = self.folder / "list.csv"
        self.index = folder / "index"
        self.pack = folder / "pack"

    def run(self, command: str, *arguments: str, source: Path | None = None) -> int:
        """Run a command of prepare; return its exit status."""
        data = ("--data=VideoList", f"--data.source={source or self.csv}")
        return main([command, *data, f"--data.index_dir={self.index}", *arguments])

    def packed(self, *arguments: str) -> int:
        """Write the pack in several tar files; return the exit status."""
        return self.run("pack", f"--output={self.pack}", "--shard_mib=0.03", "--jobs=1", *arguments)

    def list_only(self, *names: str) -> None:
        """Write a csv of some of the videos."""
        rows = [f"{name},{number % 2},train" for number, name in enumerate(names)]
        self.csv.write_text("\n".join(["path,label,split", *rows]) + "\n")


def write_originals(folder: Path) -> Originals:
    """Write the videos and their list."""
    made = Originals(folder)
    noise = np.random.default_rng(0)
    for name in FILES:
        codec, pixels = CODECS[Path(name).suffix]
        frames = noise.integers(0, 255, (20, 48, 64, 3), dtype=np.uint8)
        write_video(made.folder / name, frames, codec=codec, pixel_format=pixels)
    for name in FOLDERS:
        (made.folder / name).mkdir(parents=True)
        for number in range(1, 10):
            image = Image.fromarray(noise.integers(0, 255, (48, 64, 3), dtype=np.uint8))
            image.save(made.folder / name / f"{number:05d}.jpg")
    made.list_only(*NAMES)
    return made
