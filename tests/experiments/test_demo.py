"""python -m experiments.demo: trains, tests and prints; resumes where it was stopped."""

from pathlib import Path

import pytest

from experiments import demo
from experiments.session import read_metrics, run_experiment

pytestmark = pytest.mark.slow

SMALL = [
    *(f"--data.{split}_videos=8" for split in ("train", "val", "test")),
    *("--data.video_size=32", "--data.short_side=32", "--data.crop_size=32"),
    *("--data.batch_size=4", "--trainer.max_epochs=1", "--trainer.accelerator=cpu"),
]


@pytest.fixture
def arguments(shapes_root: Path, tmp_path: Path) -> list[str]:
    return ["--run_dir", str(tmp_path / "demo"), *SMALL, f"--data.root={shapes_root}"]


def test_the_demo_prints_both_protocols_and_its_folders(
    arguments: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    demo.main(arguments)
    assert {f"test_{name}" for name in demo.PROTOCOLS} < read_metrics(tmp_path / "demo").keys()
    printed = capsys.readouterr().out
    assert str(tmp_path / "demo") in printed.replace("\n", "")
    assert "tensorboard --logdir" in printed


def test_an_interrupted_demo_is_resumed_in_its_folder(arguments: list[str], tmp_path: Path) -> None:
    run_experiment(demo.CONFIG, tmp_path / "demo", ["1x1"], arguments[2:])
    demo.main(arguments)
    assert [folder.name for folder in tmp_path.iterdir()] == ["demo"]


def test_a_finished_demo_is_followed_by_another(arguments: list[str], tmp_path: Path) -> None:
    demo.main(arguments)
    demo.main(arguments)
    assert sorted(folder.name for folder in tmp_path.iterdir()) == ["demo", "demo-2"]
