"""train.py: what a run writes, and how wrong input ends it."""

import json
import logging
import os
from pathlib import Path

import pytest
import torch
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from lightning_modules import RunError, VideoRecognizer
from tests.conftest import Run
from train import main


def stopped_with(error: pytest.ExceptionInfo[SystemExit]) -> str:
    """Return the only line that a refused run prints to stderr."""
    message = str(error.value.code)
    assert message.startswith("error: ")
    assert "\n" not in message
    assert "Union subtypes" not in message  # from jsonargparse's list of types that it tried
    return message


def scalars(run_dir: Path) -> set[str]:
    events = EventAccumulator(str(run_dir))
    events.Reload()
    return set(events.Tags()["scalars"])


def test_fit_leaves_config_events_checkpoints_and_metrics(run_dir: Path) -> None:
    assert (run_dir / "config.yaml").is_file()
    assert list(run_dir.glob("events.out.tfevents.*"))
    assert {file.name for file in (run_dir / "checkpoints").iterdir()} == {"best.ckpt", "last.ckpt"}
    assert json.loads((run_dir / "metrics.json").read_text()).keys() == {"train", "val"}


def test_the_saved_config_holds_the_requested_settings(run_dir: Path) -> None:
    config = yaml.safe_load((run_dir / "config.yaml").read_text())
    assert config["model"]["network"]["class_path"] == "models.TEINet"
    assert config["data"]["init_args"]["num_segments"] == 4


def test_tensorboard_shows_metrics_rates_and_throughput(run_dir: Path) -> None:
    assert scalars(run_dir) >= {
        *("train/loss_step", "train/loss", "train/top1", "train/top5"),
        *("val/loss", "val/top1", "val/top5"),
        *("throughput/clips_per_second", "throughput/data_wait_share"),
        "lr-SGD",
    }


def test_a_test_does_not_change_the_curves_of_the_fit(run_dir: Path, tiny_run: Run) -> None:
    before = sorted(run_dir.glob("events.*"))
    tiny_run("test", "--ckpt_path=last")
    assert sorted(run_dir.glob("events.*")) == before


def test_checkpoints_load_with_weights_only(run_dir: Path) -> None:
    for file in (run_dir / "checkpoints").iterdir():
        assert "state_dict" in torch.load(file, weights_only=True)


@pytest.mark.parametrize("checkpoint", ["best", "last"])
def test_a_checkpoint_is_tested_by_name(run_dir: Path, tiny_run: Run, checkpoint: str) -> None:
    tiny_run("test", f"--ckpt_path={checkpoint}")
    metrics = json.loads((run_dir / "metrics.json").read_text())
    assert {"top1", "top5", "loss", "n_videos", "protocol"} <= metrics["test"].keys()
    counts = {"n_listed": 8, "n_missing": 0, "n_skipped": 0}
    assert metrics["test"].items() >= {"split": "test", **counts}.items()
    assert metrics["test"]["n_videos"] == 8
    assert metrics["test"] == metrics["test_1x1"]


def test_metrics_json_holds_several_protocols_of_one_run(run_dir: Path, tiny_run: Run) -> None:
    tiny_run("test", "--ckpt_path=last")
    tiny_run("test", "--ckpt_path=last", "--data.protocol=2x3")
    metrics = json.loads((run_dir / "metrics.json").read_text())
    assert metrics["test"]["protocol"] == "2x3"
    assert metrics["test_1x1"]["protocol"] == "1x1"
    assert metrics["val"]["protocol"] == "1x1"


def test_validate_gives_the_result_of_the_fit_s_validation(run_dir: Path, tiny_run: Run) -> None:
    of_fit = json.loads((run_dir / "metrics.json").read_text())["val"]
    tiny_run("validate", "--ckpt_path=last")
    assert json.loads((run_dir / "metrics.json").read_text())["val"] == pytest.approx(of_fit)


def test_a_checkpoint_file_is_tested_by_path(run_dir: Path, tiny_run: Run, tmp_path: Path) -> None:
    other = tiny_run(
        "test", f"--ckpt_path={run_dir}/checkpoints/last.ckpt", run_dir=tmp_path / "other"
    )
    assert "test" in json.loads((other / "metrics.json").read_text())


