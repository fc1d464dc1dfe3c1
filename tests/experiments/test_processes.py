"""Two processes give the same results as one."""

import json
import subprocess
import sys
from pathlib import Path

import pytest
import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from tests.conftest import REPOSITORY, TINY_NETWORK, TINY_SHAPES, Run

pytestmark = pytest.mark.slow


def test_two_processes_count_every_video_once(
    run_dir: Path, tiny_run: Run, shapes_root: Path
) -> None:
    tiny_run("test", "--ckpt_path=last", "--data.test_videos=5")
    alone = json.loads((run_dir / "metrics.json").read_text())["test"]
    command = [
        *(sys.executable, "train.py", "test", *TINY_SHAPES, f"--data.root={shapes_root}"),
        *(*TINY_NETWORK, f"--run_dir={run_dir}", "--ckpt_path=last", "--data.test_videos=5"),
        *("--trainer.accelerator=cpu", "--trainer.devices=2", "--trainer.strategy=ddp"),
    ]
    subprocess.run(command, cwd=REPOSITORY, check=True, timeout=300, capture_output=True)
    together = json.loads((run_dir / "metrics.json").read_text())["test"]
    assert together["n_videos"] == 5
    assert together["top1"] == alone["top1"]
    assert together["loss"] == pytest.approx(alone["loss"], rel=1e-5)


def test_two_processes_train_and_predict_together(shapes_root: Path, tmp_path: Path) -> None:
    common = [
        *(*TINY_SHAPES, f"--data.root={shapes_root}", "--data.test_videos=5", *TINY_NETWORK),
        "--data.val_videos=3",  # not the same number in both processes
        *(f"--run_dir={tmp_path}", "--trainer.accelerator=cpu"),
        *("--trainer.devices=2", "--trainer.strategy=ddp"),
    ]
    for subcommand in (["fit", "--trainer.max_epochs=1"], ["predict"]):
        command = [sys.executable, "train.py", *subcommand, *common]
        subprocess.run(command, cwd=REPOSITORY, check=True, timeout=300, capture_output=True)
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert {"val/confusion", "val/worst_clips", "kernels/res2"} <= set(events.Tags()["images"])
    tensors = torch.load(tmp_path / "predictions" / "test_1x1.pt", weights_only=True)
    assert tensors["labels"].tolist() == [0, 1, 2, 3, 4]
    assert tensors["scores"].shape == (5, 8)
