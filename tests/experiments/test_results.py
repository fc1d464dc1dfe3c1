"""A result never takes the place of one of another origin, and outdated ones never count."""

import json
import logging
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.fuse import read_scores
from experiments.session import Run, read_metrics, result_of_last
from lightning_modules import RunError
from lightning_modules.callbacks import predictions_file
from lightning_modules.checkpoints.prediction_files import set_aside_outdated
from lightning_modules.checkpoints.run_folder import RunFolder
from lightning_modules.checkpoints.weights_hash import hash_of
from tests.conftest import tiny_arguments
from tests.experiments.runs import SMALL_NETWORK
from tests.experiments.small_lists import list_arguments, write_list, write_short
from train import main

pytestmark = pytest.mark.slow

Go = Callable[..., None]
LAST, BEST = "--ckpt_path=last", "--ckpt_path=best"
OWN = (
    "--trainer.callbacks+=tests.experiments.own_metric.OwnMetric",
    *("--checkpoint.monitor=val/own", "--checkpoint.mode=max"),
)
"""The first epoch is the best, the last one is not."""


@pytest.fixture(scope="module")
def trained_twice(shapes_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run of two epochs, whose best.ckpt and last.ckpt differ."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    two = (SMALL_NETWORK, "--trainer.max_epochs=2", *OWN)
    main(["fit", *tiny_arguments(shapes_root, folder), *two])
    return folder


@pytest.fixture
def run_dir(trained_twice: Path, tmp_path: Path) -> Path:
    """The test's own copy of this run."""
    return Path(shutil.copytree(trained_twice, tmp_path / "run"))


@pytest.fixture
def go(run_dir: Path, shapes_root: Path) -> Go:
    """Run a subcommand in the run folder."""

    def run(subcommand: str, *arguments: str) -> None:
        main([subcommand, *tiny_arguments(shapes_root, run_dir), SMALL_NETWORK, *arguments])

    return run


def weights(run_dir: Path, name: str = "last") -> str | None:
    """Give the hash of a checkpoint's weights."""
    return hash_of(run_dir / "checkpoints" / f"{name}.ckpt")


def predictions(run_dir: Path) -> dict[str, dict[str, Any]]:
    """Read all prediction files of a run."""
    files = sorted((run_dir / "predictions").glob("*.pt"))
    assert [file.with_suffix(".csv") for file in files] == sorted(
        (run_dir / "predictions").glob("*.csv")
    )
    return {file.stem: torch.load(file, weights_only=True) for file in files}


def test_a_result_names_checkpoint_epoch_step_and_weights(go: Go, run_dir: Path) -> None:
    go("test", LAST)
    go("predict", LAST)
    said = {"checkpoint": "last.ckpt", "epoch": 2, "step": 8, "weights": weights(run_dir)}
    assert read_metrics(run_dir)["test"].items() >= said.items()
    assert read_metrics(run_dir)["val"].items() >= said.items()  # of the fit
    assert predictions(run_dir)["test_1x1"]["origin"].items() >= said.items()


def test_the_same_weights_have_the_same_hash_in_any_file(
    run_dir: Path, shapes_root: Path, tmp_path: Path
) -> None:
    again = tmp_path / "again"
    two = (SMALL_NETWORK, "--trainer.max_epochs=2", *OWN)
    main(["fit", *tiny_arguments(shapes_root, again), *two])
    assert weights(again) == weights(run_dir) != weights(run_dir, "best")
    content = torch.load(run_dir / "checkpoints" / "last.ckpt", weights_only=True)
    del content["weights_hash"]  # as an older version saves it
    torch.save(content, tmp_path / "old.ckpt")
    assert hash_of(tmp_path / "old.ckpt") == weights(run_dir)


@pytest.mark.parametrize("order", [(LAST, BEST), (BEST, LAST)])
def test_results_of_best_and_last_stand_beside_each_other(
    order: tuple[str, str], go: Go, run_dir: Path
) -> None:
    for checkpoint in order:
        go("test", checkpoint)
        go("predict", checkpoint)
    metrics = read_metrics(run_dir)
    tests = {name: entry["checkpoint"] for name, entry in metrics.items() if name[:5] == "test_"}
    assert sorted(tests.values()) == ["best.ckpt", "last.ckpt"]
    assert tests["test_1x1"] == f"{order[0].partition('=')[2]}.ckpt"
    assert metrics["test"]["checkpoint"] == f"{order[1].partition('=')[2]}.ckpt"
    files = predictions(run_dir)
    assert tests.keys() == files.keys()
    assert {name: table["origin"]["checkpoint"] for name, table in files.items()} == tests
    counted = result_of_last(run_dir, "1x1")
    assert counted is not None
    assert counted["weights"] == weights(run_dir)
    file = Run((), run_dir, ("1x1",)).predictions_of_last("test", "1x1")
    assert file is not None
    assert files[file.stem]["origin"]["weights"] == weights(run_dir)


def test_a_repeated_test_or_prediction_replaces_its_earlier_result(go: Go, run_dir: Path) -> None:
    for checkpoint in (LAST, BEST, LAST, BEST):
        go("test", checkpoint)
        go("predict", checkpoint)
    assert len(predictions(run_dir)) == 2
    assert sum(name.startswith("test_") for name in read_metrics(run_dir)) == 2


def test_after_more_training_results_of_the_old_weights_do_not_count(go: Go, run_dir: Path) -> None:
    for checkpoint in (LAST, BEST):
        go("test", checkpoint)
        go("predict", checkpoint)
    run = Run((), run_dir, ("1x1",), predictions=(("test", "1x1"),))
    assert not run.missing_steps()
    old = weights(run_dir)
    go("fit", *OWN, LAST, "--trainer.max_epochs=3")
    assert [step[0] for step in run.missing_steps()] == ["fit", "test", "predict"]
    kept = {k: v for k, v in read_metrics(run_dir).items() if k.startswith("test")}
    assert {entry["checkpoint"] for entry in kept.values()} == {"best.ckpt"}  # not changed
    file = run_dir / "predictions" / "test_1x1-step8.pt"
    with pytest.raises(RunError, match=r"is of step 8 of last\.ckpt, which holds other weights"):
        read_scores(file)
    assert read_scores(Path(shutil.copy(file, run_dir.parent / "old.pt"))).counted == 8
    go("test", LAST)
    go("predict", LAST)
    assert not run.missing_steps()
    assert predictions(run_dir)["test_1x1"]["origin"]["weights"] == weights(run_dir) != old
    assert len(predictions(run_dir)) == 3  # those of best, old last and new last


def test_a_fit_that_is_not_finished_makes_tests_outdated(go: Go, run_dir: Path) -> None:
    go("test", LAST)
    stop = "--trainer.callbacks+=tests.experiments.stopping.StopAt"
    where = ("--trainer.callbacks.hook=on_before_backward", "--trainer.callbacks.batches=11")
    with pytest.raises(SystemExit):
        go("fit", LAST, "--trainer.max_epochs=3", "--last.every_n_steps=1", *OWN, stop, *where)
    assert read_metrics(run_dir)["test_1x1"]["step"] == 8
    assert result_of_last(run_dir, "1x1") is None
    assert [step[0] for step in Run((), run_dir, ("1x1",)).missing_steps()] == ["fit", "test"]


@pytest.mark.parametrize(
    "setting",
    [
        "--data.test_split=val",
        "--data.crop_size=24",
        "--model.view_fusion=softmax",
        "--trainer.limit_test_batches=1",
        "--data.test_videos=5",
    ],
)
def test_a_test_with_another_setting_stands_beside_the_run_s_own(
    setting: str, go: Go, run_dir: Path
) -> None:
    go("test", LAST)
    own = read_metrics(run_dir)["test_1x1"]
    go("test", LAST, setting)
    metrics = read_metrics(run_dir)
    assert metrics["test_1x1"] == own
    assert len([name for name in metrics if name.startswith("test_1x1-last-")]) == 1
    assert result_of_last(run_dir, "1x1") == own


@pytest.mark.parametrize(
    "setting",
    ["--data.test_split=val", "--data.crop_size=24", "--trainer.limit_test_batches=1"],
)
def test_a_test_with_another_setting_does_not_count_for_the_run(
    setting: str, go: Go, run_dir: Path
) -> None:
    go("test", LAST, setting)
    assert read_metrics(run_dir)["test_1x1"]["differs"]
    assert result_of_last(run_dir, "1x1") is None
    go("test", LAST)
    assert result_of_last(run_dir, "1x1") == read_metrics(run_dir)["test"]


def test_a_validation_of_another_checkpoint_keeps_that_of_the_fit(go: Go, run_dir: Path) -> None:
    of_fit = read_metrics(run_dir)["val"]
    go("validate", BEST)
    metrics = read_metrics(run_dir)
    assert metrics["val"]["checkpoint"] == "best.ckpt"
    (kept,) = [entry for name, entry in metrics.items() if name.startswith("val_")]
    assert kept == of_fit
    go("validate", LAST)
    assert read_metrics(run_dir)["val"] == pytest.approx(of_fit)


def test_another_run_s_checkpoint_of_the_same_name_is_another_checkpoint(
    go: Go, run_dir: Path, tmp_path: Path
) -> None:
    go("test", LAST)
    other = shutil.copy(run_dir / "checkpoints" / "best.ckpt", tmp_path / "last.ckpt")
    go("test", f"--ckpt_path={other}")
    metrics = read_metrics(run_dir)
    assert metrics["test_1x1"]["checkpoint"] == "last.ckpt"
    assert metrics["test"]["checkpoint"] == str(Path(other).resolve())


def test_results_of_an_older_version_count_and_are_replaced(go: Go, run_dir: Path) -> None:
    go("test", LAST)
    go("predict", LAST)
    new = ("checkpoint", "epoch", "step", "weights", "list")
    metrics = read_metrics(run_dir)
    old = {name: {k: e[k] for k in e if k not in new} for name, e in metrics.items()}
    old["val"] = metrics["val"]
    (run_dir / "metrics.json").write_text(json.dumps(old))
    file = run_dir / "predictions" / "test_1x1.pt"
    table = torch.load(file, weights_only=True)
    del table["origin"]
    torch.save(table, file)
    assert not Run((), run_dir, ("1x1",), predictions=(("test", "1x1"),)).missing_steps()
    go("test", LAST)
    go("predict", LAST)
    assert read_metrics(run_dir) == metrics
    assert predictions(run_dir).keys() == {"test_1x1"}


def test_predictions_of_weights_that_a_fit_replaces_get_their_step_as_a_name(
    go: Go, run_dir: Path
) -> None:
    go("predict", LAST)
    go("fit", LAST, "--trainer.max_epochs=3", *OWN)
    assert predictions(run_dir).keys() == {"test_1x1-step8"}
    assert (run_dir / "predictions" / "test_1x1-step8.csv").is_file()
    run = Run((), run_dir, ())
    assert run.predictions_of_last("test", "1x1") is None
    assert run.has_only_other_predictions("test", "1x1")
    go("predict", LAST)
    assert predictions(run_dir).keys() == {"test_1x1-step8", "test_1x1"}
    assert not run.has_only_other_predictions("test", "1x1")


def test_a_prediction_beside_a_fit_waits_while_the_fit_renames(
    go: Go, run_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    claimed = []

    def rename(run: RunFolder) -> list[str]:
        claimed.append((run_dir / "predictions.claim").is_file())
        return set_aside_outdated(run)

    monkeypatch.setattr(predictions_file, "set_aside_outdated", rename)
    go("predict", LAST)
    go("fit", LAST, "--trainer.max_epochs=3", *OWN)
    assert claimed == [True]
    assert {file.name for file in run_dir.glob("*.claim")} == set()


def test_a_fit_names_the_exports_of_weights_that_it_has_replaced(
    go: Go, run_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    exports = run_dir / "exports"
    exports.mkdir()
    for name in ("best.onnx", "last.onnx", "of_another_program.onnx"):
        (exports / name).write_text("")
    go("fit", LAST, *OWN)  # has ended already
    assert str(exports) not in caplog.text
    go("fit", LAST, "--trainer.max_epochs=3", *OWN)
    named = [line for line in caplog.messages if str(exports) in line]
    assert named == [f"{exports / 'last.onnx'}: has earlier weights than last.ckpt; export again"]


@pytest.fixture(scope="module")
def kick_and_hug(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A list of two classes, and a run trained on it."""
    folder = tmp_path_factory.mktemp("lists")
    source = write_list(folder, {"kick": 0, "hug": 1})
    main(["fit", *list_arguments(source, folder / "run"), SMALL_NETWORK])
    return source, folder / "run"


def test_predictions_of_two_lists_of_the_same_name_stand_beside_each_other(
    kick_and_hug: tuple[Path, Path], tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    run_dir = Path(shutil.copytree(kick_and_hug[1], tmp_path / "run"))
    lists = []
    for place in ("monday", "tuesday", "monday"):
        folder = tmp_path / place
        folder.mkdir(exist_ok=True)
        write_short(folder / "0.mp4")
        (folder / "new.csv").write_text("path,label\n0.mp4,\n")
        lists.append(folder / "0.mp4")
        main(
            [
                *("predict", *list_arguments(folder / "new.csv", run_dir), SMALL_NETWORK),
                *("--data.num_classes=2", LAST),
            ]
        )
    files = predictions(run_dir)
    assert files["new_1x1"]["paths"] == [str(lists[0])]
    (second,) = files.keys() - {"new_1x1"}
    assert files[second]["paths"] == [str(lists[1])]
    assert f"{run_dir}/predictions/{second}.csv and .pt" in caplog.text


@pytest.mark.parametrize("other_first", [True, False])
def test_results_of_another_list_under_allow_other_data_stand_beside_the_run_s_own(
    other_first: bool, kick_and_hug: tuple[Path, Path], tmp_path: Path
) -> None:
    source, trained = kick_and_hug
    run_dir = Path(shutil.copytree(trained, tmp_path / "run"))
    (tmp_path / "other").mkdir()
    other = write_list(tmp_path / "other", {"kick": 0, "hug": 1}, videos=6)
    for place in (other, source) if other_first else (source, other):
        common = [*list_arguments(place, run_dir), SMALL_NETWORK, LAST, "--allow_other_data=true"]
        main(["test", *common])
        main(["predict", *common])
    lists = {
        name: entry["list"] for name, entry in read_metrics(run_dir).items() if "list" in entry
    }
    assert lists.keys() >= {"test", "test_1x1"}
    assert len({value for name, value in lists.items() if name.startswith("test_1x1")}) == 2
    counted = result_of_last(run_dir, "1x1")
    assert counted is not None
    assert "differs" not in counted
    parents = {str(Path(table["paths"][0]).parent) for table in predictions(run_dir).values()}
    assert parents == {str(source.parent), str(other.parent)}
    file = Run((), run_dir, ()).predictions_of_last("test", "1x1")
    assert file is not None
    assert predictions(run_dir)[file.stem]["paths"][0].startswith(str(source.parent))