def test_results_name_their_data_and_the_log_names_their_file(
    run_dir: Path, tiny_run: Run, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tiny_run("test", "--ckpt_path=last")
    assert json.loads((run_dir / "metrics.json").read_text())["test"]["data"] == "movingshapes"
    assert f"results: {run_dir / 'metrics.json'}, test_1x1" in caplog.text
    tiny_run("predict", "--ckpt_path=last")
    there = run_dir / "predictions" / "test_1x1"
    assert f"predictions of 8 videos: {there}.csv and .pt" in caplog.text


def test_fast_dev_run_writes_no_results(
    tiny_run: Run, tmp_path: Path, caplog: pytest.LogCaptureFixture
) -> None:
    caplog.set_level(logging.INFO)
    tiny_run("fit", "--trainer.fast_dev_run=true", f"--run_dir={tmp_path / 'trial'}")
    assert not (tmp_path / "trial" / "metrics.json").exists()
    assert "results: " not in caplog.text


def test_predict_writes_a_table_and_tensors(run_dir: Path, tiny_run: Run) -> None:
    tiny_run("predict", "--ckpt_path=last")
    lines = (run_dir / "predictions" / "test_1x1.csv").read_text().splitlines()
    assert lines[0].startswith("path,label,top1,p1,top2")
    assert len(lines) == 1 + 8
    tensors = torch.load(run_dir / "predictions" / "test_1x1.pt", weights_only=True)
    assert tensors["scores"].shape == (8, 8)
    assert tensors["labels"].tolist() == list(range(8))
    assert [Path(path).parent.name for path in tensors["paths"]] == tensors["class_names"]


def test_a_resumed_fit_continues_and_keeps_the_first_config(run_dir: Path, tiny_run: Run) -> None:
    first = (run_dir / "config.yaml").read_text()
    tiny_run("fit", "--ckpt_path=last", "--trainer.max_epochs=2")
    checkpoint = torch.load(run_dir / "checkpoints" / "last.ckpt", weights_only=True)
    assert checkpoint["global_step"] == 8
    assert (run_dir / "config.yaml").read_text() == first
    assert (run_dir / "config-4.yaml").is_file()


def test_the_same_seed_gives_the_same_weights(tiny_run: Run, tmp_path: Path) -> None:
    weights = []
    for name in ("one", "two"):
        run_dir = tiny_run("fit", "--seed_everything=3", run_dir=tmp_path / name)
        file = run_dir / "checkpoints" / "last.ckpt"
        weights.append(torch.load(file, weights_only=True)["state_dict"])
    for key, value in weights[0].items():
        assert torch.equal(value, weights[1][key]), key


def test_a_second_fit_never_writes_into_the_first_one_s_folder(
    run_dir: Path, tiny_run: Run
) -> None:
    with pytest.raises(SystemExit) as error:
        tiny_run("fit")
    assert "--ckpt_path last" in stopped_with(error)


@pytest.mark.parametrize("subcommand", ["fit", "test"])
def test_a_missing_checkpoint_is_an_error(tiny_run: Run, subcommand: str) -> None:
    with pytest.raises(SystemExit) as error:
        tiny_run(subcommand, "--ckpt_path=last")
    assert "last.ckpt" in stopped_with(error)


def test_testing_without_a_trained_network_is_refused(tiny_run: Run) -> None:
    with pytest.raises(SystemExit) as error:
        tiny_run("test")
    assert "last.ckpt: no such checkpoint" in stopped_with(error)


@pytest.mark.parametrize(
    ("argument", "named"),
    [
        ("--model.network.weights=nowhere.pth", "nowhere.pth"),
        ("--model.network.backbone=resnet51", "resnet51"),
        ("--model.network.stages=res9", "res9"),
        ("--model.network.reduction=1000", "reduction=1000"),
        ("--model.network.dropout=2", "dropout=2"),
        ("--model.optimizer.lr=-1", "lr=-1"),
        ("--data.protocol=3by3", "3by3"),
        ("--data.crop_size=1000", "crop_size=1000"),
        ("--data.video_size=33", "33"),
        ("--data.crop_scales=[2.0]", "2.0"),
        ("--trainer.max_epochs=-1", "max_epochs"),
        ("--trainer.devices=two", "trainer.devices=two"),
    ],
)
def test_a_wrong_value_is_named_in_one_line(tiny_run: Run, argument: str, named: str) -> None:
    with pytest.raises(SystemExit) as error:
        tiny_run("fit", argument)
    assert named in stopped_with(error)


def test_segments_that_do_not_divide_a_dense_window_are_refused(tiny_run: Run) -> None:
    with pytest.raises(SystemExit) as error:
        tiny_run("fit", "--data.sampling=dense", "--data.num_segments=7")
    assert "num_segments=7" in stopped_with(error)


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("trainer: {max_epoch: 3}", "max_epoch"),
        ("trainer: {max_epochs: 1}\nrun_dir: a\nrun_dir: b", "'run_dir' is given twice"),
        ("model: {network: {class_path: TEINet, init_args: {stage: res2}}}", "stage"),
        ("model: {network: {class_path: subprocess.Popen}}", "subprocess.Popen"),
        ("run_dir: !!python/object/apply:os.getcwd []", "python/object"),
    ],
)
def test_a_config_with_a_wrong_key_is_bad_usage(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], text: str, named: str
) -> None:
    config = tmp_path / "wrong.yaml"
    config.write_text(text)
    with pytest.raises(SystemExit) as error:
        main(["fit", "--data=MovingShapes", "--model.network=TSN", f"--config={config}"])
    assert error.value.code == 2
    message = capsys.readouterr().err
    assert named in message
    assert message.count("\n") == 1


