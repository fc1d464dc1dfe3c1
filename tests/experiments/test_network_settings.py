"""A checkpoint meets a network of other settings, also such as have no parameters."""

import logging
from pathlib import Path
from typing import Any

import pytest
import torch

from lightning_modules.checkpoints.provenance import KEY
from tests.conftest import Run
from tests.experiments.cli.test_command_line import stopped_with

LAST = "--ckpt_path=last"


def checkpoint(run_dir: Path) -> dict[str, Any]:
    return torch.load(run_dir / "checkpoints" / "last.ckpt", weights_only=True)


def change_network(run_dir: Path, **settings: Any) -> None:
    """Change what a run's last checkpoint says of its network."""
    content = checkpoint(run_dir)
    network = content[KEY]["model"]["network"]
    network["init_args"] = {**network["init_args"], **settings}
    torch.save(content, run_dir / "checkpoints" / "last.ckpt")


@pytest.mark.parametrize("subcommand", ["fit", "validate", "test", "predict"])
@pytest.mark.parametrize(
    ("argument", "named"),
    [
        ("mem_gate=centred", "mem_gate is paper in the checkpoint and centred here"),
        ("blocks=first", "blocks is all in the checkpoint and first here"),
    ],
)
def test_another_setting_is_refused_by_name(
    subcommand: str, argument: str, named: str, tiny_run: Run, run_dir: Path
) -> None:
    with pytest.raises(SystemExit) as error:
        tiny_run(subcommand, LAST, "--trainer.max_epochs=2", f"--model.network.{argument}")
    assert named in stopped_with(error)
    assert "--model.network.weights <checkpoint>" in stopped_with(error)


def test_a_setting_without_parameters_is_allowed_with_a_warning(
    tiny_run: Run, run_dir: Path
) -> None:
    named = "mem_gate is paper in the checkpoint and centred here"
    with pytest.warns(UserWarning, match=f"allowed by allow_other_data: {named}"):
        tiny_run("test", LAST, "--model.network.mem_gate=centred", "--allow_other_data=true")


def test_a_network_of_another_kind_with_the_same_parameters_is_refused(
    tiny_run: Run, tmp_path: Path
) -> None:
    shift = ("--model.network=TSM", "--model.network.backbone=resnet18")
    tiny_run("fit", *shift)
    tiny_run("test", *shift)
    for other, named in (
        (["--model.network=TSN"], "it is TSM in the checkpoint and TSN here"),
        (["--model.network.fold_div=4"], "fold_div is 8 in the checkpoint and 4 here"),
        (["--model.network.shift_every=2"], "shift_every is None in the checkpoint and 2 here"),
        (["--model.network.stages=res4"], "stages is all in the checkpoint and res4 here"),
    ):
        with pytest.raises(SystemExit) as error:
            tiny_run("test", *shift, *other)
        assert named in stopped_with(error)


def test_what_only_training_uses_may_differ(tiny_run: Run, run_dir: Path) -> None:
    change_network(run_dir, weights="elsewhere.pth", dropout=0.8, kernel_start="random")
    tiny_run("test", LAST)


def test_what_an_older_checkpoint_does_not_state_is_logged(
    tiny_run: Run, run_dir: Path, caplog: pytest.LogCaptureFixture
) -> None:
    content = checkpoint(run_dir)
    del content[KEY]["model"]["network"]["init_args"]["mem_norm"]
    torch.save(content, run_dir / "checkpoints" / "last.ckpt")
    caplog.set_level(logging.INFO)
    tiny_run("test", LAST)
    assert "another version of the code saved: mem_norm" in caplog.text
