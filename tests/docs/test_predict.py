"""The commands and the Python of docs/predict.md and of README's prediction run as they stand."""

import shlex
import shutil
from pathlib import Path

import numpy as np
import pytest

from datamodules.decoding.write_video import write_video
from experiments import predict
from tests.docs.guide import code
from train import main

PAGE, README = "predict.md", "../README.md"
PROGRAMS = {
    "python train.py ": main,
    "python -m experiments.predict ": predict.main,
}


@pytest.fixture
def place(
    run_dir: Path, shapes_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """A working folder with the run and the videos that the page names."""
    run_dir.rename(tmp_path / "moved")
    (tmp_path / "runs").mkdir()
    (tmp_path / "moved").rename(tmp_path / "runs" / "my_videos")
    (tmp_path / "videos").mkdir()
    clip = min(shapes_root.rglob("*.mp4"))
    for name in ("clip.mp4", "videos/a.mp4"):
        shutil.copy(clip, tmp_path / name)
    (tmp_path / "new.csv").write_text("path\nvideos/a.mp4\n")
    noise = np.random.default_rng(0).integers(256, size=(25, 32, 40, 3), dtype=np.uint8)
    write_video(tmp_path / "long.mp4", noise, fps=5)
    monkeypatch.chdir(tmp_path)
    return tmp_path


def test_every_command_of_the_page_runs(place: Path) -> None:
    lines = [line for block in code(PAGE, "bash") for line in block.splitlines()]
    assert len(lines) >= 6
    for line in lines:
        program = next(program for program in PROGRAMS if line.startswith(program))
        PROGRAMS[program](shlex.split(line.removeprefix(program)))
    assert {path.name for path in (place / "predictions").iterdir()} >= {
        *("clip_1x1.csv", "clip_1x1.pt", "videos_2x3.csv"),
        *("long_1x1_windows_4s_1s.csv", "long_1x1_windows_4s_1s.pt"),
        "videos_1x1_features_classifier_input.pt",
    }
    rendered = place / "predictions" / "long_1x1_render_4s_1s"
    assert {path.name for path in rendered.iterdir()} == {"long.mp4", "long_maps.png"}
    results = {path.name for path in (place / "runs" / "my_videos" / "results").iterdir()}
    assert {"test_1x1_classes.csv", "test_2x1_confusion.png"} <= results


@pytest.mark.parametrize(
    ("page", "number"), [(PAGE, 0), (README, 0)], ids=["docs/predict.md", "README"]
)
def test_the_python_of_the_pages_runs(page: str, number: int, place: Path) -> None:
    block = code(page, "python")[number]
    scope: dict[str, object] = {}
    exec(block, scope)
    scores = scope["scores"]
    assert isinstance(scores, dict)
    assert sum(scores.values()) == pytest.approx(1)
