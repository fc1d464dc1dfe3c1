"""Training recipes: what train.py prints, and what is in its checkpoints and curves."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from tests.conftest import REPOSITORY, TINY_NETWORK, TINY_SHAPES, Run
from tests.experiments.cli.test_command_line import scalars, stopped_with


@pytest.fixture
def other_classes(trained_once: Path, tmp_path: Path) -> Path:
    """A checkpoint whose classifier has five classes."""
    checkpoint = torch.load(trained_once / "checkpoints" / "last.ckpt", weights_only=True)
    for key in ("network.frame_network.fc.weight", "network.frame_network.fc.bias"):
        checkpoint["state_dict"][key] = checkpoint["state_dict"][key][:5]
    torch.save(checkpoint, tmp_path / "five.ckpt")
    return tmp_path / "five.ckpt"


@pytest.mark.slow
def test_two_fine_tuning_processes_scale_the_learning_rate_and_report_the_new_head(
    other_classes: Path, shapes_root: Path, tmp_path: Path
) -> None:
    command = [
        *(sys.executable, "train.py", "fit", *TINY_SHAPES, f"--data.root={shapes_root}"),
        *(*TINY_NETWORK, f"--model.network.weights={other_classes}", f"--run_dir={tmp_path}/run"),
        *("--model.optimizer.reference_batch_size=64", "--model.partial_bn=true"),
        *("--model.optimizer.parameter_policy=tsm", "--ema_decay=0.5"),
        *("--trainer.accelerator=cpu", "--trainer.devices=2", "--trainer.strategy=ddp"),
        *("--trainer.max_epochs=1", "--trainer.accumulate_grad_batches=2"),
        "--trainer.enable_progress_bar=false",
    ]
    finished = subprocess.run(
        command, cwd=REPOSITORY, check=True, timeout=300, capture_output=True, text=True
    )
    said = finished.stderr
    lr = "lr 0.01 at total batch 64 -> 0.0025 at 16 (2 processes x 4 clips x 2 accumulations)"
    assert said.count(lr) == 1
    assert said.count("BatchNorm: 1 of 20 layers learn") == 1
    assert "new: the head of 8 classes; left over: the head of 5 classes" in said
    assert "Warning" not in said
    checkpoint = torch.load(tmp_path / "run" / "checkpoints" / "last.ckpt", weights_only=True)
    groups = checkpoint["optimizer_states"][0]["param_groups"]
    assert {group["name"]: group["initial_lr"] for group in groups} == pytest.approx(
        {
            "weight": 0.0025,
            "bias": 0.005,
            "norm": 0.0025,
            "classifier_weight": 0.0125,
            "classifier_bias": 0.025,
        }
    )


def test_tensorboard_shows_the_learning_rate_of_each_parameter_group(tiny_run: Run) -> None:
    assert scalars(tiny_run("fit", "--model.optimizer.parameter_policy=tsm")) >= {
        *("lr-SGD/weight", "lr-SGD/bias", "lr-SGD/norm"),
        *("lr-SGD/classifier_weight", "lr-SGD/classifier_bias"),
        *("recipe/lr", "recipe/total_batch_size"),
    }


@pytest.mark.slow
def test_averaged_weights_are_validated_saved_resumed_and_tested(tiny_run: Run) -> None:
    average = "--ema_decay=0.9"
    run_dir = tiny_run("fit", average)
    of_fit = json.loads((run_dir / "metrics.json").read_text())["val"]
    assert yaml.safe_load((run_dir / "config.yaml").read_text())["ema_decay"] == 0.9
    tiny_run("validate", average, "--ckpt_path=last")
    assert json.loads((run_dir / "metrics.json").read_text())["val"] == pytest.approx(of_fit)
    tiny_run("fit", average, "--ckpt_path=last", "--trainer.max_epochs=2")
    checkpoint = torch.load(run_dir / "checkpoints" / "last.ckpt", weights_only=True)
    assert checkpoint["averaging_state"]["n_averaged"] == checkpoint["global_step"] == 8
    with pytest.raises(SystemExit) as error:
        tiny_run("fit", "--ckpt_path=last", "--trainer.max_epochs=3")
    assert "--ema_decay" in stopped_with(error)


@pytest.mark.parametrize(
    ("argument", "named"),
    [
        ("--ema_decay=1", "ema_decay=1"),
        ("--trainer.sync_batchnorm=true", "sync_batchnorm=true"),
        ("--model.optimizer.reference_batch_size=0", "reference_batch_size=0"),
        (
            "--model.schedule=StepDecay --model.schedule.milestones=[1] "
            "--model.schedule.warmup_epochs=-1",
            "warmup_epochs=-1",
        ),
        ("--model.mixing=ClipMixing --model.mixing.probability=2", "mixup_alpha=0"),
    ],
)
def test_a_wrong_number_is_named_in_one_line(tiny_run: Run, argument: str, named: str) -> None:
    with pytest.raises(SystemExit) as error:
        tiny_run("fit", *argument.split())
    assert named in stopped_with(error)


def test_clips_are_mixed_with_a_smoothed_soft_loss(tiny_run: Run) -> None:
    mixing = ("--model.mixing=ClipMixing", "--model.mixing.cutmix_alpha=1")
    run_dir = tiny_run("fit", *mixing, "--model.label_smoothing=0.1")
    config = yaml.safe_load((run_dir / "config.yaml").read_text())
    assert config["model"]["mixing"]["init_args"]["cutmix_alpha"] == 1
    assert (run_dir / "metrics.json").is_file()
