"""Compares two runs of one training: weights, counters and curves, to the last bit."""

from pathlib import Path
from typing import Any

import torch
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

SMALL_NETWORK = "--model.network=tests.experiments.small_network.SmallNetwork"
TWO_EPOCHS = (SMALL_NETWORK, "--trainer.max_epochs=2", "--trainer.enable_progress_bar=false")
"""Two epochs of four batches, with the data of `tests.conftest.tiny_arguments`."""

MEASURED_TIMES = {"throughput/clips_per_second", "throughput/data_wait_share"}
ONCE_A_FIT = {"recipe/lr", "recipe/total_batch_size"}
KEPT = (
    *("epoch", "global_step", "state_dict", "optimizer_states", "lr_schedulers", "exact_resume"),
    *("current_model_state", "averaging_state"),
)


def checkpoint_of(run_dir: Path, name: str = "last") -> dict[str, Any]:
    """Read a checkpoint without what may differ: folders, and the SLURM job."""
    whole = torch.load(run_dir / "checkpoints" / f"{name}.ckpt", weights_only=True)
    callbacks = whole["callbacks"].items()
    best = next(state for key, state in callbacks if key.startswith("ModelCheckpoint"))
    kept = {key: whole[key] for key in KEPT if key in whole}
    del kept["exact_resume"]["slurm_job"]
    return {**kept, "best": [best["best_model_score"], Path(best["best_model_path"]).name]}


def curves_of(run_dir: Path) -> dict[str, list[tuple[int, float]]]:
    """Read TensorBoard's scalars, without measured times."""
    events = EventAccumulator(str(run_dir), size_guidance={"scalars": 0})
    events.Reload()
    names = set(events.Tags()["scalars"]) - MEASURED_TIMES - ONCE_A_FIT
    return {name: [(e.step, e.value) for e in events.Scalars(name)] for name in names}


def assert_same(one: Any, other: Any, where: str = "") -> None:
    """Compare values; tensors bit by bit."""
    if isinstance(one, torch.Tensor):
        assert torch.equal(one, other), where
    elif isinstance(one, dict):
        assert one.keys() == other.keys(), where
        for key in one:
            assert_same(one[key], other[key], f"{where}.{key}")
    elif isinstance(one, list):
        assert len(one) == len(other), where
        for number, (left, right) in enumerate(zip(one, other, strict=True)):
            assert_same(left, right, f"{where}.{number}")
    else:
        assert one == other, where


def assert_same_training(one: Path, other: Path) -> None:
    """Compare weights, optimizer, position, best score and metrics."""
    assert_same(checkpoint_of(one), checkpoint_of(other))
    metrics = [folder / "metrics.json" for folder in (one, other)]
    texts = [file.read_text() if file.exists() else "no validation" for file in metrics]
    assert texts[0] == texts[1]


def assert_same_run(one: Path, other: Path) -> None:
    """Compare the training and its curves."""
    assert_same_training(one, other)
    assert curves_of(one) == curves_of(other)
