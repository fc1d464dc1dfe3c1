"""TensorBoard's hyperparameters, and the curves and pictures of a whole fit."""

from collections.abc import Callable
from pathlib import Path

import pytest
import torch
import yaml
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.conftest import Run


@pytest.fixture
def tags() -> Callable[[Path], dict[str, set[str]]]:
    """Read the tags of a run folder."""

    def read(run_dir: Path) -> dict[str, set[str]]:
        events = EventAccumulator(str(run_dir))
        events.Reload()
        found = events.Tags()
        return {kind: set(found[kind]) for kind in ("scalars", "images", "histograms")}

    return read


VALIDATION = {"cam/first_clip", "val/confusion", "val/classes", "val/worst_clips"}
STAGES = ("res2", "res3", "res4", "res5")


def test_the_hyperparameters_are_flat(run_dir: Path) -> None:
    values = yaml.safe_load((run_dir / "hparams.yaml").read_text())
    expected = {
        **{"seed": 0, "network": "TEINet", "network.backbone": "resnet18"},
        **{"network.enhancement": "mem", "network.weights": "None", "network.mem_bias": True},
        **{"optimizer": "SGD", "optimizer.lr": 0.01, "schedule": "None", "label_smoothing": 0.0},
        **{"data": "MovingShapes", "batch_size": 4, "num_segments": 4, "max_epochs": 1},
    }
    assert expected.items() <= values.items()
    assert not [name for name in values if "class_names" in name or "num_classes" in name]


def test_a_fit_of_teinet_shows_gates_kernels_and_errors(
    run_dir: Path, tags: Callable[[Path], dict[str, set[str]]]
) -> None:
    found = tags(run_dir)
    assert found["images"] == VALIDATION | {f"kernels/{stage}" for stage in STAGES}
    assert found["histograms"] == {f"gates/{stage}" for stage in STAGES}
    assert found["scalars"] >= {
        *("train/gradient_norm", "best/top1", "final/top1"),
        *(f"gates/{stage}_mean" for stage in STAGES),
        *(f"kernels/{stage}_moved" for stage in STAGES),
    }


def test_a_fit_of_tsinet_shows_alignment_maps(
    tiny_run: Run, tags: Callable[[Path], dict[str, set[str]]]
) -> None:
    found = tags(tiny_run("fit", "--model.network=TSINet", "--trainer.precision=bf16-mixed"))
    kernels = {f"kernels/{stage}" for stage in STAGES}
    assert found["images"] == VALIDATION | kernels | {"alignment/first_clip"}
    assert found["histograms"] == set()


def test_pictures_can_be_switched_off_and_do_not_change_the_weights(
    trained_once: Path, tiny_run: Run, tags: Callable[[Path], dict[str, set[str]]]
) -> None:
    run_dir = tiny_run("fit", "--pictures=0")
    assert tags(run_dir)["images"] == set()
    with_pictures, without = (
        torch.load(folder / "checkpoints" / "last.ckpt", weights_only=True)["state_dict"]
        for folder in (trained_once, run_dir)
    )
    for key, value in with_pictures.items():
        assert torch.equal(value, without[key]), key
