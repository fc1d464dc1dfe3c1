"""train.py --model.compile true: exact resume, two processes, checkpoints, and no compiler."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch

from tests.conftest import REPOSITORY, tiny_arguments
from tests.experiments.runs import SMALL_NETWORK, TWO_EPOCHS, assert_same_run
from tests.experiments.stopping import stop_at
from tests.experiments.test_exact_resume import RECIPE
from train import main

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("compiler")]

COMPILE = "--model.compile=true"
CLIPPING = "--trainer.gradient_clip_val=0.1"
TWO = ("--trainer.devices=2", "--trainer.strategy=ddp")
LIMIT = 600
"""Seconds after which a hang is taken for one."""


def start(
    subcommand: str, *arguments: str, **environment: str
) -> "subprocess.CompletedProcess[str]":
    """Run train.py as a program."""
    return subprocess.run(
        [sys.executable, "train.py", subcommand, *arguments],
        cwd=REPOSITORY,
        env={**os.environ, **environment},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )


def weights_of(run_dir: Path) -> dict[str, torch.Tensor]:
    whole = torch.load(run_dir / "checkpoints" / "last.ckpt", weights_only=True)
    return dict(whole["state_dict"])


def test_a_resumed_compiled_fit_equals_the_uninterrupted_one(
    shapes_root: Path, tmp_path: Path
) -> None:
    settings = (*TWO_EPOCHS, *RECIPE, COMPILE, CLIPPING)
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    main(["fit", *tiny_arguments(shapes_root, whole), *settings])
    arguments = ["fit", *tiny_arguments(shapes_root, parts), *settings, "--last.every_n_steps=1"]
    for stop in (stop_at("on_before_backward", 3), stop_at("on_train_batch_end", 6)):
        resume = ["--ckpt_path=last"] if parts.exists() else []
        with pytest.raises(SystemExit):
            main([*arguments, *stop, *resume])
        torch.compiler.reset()  # as in a new process
    main([*arguments, "--ckpt_path=last"])
    assert_same_run(whole, parts)


def test_checkpoints_serve_compiled_and_uncompiled_runs(shapes_root: Path, tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    common = [*tiny_arguments(shapes_root, run_dir), SMALL_NETWORK, "--data.test_videos=8"]
    main(["fit", *common, COMPILE])
    results = []
    for flags in ([], [COMPILE]):
        main(["test", *common, *flags, "--ckpt_path=last"])
        results.append((run_dir / "metrics.json").read_text())
    assert not [name for name in weights_of(run_dir) if "_orig_mod" in name]
    assert results[0].splitlines()[0] == results[1].splitlines()[0]
    resumed = [*common, "--trainer.max_epochs=2", "--ckpt_path=last"]
    with pytest.warns(UserWarning, match=r"model\.compile True -> False"):
        main(["fit", *resumed])


def test_two_processes_train_as_without_compiling(shapes_root: Path, tmp_path: Path) -> None:
    trained = []
    for name, flags in {"plain": (), "compiled": (COMPILE,)}.items():
        run_dir = tmp_path / name
        common = [*tiny_arguments(shapes_root, run_dir), SMALL_NETWORK, "--model.network.dropout=0"]
        finished = start("fit", *common, *TWO, *flags)
        assert finished.returncode == 0, finished.stderr
        said = finished.stdout + finished.stderr
        assert said.count("torch.compile: the first train batch took ") == len(flags)
        trained.append(weights_of(run_dir))
    plain, compiled = trained
    assert plain.keys() == compiled.keys()
    for name in plain:
        assert torch.allclose(plain[name], compiled[name], rtol=1e-4, atol=1e-6), name


def test_a_machine_without_a_compiler_says_so_in_one_line_before_it_reads_data(
    shapes_root: Path, tmp_path: Path
) -> None:
    arguments = [*tiny_arguments(shapes_root, tmp_path / "run"), SMALL_NETWORK, COMPILE]
    finished = start("fit", *arguments, CXX="/bin/false")
    assert finished.returncode == 1
    message = finished.stderr.splitlines()[-1]
    assert message.startswith("error: model.compile=true: torch cannot compile for cpu here (")
    assert message.endswith("or give false")
    assert "Traceback" not in finished.stderr
    assert "train: 16 videos" not in finished.stdout + finished.stderr
