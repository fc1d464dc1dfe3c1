"""Training from a pack is training from the files: the same lists, order, clips and weights."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch

from datamodules.prepare.command_line import main as prepare
from tests.datamodules.layouts import LAYOUTS
from tests.experiments.small_lists import list_arguments, write_list
from tests.experiments.test_experiment_files import SMALL
from train import main

EXACT = ("--data.num_segments=4", "--model.network=tests.experiments.small_network.SmallNetwork")


def weights_of(run: Path) -> dict[str, torch.Tensor]:
    checkpoint = torch.load(run / "checkpoints" / "last.ckpt", weights_only=True)
    state: dict[str, torch.Tensor] = checkpoint["state_dict"]
    return state


def refuse_difference(one: Path, other: Path) -> None:
    """Compare weights and metrics of two runs, bit for bit."""
    weights, others = weights_of(one), weights_of(other)
    assert weights.keys() == others.keys()
    assert all(torch.equal(value, others[name]) for name, value in weights.items())
    metrics = [json.loads((run / "metrics.json").read_text())["val"] for run in (one, other)]
    for name in ("top1", "top5", "loss", "n_videos"):
        assert metrics[0][name] == metrics[1][name]


@pytest.mark.parametrize("data_set", ["SomethingSomethingV1", "Kinetics400"])
def test_a_benchmark_trains_from_a_pack_to_the_same_bits(data_set: str, tmp_path: Path) -> None:
    loose: dict[str, Any] = LAYOUTS[data_set](tmp_path / "data", (5, 3))
    lists = {"annotations": loose.get("annotations", loose["root"])}
    packed = {**lists, "root": str(tmp_path / "pack")}
    named = ("--data.check_counts=false", f"--data.index_dir={tmp_path / 'index'}")
    given = (f"--data={data_set}", *named)
    options = [f"--data.{name}={value}" for name, value in loose.items()]
    assert prepare(["pack", *given, *options, f"--output={packed['root']}"]) == 0
    for name, place in (("loose", loose), ("packed", packed)):
        options = [f"--data.{option}={value}" for option, value in place.items()]
        main(["fit", *given, *options, *SMALL, *EXACT, f"--run_dir={tmp_path / name}"])
    refuse_difference(tmp_path / "loose", tmp_path / "packed")


def test_a_run_goes_on_from_a_pack_to_the_same_bits(tmp_path: Path) -> None:
    source = write_list(tmp_path / "videos", {"walk": 0, "run": 1})
    pack = tmp_path / "pack"
    data = ("--data=VideoList", f"--data.source={source}", f"--data.index_dir={tmp_path}")
    assert prepare(["pack", *data, f"--output={pack}"]) == 0
    two = ("--trainer.max_epochs=2", "--data.num_workers=2")
    fit(source, tmp_path / "whole", *two)
    fit(source, tmp_path / "moved")
    fit(pack / "list.csv", tmp_path / "moved", *two, "--ckpt_path=last")
    weights, others = weights_of(tmp_path / "whole"), weights_of(tmp_path / "moved")
    assert all(torch.equal(value, others[name]) for name, value in weights.items())


def fit(source: Path, run: Path, *arguments: str) -> None:
    """Train a small network on a list."""
    given = [given for given in list_arguments(source, run) if not given.startswith("--model")]
    main(["fit", *given, *EXACT, *arguments])
