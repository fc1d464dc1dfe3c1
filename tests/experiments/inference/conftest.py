"""Shared by these tests: a trained recognizer, its videos, and the command that predicts."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from experiments.inference import Recognizer, load_recognizer
from experiments.predict import main

Predict = Callable[..., Path]


@pytest.fixture(scope="session")
def recognizer(trained_once: Path) -> Recognizer:
    """The network of a tiny fit: TEINet, 4 frames of 32 pixels, 8 motions."""
    return load_recognizer(trained_once, device="cpu")


@pytest.fixture(scope="session")
def clip(shapes_root: Path, trained_once: Path) -> Path:
    """A video of the test split."""
    return min(path for path in shapes_root.rglob("*.mp4"))


@pytest.fixture
def predict(trained_once: Path, tmp_path: Path) -> Predict:
    """Predict videos; return the folder of the files."""

    def run(*arguments: object, run: Path = trained_once) -> Path:
        output = tmp_path / "predictions"
        main([*map(str, arguments), f"--ckpt_path={run}", f"--output={output}", "--device=cpu"])
        return output

    return run


@pytest.fixture
def videos(clip: Path, tmp_path: Path) -> Path:
    """A folder with videos at two depths, and other files."""
    folder = tmp_path / "videos"
    (folder / "deep" / "er").mkdir(parents=True)
    for place in ("a.mp4", "deep/er/b.mp4"):
        shutil.copy(clip, folder / place)
    (folder / "notes.txt").write_text("")
    return folder
