"""The twelve tasks of docs/twelve_tasks.md: the commands of the page run, one after the other."""

import json
import shlex
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
import torchvision

from experiments import demo, predict
from experiments.export.__main__ import main as export
from experiments.grid.commands import main as grid
from tests.conftest import REPOSITORY
from tests.docs.guide import blocks, forget
from tests.experiments.grid.conftest import checked_fake_train
from train import main as train

__all__ = ["checked_fake_train"]

PAGE = "twelve_tasks.md"
PROGRAMS = {
    "python train.py ": train,
    "python -m experiments.predict ": predict.main,
    "python -m experiments.export ": export,
    "python -m experiments.grid ": grid,
}
NOT_RUN = ("source ", "tensorboard ")
SMALL_DEMO = (
    *("--data.train_videos=8", "--data.val_videos=40", "--data.test_videos=8"),
    *("--data.num_segments=4", "--trainer.max_epochs=1", "--pictures=0"),
)
"""What makes the network of `make demo` in seconds."""


@pytest.fixture
def clone(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Path]:
    """A working folder with what the commands need of a clone."""
    for name in ("docs", "experiments"):
        (tmp_path / name).symlink_to(REPOSITORY / name)
    monkeypatch.chdir(tmp_path)
    monkeypatch.syspath_prepend(str(tmp_path))
    yield tmp_path
    forget("my_module")


def commands(block: str) -> Iterator[str]:
    """Give the commands of a block; a text between ``<<'END'`` and ``END`` belongs to its own."""
    command = ""
    for line in block.splitlines(keepends=True):
        command += line
        if "<<'END'" not in command or line == "END\n":
            yield command.strip()
            command = ""


def run(command: str, imagenet: Path) -> None:
    """Run a command: programs of this project in this process, with a file for a download."""
    if command.startswith(NOT_RUN):
        return
    if command.startswith("make demo"):
        demo.main([*SMALL_DEMO])
        return
    for start, program in PROGRAMS.items():
        if command.startswith(start):
            given = command.removeprefix(start).replace("IMAGENET1K_V1", str(imagenet))
            program(shlex.split(given))
            return
    here = command.replace("python ", f"{sys.executable} ")
    subprocess.run(["bash", "-euc", here], check=True, stdout=subprocess.DEVNULL)


def test_the_page_has_twelve_tasks_in_under_100_lines() -> None:
    text = (REPOSITORY / "docs" / PAGE).read_text()
    assert [f"\n**{number}. " in text for number in range(1, 14)] == [True] * 12 + [False]
    assert len(text.splitlines()) < 100


def assert_best_and_last_were_tested(metrics: Path) -> None:
    """Check that task 3 left a result of each checkpoint under its protocol."""
    tests = json.loads(metrics.read_text())
    tested = [entry["checkpoint"] for name, entry in tests.items() if name.startswith("test_2x1")]
    assert sorted(tested) == ["best.ckpt", "last.ckpt"]
    assert "test_1x1" in tests


@pytest.mark.slow
@pytest.mark.usefixtures("checked_fake_train")
def test_every_command_of_the_page_runs(clone: Path) -> None:
    imagenet = clone / "resnet18.pth"
    torch.save(torchvision.models.resnet18().state_dict(), imagenet)
    for language, block in blocks(PAGE):
        if language == "python":
            exec(block, {})
            continue
        for command in commands(block):
            run(command, imagenet)
    assert_best_and_last_were_tested(clone / "runs" / "demo" / "metrics.json")
    assert {path.name for path in (clone / "predictions").iterdir()} >= {
        *("clip_1x1.csv", "clip_1x1.pt", "videos_2x1.csv", "clip_1x1_render"),
    }
    for run_dir in ("my_videos", "imagenet", "from_demo", "clip_mean"):
        assert (clone / "runs" / run_dir / "checkpoints" / "last.ckpt").is_file()
    assert "| TEINet |" in (clone / "runs" / "report.md").read_text()
