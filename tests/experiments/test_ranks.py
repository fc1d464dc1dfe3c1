"""Several processes: exact metrics for any number of them, two nodes, and no hang in a fault."""

import json
import os
import socket
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch

from tests.conftest import REPOSITORY, Run, tiny_arguments

pytestmark = pytest.mark.slow

LIMIT = 300
"""Seconds after which a hang is taken for one."""

TWO = ("--trainer.devices=2", "--trainer.strategy=ddp")
ONLY_ON_RANK_1 = """
import os, sys
import torch
from datamodules import VideoDecodeError
from datamodules.decoding.video import Video
from models import TEINet
from train import main

whole, read = TEINet.forward, Video.read
calls = iter(range(100))

def breaks(network, clips):
    return whole(network, clips) * (float("nan") if next(calls) == 2 else 1)

def refuses(video, indices):
    if next(calls) == 10:
        raise VideoDecodeError(f"{video.path}: does not decode")
    return read(video, indices)

rank = os.environ.get("LOCAL_RANK", "0")
if sys.argv[1] == f"loss{rank}":
    TEINet.forward = breaks
if sys.argv[1] == f"video{rank}":
    Video.read = refuses
main(sys.argv[2:])
"""


def start(*command: str | Path, **environment: str) -> "subprocess.Popen[str]":
    """Start a Python program in the repository."""
    return subprocess.Popen(
        [sys.executable, *command],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def results(run_dir: Path, stage: str) -> dict[str, Any]:
    """Read what metrics.json says of a stage."""
    metrics: dict[str, Any] = json.loads((run_dir / "metrics.json").read_text())
    return metrics[stage]


@pytest.mark.parametrize(
    ("stage", "split", "videos", "processes"),
    [("test", "test", 5, 2), ("validate", "val", 5, 2), ("test", "test", 7, 3)],
)
def test_metrics_are_those_of_one_process_also_with_uneven_shares(
    stage: str,
    split: str,
    videos: int,
    processes: int,
    run_dir: Path,
    tiny_run: Run,
    shapes_root: Path,
) -> None:
    flags = ["--ckpt_path=last", f"--data.{split}_videos={videos}", "--data.eval_batch_size=2"]
    tiny_run(stage, *flags)
    alone = results(run_dir, split)
    ranks = (f"--trainer.devices={processes}", "--trainer.strategy=ddp")
    process = start("train.py", stage, *tiny_arguments(shapes_root, run_dir), *flags, *ranks)
    _, said = process.communicate(timeout=LIMIT)
    assert process.returncode == 0, said
    together = results(run_dir, split)
    assert together["n_videos"] == videos
    assert (together["top1"], together["top5"]) == (alone["top1"], alone["top5"])
    assert together["loss"] == pytest.approx(alone["loss"], rel=1e-5)


@pytest.mark.parametrize(
    ("fault", "named"),
    [
        ("loss1", "step 2, epoch 0: the loss is nan on the batch "),
        ("video0", "mp4: does not decode"),
        ("video1", "mp4: does not decode"),
    ],
)
def test_a_fault_on_one_of_two_processes_ends_both_with_its_cause(
    fault: str, named: str, shapes_root: Path, tmp_path: Path
) -> None:
    program = tmp_path / "program.py"
    program.write_text(ONLY_ON_RANK_1)
    run_dir = tmp_path / "run"
    more = ("--data.train_videos=32", *TWO)
    process = start(program, fault, "fit", *tiny_arguments(shapes_root, run_dir), *more)
    _, said = process.communicate(timeout=LIMIT)  # waits for both: they share the pipe
    assert process.returncode != 0
    assert named in said
    assert not (run_dir / "checkpoints").exists()


def free_port() -> int:
    """Ask the system for a port that nobody uses."""
    with socket.socket() as place:
        place.bind(("127.0.0.1", 0))
        return int(place.getsockname()[1])


TRAIN_AND_TEST = """
import sys
from train import main

both, test = sys.argv[1].split("|"), sys.argv[2].split("|")
main(["fit", *both])
main(["test", *both, *test])
"""


def test_two_nodes_train_and_test_as_one_machine(
    shapes_root: Path, tiny_run: Run, tmp_path: Path
) -> None:
    run_dir, program = tmp_path / "run", tmp_path / "program.py"
    program.write_text(TRAIN_AND_TEST)
    nodes = [f"--trainer.{option}" for option in ("num_nodes=2", "devices=1", "strategy=ddp")]
    nodes.append("--data.index_dir=$INDEX")  # of its own on each machine
    test = ("--ckpt_path=last", "--data.test_videos=5", "--data.eval_batch_size=2")
    arguments = ("|".join([*tiny_arguments(shapes_root, run_dir), *nodes]), "|".join(test))
    torchrun = (
        *("-m", "torch.distributed.run", "--nnodes=2", "--nproc-per-node=1"),
        *("--local-addr=127.0.0.1", f"--rdzv-endpoint=127.0.0.1:{free_port()}"),
        *("--rdzv-backend=c10d", "--rdzv-id=1"),
    )
    indexes = [tmp_path / f"index{number}" for number in range(2)]
    machines = [
        start(*torchrun, program, *arguments, GLOO_SOCKET_IFNAME="lo", INDEX=str(index))
        for index in indexes
    ]
    for machine in machines:
        _, said = machine.communicate(timeout=LIMIT)
        assert machine.returncode == 0, said
    assert [(index / "videos.sqlite").is_file() for index in indexes] == [True, True]
    together = results(run_dir, "test")
    checkpoint = torch.load(run_dir / "checkpoints" / "last.ckpt", weights_only=True)
    assert checkpoint["global_step"] == 2  # 16 videos, 2 processes, 4 clips each
    assert checkpoint["provenance"]["recipe"]["total_batch_size"] == 8
    tiny_run("test", *test, run_dir=run_dir)
    alone = results(run_dir, "test")
    assert together["n_videos"] == 5
    assert together["top1"] == alone["top1"]
    assert together["loss"] == pytest.approx(alone["loss"], rel=1e-5)
