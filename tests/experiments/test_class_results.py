"""Every test leaves the accuracy of each class and the confusion matrix in its run folder."""

import csv
import shutil
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from PIL import Image

from experiments.session import read_metrics
from lightning_modules.callbacks import metrics_file
from lightning_modules.checkpoints.results_file import Results, results_of
from lightning_modules.checkpoints.run_folder import RESULT_FILES, RunFolder
from tests.conftest import Run


def rows_of(file: Path) -> list[list[str]]:
    """Read a csv."""
    with file.open(newline="") as stream:
        return list(csv.reader(stream))


def test_classes_and_confusion_agree_with_the_metrics(tiny_run: Run, run_dir: Path) -> None:
    tiny_run("test", run_dir=run_dir)
    test = read_metrics(run_dir)["test_1x1"]
    head, *classes = rows_of(run_dir / "results" / "test_1x1_classes.csv")
    assert head[:4] == ["class", "videos", "correct", "accuracy"]
    correct = sum(int(row[2]) for row in classes)
    assert correct / test["n_videos"] == pytest.approx(test["top1"])
    shares = [float(row[3]) for row in classes if row[1] != "0"]
    assert sum(shares) / len(shares) == pytest.approx(test["mean_class_accuracy"], abs=1e-4)
    (_, *names), *matrix = rows_of(run_dir / "results" / "test_1x1_confusion.csv")
    assert names == [row[0] for row in matrix] == [row[0] for row in classes]
    assert [sum(map(int, row[1:])) for row in matrix] == [int(row[1]) for row in classes]
    for name in ("classes", "confusion"):
        with Image.open(run_dir / "results" / f"test_1x1_{name}.png") as picture:
            assert min(picture.size) > 100


def test_results_of_best_and_last_and_of_protocols_stand_beside_each_other(
    tiny_run: Run, run_dir: Path
) -> None:
    for arguments in (("--ckpt_path=best",), ("--ckpt_path=last",), ("--data.protocol=2x1",)):
        tiny_run("test", *arguments, run_dir=run_dir)
    names = {name for name in read_metrics(run_dir) if name.startswith("test_")}
    assert len(names) == 3
    files = {file.name for file in (run_dir / "results").iterdir()}
    assert files == {
        f"{name}_{what}.{ending}"
        for name in names
        for what in ("classes", "confusion")
        for ending in ("csv", "png")
    }


def test_further_training_removes_those_of_replaced_weights(tiny_run: Run, run_dir: Path) -> None:
    tiny_run("test", "--ckpt_path=last", run_dir=run_dir)
    tiny_run("fit", "--ckpt_path=last", "--trainer.max_epochs=2", run_dir=run_dir)
    assert not list((run_dir / "results").iterdir())


def test_further_training_keeps_those_of_weights_that_stay(
    tiny_run: Run, run_dir: Path, tmp_path: Path
) -> None:
    kept = shutil.copy(run_dir / "checkpoints" / "last.ckpt", tmp_path / "kept.ckpt")
    tiny_run("test", "--ckpt_path=last", run_dir=run_dir)
    tiny_run("test", f"--ckpt_path={kept}", "--data.protocol=2x1", run_dir=run_dir)
    tiny_run("fit", "--ckpt_path=last", "--trainer.max_epochs=2", run_dir=run_dir)
    names = [name for name in read_metrics(run_dir) if name.startswith("test_")]
    assert names == ["test_2x1"]
    assert {file.name for file in (run_dir / "results").iterdir()} == {
        f"test_2x1_{what}" for what in RESULT_FILES
    }


@pytest.mark.parametrize("name", ["test_1x1", "test_2x1"])
def test_a_test_of_another_process_keeps_its_own_class_results(
    name: str, tiny_run: Run, run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    others = run_dir / "results" / f"{name}_classes.csv"

    @contextmanager
    def followed_at_once(run: RunFolder) -> Iterator[Results]:
        """Let another process write that has waited for this one."""
        with results_of(run) as known:
            yield known
        with results_of(run) as known:
            known |= {"test": {"top1": 0.5}, name: {"top1": 0.5}}
            others.parent.mkdir(exist_ok=True)
            others.write_text("of the other process")

    monkeypatch.setattr(metrics_file, "results_of", followed_at_once)
    tiny_run("test", "--data.protocol=1x1", run_dir=run_dir)
    assert others.read_text() == "of the other process"
    files = {file.name for file in (run_dir / "results").iterdir()} - {others.name}
    assert files == {f"test_1x1_{what}" for what in RESULT_FILES} - {others.name}
    assert "test_1x1" in read_metrics(run_dir)
