"""Lists of a few short videos, and the arguments of a small run on them."""

from pathlib import Path

import numpy as np

from datamodules.decoding.write_video import write_video
from tests.conftest import tiny_arguments

SETTINGS = ("short_side=32", "crop_size=32", "num_segments=4", "batch_size=2", "num_workers=0")


def write_short(path: Path, frames: int = 12) -> Path:
    """Write a video of grey frames."""
    write_video(path, np.full((frames, 32, 40, 3), 90, dtype=np.uint8))
    return path


def write_list(folder: Path, classes: dict[str, int], videos: int = 4) -> Path:
    """Write short videos of each class and a csv; the first of each class is for the test."""
    lines = ["path,label,split,name"]
    for name, label in classes.items():
        for number in range(videos):
            path = write_short(folder / f"{name}{number}.mp4")
            lines.append(f"{path.name},{label},{'train' if number else 'test'},{name}")
    (folder / "list.csv").write_text("\n".join(lines))
    return folder / "list.csv"


def list_arguments(source: Path, run_dir: Path) -> list[str]:
    """Name a list and a small network; there is no validation."""
    others = [arg for arg in tiny_arguments(source, run_dir) if not arg.startswith("--data")]
    return [
        *("--data=VideoList", f"--data.source={source}", *(f"--data.{arg}" for arg in SETTINGS)),
        *(f"--data.index_dir={source.parent}", "--checkpoint.monitor=null", *others),
    ]
