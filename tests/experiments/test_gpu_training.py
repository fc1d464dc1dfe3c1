"""Training on GPUs: precisions, exact resume within a tolerance, compiling, NCCL, SyncBatchNorm."""

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest
import torch
from torch.nn import functional as F

from experiments.benchmark import __main__ as benchmark
from lightning_modules import RunError
from lightning_modules.compilation import require_compiler
from lightning_modules.video_recognizer import in_channels_last
from models import TEINet, TSINet, VideoNetwork
from tests.conftest import REPOSITORY, tiny_arguments
from tests.experiments.runs import SMALL_NETWORK, TWO_EPOCHS
from tests.experiments.stopping import stop_at
from tests.experiments.test_exact_resume import RECIPE
from train import main

pytestmark = [pytest.mark.gpu, pytest.mark.slow]

DEVICE = "cuda"
ONE_GPU = ("--trainer.accelerator=gpu", "--trainer.devices=1")
ALL_GPUS = ("--trainer.accelerator=gpu", "--trainer.devices=-1", "--trainer.strategy=ddp")
LIMIT = 120
"""Seconds after which a hang is taken for one."""

RESUME_TOLERANCE = {"rtol": 1e-4, "atol": 1e-5}
"""Of weights after a resume: kernels that add in no fixed order remain, see docs/determinism.md."""

COMPILE_TOLERANCE = {"rtol": 1e-2, "atol": 1e-4}
"""Of weights after one epoch in fp32: fused kernels round otherwise."""


def state_of(run_dir: Path) -> dict[str, Any]:
    """Read last.ckpt."""
    return dict(torch.load(run_dir / "checkpoints" / "last.ckpt", "cpu", weights_only=True))


def assert_close(one: Path, other: Path, rtol: float, atol: float) -> None:
    """Compare the weights of two runs."""
    weights, others = (state_of(run_dir)["state_dict"] for run_dir in (one, other))
    assert weights.keys() == others.keys()
    for name, weight in weights.items():
        torch.testing.assert_close(weight, others[name], rtol=rtol, atol=atol, msg=name)


@pytest.mark.parametrize("network", ["TEINet", "TSINet"])
@pytest.mark.parametrize("precision", ["bf16-mixed", "16-mixed"])
def test_mixed_precision_trains_and_keeps_weights_in_float32(
    network: str, precision: str, shapes_root: Path, tmp_path: Path
) -> None:
    run_dir = tmp_path / "run"
    flags = (f"--trainer.precision={precision}", f"--model.network={network}", *ONE_GPU)
    main(["fit", *tiny_arguments(shapes_root, run_dir), *flags])
    state = state_of(run_dir)
    assert state["global_step"] == 4
    weights = [weight for weight in state["state_dict"].values() if weight.is_floating_point()]
    assert {weight.dtype for weight in weights} == {torch.float32}
    assert all(bool(weight.isfinite().all()) for weight in weights)
    assert 0 < json.loads((run_dir / "metrics.json").read_text())["val"]["loss"] < 10


@pytest.mark.parametrize("maker", [TEINet, TSINet])
def test_channels_last_gives_the_same_logits_and_gradients(maker: type[VideoNetwork]) -> None:
    torch.manual_seed(0)
    network = maker(5, num_segments=4, backbone="resnet18", dropout=0.0).to(DEVICE).eval()
    clips = torch.randn(2, 4, 3, 64, 64, device=DEVICE)
    results = []
    for _ in range(2):  # first contiguous, then channels_last
        with torch.backends.cudnn.flags(enabled=True, deterministic=True, allow_tf32=False):
            logits = network(clips)
            loss = F.cross_entropy(logits, torch.tensor([1, 2], device=DEVICE))
            gradients = torch.autograd.grad(loss, list(network.parameters()))
        results.append([logits.detach(), *gradients])
        in_channels_last(network)
    for plain, last in zip(*results, strict=True):
        torch.testing.assert_close(last, plain, rtol=1e-2, atol=1e-4)