def test_a_file_that_a_worker_cannot_read_is_named(tiny_run: Run, tmp_path: Path) -> None:
    own = tmp_path / "shapes"
    tiny_run("fit", f"--data.root={own}")
    (video,) = own.glob("*/test/left/000000.mp4")
    stamp = video.stat()
    video.write_bytes(b"no video".ljust(stamp.st_size))
    os.utime(video, ns=(stamp.st_atime_ns, stamp.st_mtime_ns))  # the index still trusts it
    with pytest.raises(SystemExit) as error:
        tiny_run("test", f"--data.root={own}", "--ckpt_path=last", "--data.num_workers=1")
    assert "left/000000.mp4" in stopped_with(error)


def test_a_run_folder_that_cannot_be_made_is_refused(tiny_run: Run, tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(SystemExit) as error:
        tiny_run("fit", run_dir=tmp_path / "file" / "run")
    assert "file is a file; choose another folder with --run_dir" in stopped_with(error)


def test_a_fit_stopped_before_its_first_checkpoint_starts_again(
    tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*args: object) -> None:
        raise RunError("stopped")

    with monkeypatch.context() as patch:
        patch.setattr(VideoRecognizer, "training_step", interrupt)
        with pytest.raises(SystemExit):
            tiny_run("fit")
    run_dir = tiny_run("fit")
    assert (run_dir / "checkpoints" / "last.ckpt").exists()


def test_a_run_without_validation_is_tested_by_its_last_checkpoint(tiny_run: Run) -> None:
    run_dir = tiny_run("fit", "--data.val_videos=0", "--checkpoint.monitor=null")
    tiny_run("test")
    assert "test" in json.loads((run_dir / "metrics.json").read_text())


def test_a_test_loads_no_pretrained_weights(run_dir: Path, tiny_run: Run) -> None:
    tiny_run("test", "--model.network.weights=nowhere.pth")
    assert "test" in json.loads((run_dir / "metrics.json").read_text())


def test_a_checkpoint_of_another_network_is_refused_with_the_different_setting(
    run_dir: Path, tiny_run: Run
) -> None:
    with pytest.raises(SystemExit) as error:
        tiny_run("test", "--model.network.enhancement=none")
    assert "enhancement is mem in the checkpoint and none here" in stopped_with(error)


def test_a_file_of_another_kind_is_no_checkpoint(tiny_run: Run, tmp_path: Path) -> None:
    (tmp_path / "odd.ckpt").write_text("odd")
    with pytest.raises(SystemExit) as error:
        tiny_run("test", f"--ckpt_path={tmp_path / 'odd.ckpt'}")
    assert "odd.ckpt: not a checkpoint" in stopped_with(error)


@pytest.mark.parametrize("flag", ["--trainer.logger=false", "--trainer.enable_progress_bar=false"])
def test_what_the_trainer_shows_and_logs_can_be_switched_off(tiny_run: Run, flag: str) -> None:
    assert (tiny_run("fit", flag) / "metrics.json").is_file()


def test_a_missing_folder_is_named_and_nothing_else() -> None:
    with pytest.raises(SystemExit) as error:
        main(["fit", "--data=VideoList", "--data.source=nowhere", "--model.network=TSN"])
    assert stopped_with(error).startswith(f"error: {Path.cwd() / 'nowhere'}: no such folder")
