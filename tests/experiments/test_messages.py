"""Wrong settings end a run in one line that names the true cause, before anything takes long."""

from pathlib import Path

import pytest
import torch
from torchvision.models import ResNet18_Weights

import models.weights.sources
from models import WeightsError
from tests.conftest import TINY_NETWORK, Run
from tests.experiments.cli.test_command_line import stopped_with
from tests.experiments.runs import SMALL_NETWORK
from train import main


@pytest.mark.parametrize(
    ("argument", "named"),
    [
        ("--model.label_smoothing=2", "label_smoothing=2.0 must be at least 0 and below 1"),
        ("--model.label_smoothing=-0.1", "label_smoothing=-0.1 must be at least 0"),
        ("--seed_everything=-1", "seed_everything=-1: must be a number from 0"),
        ("--seed_everything=4294967296", "must be a number from 0 to 4294967295"),
        ("--seed_everything=true", "seed_everything=true: must be a number"),
        ("--seed_everything=false", "seed_everything=false: must be a number"),
        ("--model.optimizer.momentum=-1", "momentum=-1.0 must be 0 or above"),
        ("--model.optimizer.weight_decay=-1", "weight_decay=-1.0 must be 0 or above"),
        ("--model.optimizer.lr=.inf", "lr=inf must be above 0 and finite"),
        ("--ema_decay=2", "ema_decay=2.0 must be between 0 and 1"),
        ("--last.every_n_steps=0", "last.every_n_steps=0 must be above 0"),
    ],
)
def test_a_wrong_setting_is_named_before_any_video_is_made(
    argument: str, named: str, tmp_path: Path, tiny_run: Run
) -> None:
    with pytest.raises(SystemExit) as error:
        tiny_run("fit", argument, f"--data.root={tmp_path / 'shapes'}")
    assert named in stopped_with(error)
    assert not (tmp_path / "shapes").exists()
    assert not (tmp_path / "run").exists()


@pytest.fixture
def downloads(monkeypatch: pytest.MonkeyPatch) -> list[object]:
    """Record what would be downloaded."""
    asked: list[object] = []

    def refuse(member: object) -> None:
        asked.append(member)
        raise WeightsError(f"{member}: no network here")

    monkeypatch.setattr(models.weights.sources, "_download", refuse)
    return asked


WEIGHTS = (*TINY_NETWORK, "--model.network.weights=IMAGENET1K_V1", "--trainer.accelerator=cpu")


@pytest.mark.parametrize(
    ("data", "named"),
    [
        ("UCF101", "trainlist01.txt"),
        ("HMDB51", "brush_hair_test_split1.txt"),
        ("Kinetics400", "train.csv"),
        ("SomethingSomethingV2", "train"),
    ],
)
def test_missing_lists_are_named_before_weights_are_downloaded(
    data: str, named: str, tmp_path: Path, downloads: list[object]
) -> None:
    (tmp_path / "videos").mkdir()
    stated = [f"--data={data}", f"--data.root={tmp_path / 'videos'}", f"--run_dir={tmp_path}/run"]
    with pytest.raises(SystemExit) as error:
        main(["fit", *stated, f"--data.index_dir={tmp_path}", *WEIGHTS])
    assert named in stopped_with(error)
    assert downloads == []


@pytest.mark.parametrize(
    "argument",
    [
        *("--model.label_smoothing=2", "--model.optimizer.lr=-1", "--ema_decay=2"),
        *("--trainer.devices=two", "--trainer.sync_batchnorm=true", "--data.train_videos=0"),
        *("--trainer.max_time=never", "--model.mixing=ClipMixing"),
    ],
)
def test_a_wrong_setting_is_named_before_weights_are_downloaded(
    argument: str, tiny_run: Run, downloads: list[object]
) -> None:
    with pytest.raises(SystemExit):
        tiny_run("fit", *WEIGHTS, argument)
    assert downloads == []


def test_weights_are_loaded_when_all_else_is_right(tiny_run: Run, downloads: list[object]) -> None:
    with pytest.raises(SystemExit) as error:
        tiny_run("fit", *WEIGHTS)
    assert "--model.network.weights: ResNet18_Weights.IMAGENET1K_V1: no network" in stopped_with(
        error
    )
    assert len(downloads) == 1


def test_a_download_is_announced_with_its_address_and_the_option_that_avoids_it(
    tiny_run: Run,
    downloads: list[object],
    caplog: pytest.LogCaptureFixture,
    monkeypatch: pytest.MonkeyPatch,
    tmp_path: Path,
) -> None:
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path))
    url = ResNet18_Weights.IMAGENET1K_V1.url
    with pytest.raises(SystemExit):
        tiny_run("fit", *WEIGHTS)
    assert f"downloading {url}; to avoid it, give --model.network.weights null" in caplog.text
    caplog.clear()
    (tmp_path / "checkpoints").mkdir()
    (tmp_path / "checkpoints" / url.rpartition("/")[2]).touch()  # as if downloaded before
    with pytest.raises(SystemExit):
        tiny_run("fit", *WEIGHTS)
    assert "downloading" not in caplog.text


@pytest.mark.parametrize("prefix", ["module.", "backbone.", ""])
@pytest.mark.parametrize("container", ["model", "state_dict", ""])
@pytest.mark.parametrize("legacy", [True, False])
def test_weights_of_other_projects_are_no_checkpoint_and_the_option_for_them_is_named(
    prefix: str, container: str, legacy: bool, tiny_run: Run, tmp_path: Path
) -> None:
    weights = {f"{prefix}conv1.weight": torch.zeros(1)}
    content = {container: weights} if container else weights
    torch.save(content, tmp_path / "a.pth", _use_new_zipfile_serialization=not legacy)
    for subcommand in ("fit", "test"):
        with pytest.raises(SystemExit) as error:
            tiny_run(subcommand, f"--ckpt_path={tmp_path / 'a.pth'}")
        assert "--model.network.weights" in stopped_with(error)


def test_a_checkpoint_of_another_lightning_project_is_told_from_one_of_another_network(
    tiny_run: Run, tmp_path: Path
) -> None:
    run_dir = tiny_run("fit", SMALL_NETWORK)
    file = run_dir / "checkpoints" / "last.ckpt"
    content = torch.load(file, weights_only=True)
    state = content["state_dict"].items()
    content["state_dict"] = {f"module.{key.partition('.')[2]}": value for key, value in state}
    torch.save(content, tmp_path / "other.ckpt")
    with pytest.raises(SystemExit) as error:
        tiny_run("test", SMALL_NETWORK, f"--ckpt_path={tmp_path / 'other.ckpt'}")
    assert "not of this project: its weights are named module." in stopped_with(error)
    assert "--model.network.weights" in stopped_with(error)
