"""Whatever logs, a run's files stay in its folder, and every logger gets what it can take."""

import csv
import shutil
from pathlib import Path

import pytest
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.conftest import Run
from tests.experiments.cli.test_command_line import stopped_with
from tests.experiments.runs import SMALL_NETWORK

CSV = {"class_path": "pytorch_lightning.loggers.CSVLogger"}
BOARD = {"class_path": "pytorch_lightning.loggers.TensorBoardLogger"}
CURVES = {
    *("train/loss_step", "train/top1", "val/top1", "val/loss", "lr-SGD", "train/gradient_norm"),
    *("throughput/clips_per_second", "recipe/lr", "recipe/total_batch_size"),
}
GATES = {"gates/res2_mean", "kernels/res2_moved"}


def logger_config(folder: Path, *loggers: dict[str, str]) -> str:
    """Write a config with loggers that write outside of the run folder; give its argument."""
    stated = [
        {**logger, "init_args": {"save_dir": str(folder / f"logs{number}"), "name": "mine"}}
        for number, logger in enumerate(loggers)
    ]
    (folder / "loggers.yaml").write_text(yaml.safe_dump({"trainer": {"logger": stated}}))
    return f"--config={folder / 'loggers.yaml'}"


def columns(folder: Path) -> set[str]:
    """Read the names of a CSVLogger's curves."""
    with (folder / "mine" / "version_0" / "metrics.csv").open() as stream:
        return set(next(csv.reader(stream)))


def board(folder: Path) -> EventAccumulator:
    events = EventAccumulator(str(folder / "mine" / "version_0"))
    events.Reload()
    return events


@pytest.mark.parametrize("loggers", [(), (CSV,), (CSV, BOARD), (BOARD, CSV)], ids=len)
def test_config_checkpoints_and_results_stay_in_the_run_folder(
    loggers: tuple[dict[str, str], ...], tiny_run: Run, tmp_path: Path
) -> None:
    extra = (SMALL_NETWORK, logger_config(tmp_path, *loggers))
    run_dir = tiny_run("fit", *extra)
    for checkpoint in ("best", "last"):
        assert (run_dir / "checkpoints" / f"{checkpoint}.ckpt").is_file()
        tiny_run("test", *extra, f"--ckpt_path={checkpoint}")
    assert (run_dir / "config.yaml").is_file()
    assert not list(tmp_path.glob("logs*/**/*.ckpt"))


def test_a_fit_without_a_logger_is_complete(tiny_run: Run) -> None:
    run_dir = tiny_run("fit", SMALL_NETWORK, "--trainer.logger=false")
    tiny_run("test", SMALL_NETWORK, "--ckpt_path=best")
    assert {path.name for path in run_dir.iterdir()} == {
        *("config.yaml", "checkpoints", "metrics.json", "results"),
    }


def test_every_logger_gets_the_curves_and_those_that_can_the_pictures(
    tiny_run: Run, tmp_path: Path
) -> None:
    tiny_run("fit", logger_config(tmp_path, CSV, BOARD, BOARD))
    assert columns(tmp_path / "logs0") >= CURVES | GATES
    for folder in ("logs1", "logs2"):
        tags = board(tmp_path / folder).Tags()
        assert set(tags["scalars"]) >= CURVES | GATES
        assert set(tags["images"]) >= {"val/confusion", "val/worst_clips", "kernels/res2"}
        assert "gates/res2" in tags["histograms"]
    hyperparameters = yaml.safe_load((tmp_path / "logs0/mine/version_0/hparams.yaml").read_text())
    assert hyperparameters["network"] == "TEINet"


def test_a_resumed_fit_and_a_test_leave_a_logger_s_curves_whole(
    tiny_run: Run, tmp_path: Path
) -> None:
    extra = (SMALL_NETWORK, logger_config(tmp_path, CSV))
    tiny_run("fit", *extra)
    file = tmp_path / "logs0" / "mine" / "version_0" / "metrics.csv"
    before = file.read_bytes()
    tiny_run("fit", *extra, "--ckpt_path=last", "--trainer.max_epochs=2")
    tiny_run("test", *extra)
    assert file.read_bytes() == before
    assert sorted(path.name for path in (tmp_path / "logs0" / "mine").iterdir()) == [
        *("version_0", "version_1"),
    ]


def test_curves_that_csvlogger_would_delete_are_refused(tiny_run: Run, tmp_path: Path) -> None:
    stated = ["--trainer.logger=CSVLogger", f"--trainer.logger.save_dir={tmp_path}"]
    stated += ["--trainer.logger.version=mine", SMALL_NETWORK]
    tiny_run("fit", *stated)
    with pytest.raises(SystemExit) as error:
        tiny_run("fit", *stated, "--ckpt_path=last", "--trainer.max_epochs=2")
    assert "metrics.csv: CSVLogger would delete these curves" in stopped_with(error)


def test_a_second_checkpoint_callback_stays_in_the_run_folder(
    tiny_run: Run, tmp_path: Path
) -> None:
    second = ["--trainer.callbacks=ModelCheckpoint", "--trainer.callbacks.monitor=val/loss"]
    run_dir = tiny_run(
        "fit",
        SMALL_NETWORK,
        logger_config(tmp_path, CSV),
        *second,
        "--trainer.callbacks.filename=low",
    )
    names = {file.name for file in (run_dir / "checkpoints").iterdir()}
    assert names == {"best.ckpt", "last.ckpt", "low.ckpt"}


def test_another_folder_of_checkpoints_is_refused(tiny_run: Run, tmp_path: Path) -> None:
    with pytest.raises(SystemExit) as error:
        tiny_run("fit", f"--checkpoint.dirpath={tmp_path}")
    assert "checkpoints are kept in the run folder; choose it with --run_dir" in stopped_with(error)


def test_a_test_never_takes_last_for_a_best_that_is_missing(run_dir: Path, tiny_run: Run) -> None:
    (run_dir / "checkpoints" / "best.ckpt").unlink()
    for subcommand in ("test", "validate", "predict"):
        with pytest.raises(SystemExit) as error:
            tiny_run(subcommand)
        message = stopped_with(error)
        assert "best.ckpt: no such checkpoint, though this run's fit monitors val/top1" in message
        last = run_dir / "checkpoints" / "last.ckpt"
        assert f"--ckpt_path {last} takes the last one (step 4)" in message
    tiny_run("test", "--ckpt_path=last")
    shutil.rmtree(run_dir / "checkpoints")
    with pytest.raises(SystemExit) as error:
        tiny_run("test")
    assert "last.ckpt: no such checkpoint" in stopped_with(error)