def test_a_resumed_fit_equals_the_uninterrupted_one_within_a_tolerance(
    shapes_root: Path, tmp_path: Path
) -> None:
    settings = (*TWO_EPOCHS, *RECIPE, *ONE_GPU, "--trainer.deterministic=warn")
    whole, parts = tmp_path / "whole", tmp_path / "parts"
    main(["fit", *tiny_arguments(shapes_root, whole), *settings])
    arguments = ["fit", *tiny_arguments(shapes_root, parts), *settings]
    with pytest.raises(SystemExit):
        main([*arguments, "--last.every_n_steps=1", *stop_at("on_before_backward", 3)])
    main([*arguments, "--ckpt_path=last"])
    assert_close(whole, parts, **RESUME_TOLERANCE)


@pytest.mark.parametrize("network", [SMALL_NETWORK, "--model.network=TEINet"])
def test_a_compiled_fit_trains_as_the_uncompiled_one(
    network: str, shapes_root: Path, tmp_path: Path
) -> None:
    try:
        require_compiler(torch.device(DEVICE))
    except RunError as error:  # images without gcc
        pytest.skip(str(error))
    for name, flags in {"plain": [], "compiled": ["--model.compile=true"]}.items():
        common = tiny_arguments(shapes_root, tmp_path / name)
        own = [network, "--model.network.dropout=0", *ONE_GPU]
        main(["fit", *common, *own, *flags, "--trainer.limit_train_batches=2", "--pictures=0"])
    assert_close(tmp_path / "plain", tmp_path / "compiled", **COMPILE_TOLERANCE)


def train_on_all(run_dir: Path, shapes_root: Path, *flags: str) -> None:
    """Train with a process for each GPU."""
    arguments = [*tiny_arguments(shapes_root, run_dir), *flags, *ALL_GPUS]
    finished = subprocess.run(
        [sys.executable, "train.py", "fit", *arguments],
        cwd=REPOSITORY,
        env={**os.environ, "OMP_NUM_THREADS": "1"},
        capture_output=True,
        text=True,
        timeout=LIMIT,
        check=False,
    )
    assert finished.returncode == 0, finished.stderr


def test_all_gpus_train_together_over_nccl(shapes_root: Path, tmp_path: Path) -> None:
    gpus = torch.cuda.device_count()
    videos = f"--data.train_videos={8 * gpus}"
    train_on_all(tmp_path, shapes_root, SMALL_NETWORK, videos, "--trainer.sync_batchnorm=true")
    state = state_of(tmp_path)
    assert state["global_step"] == 2
    assert state["provenance"]["recipe"]["total_batch_size"] == 4 * gpus
    assert json.loads((tmp_path / "metrics.json").read_text())["val"]["n_videos"] == 8


def test_synchronised_batch_norm_on_two_gpus_equals_one_gpu_with_the_whole_batch(
    shapes_root: Path, tmp_path: Path
) -> None:
    gpus = torch.cuda.device_count()
    if gpus < 2:
        pytest.skip("needs two GPUs")
    common = (SMALL_NETWORK, "--model.network.dropout=0", f"--data.train_videos={8 * gpus}")
    together, alone = tmp_path / "together", tmp_path / "alone"
    train_on_all(together, shapes_root, *common, "--trainer.sync_batchnorm=true")
    whole = f"--data.batch_size={4 * gpus}"
    main(["fit", *tiny_arguments(shapes_root, alone), *common, whole, *ONE_GPU])
    assert_close(together, alone, rtol=1e-3, atol=1e-5)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "fp16"])
def test_the_benchmark_measures_time_and_memory(precision: str, tmp_path: Path) -> None:
    file = tmp_path / "out.json"
    sizes = ("--size=64", "--batch=2", "--train_batch=2", "--repeats=2", "--warmup=1")
    flags = ("--device=cuda", f"--precision={precision}", "--channels_last", "--train")
    benchmark.main(["model", *flags, *sizes, "--rows", "tsn-8", f"--json={file}"])
    row = json.loads(file.read_text())["rows"][0]
    for kind in ("latency", "throughput", "training"):
        assert row[kind]["ms"]["median"] > 0
        assert row[kind]["peak_mib"] > 90  # the weights alone
