"""A loss that is NaN or infinite stops a fit before the weights change."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning.callbacks import ModelCheckpoint
from torch import Tensor

from lightning_modules import RunError, VideoRecognizer
from tests.lightning_modules.conftest import Fit, TinyNetwork

Make = Callable[..., VideoRecognizer]


class BreaksAt(TinyNetwork):
    """Multiplies its logits by NaN or infinity from its k-th training batch on."""

    def __init__(self, batch: int, value: float = float("nan")) -> None:
        super().__init__()
        self.left = batch
        self.value = value

    def forward(self, clips: Tensor) -> Tensor:
        logits = super().forward(clips)
        self.left -= self.training
        return logits * self.value if self.left < 0 else logits


@pytest.mark.parametrize("value", [float("nan"), float("inf"), -float("inf")])
def test_step_epoch_and_value_are_named(fit: Fit, recognizer: Make, value: float) -> None:
    with pytest.raises(RunError, match=r"^step 6, epoch 1: the loss is nan on the batch"):
        fit(recognizer(network=BreaksAt(6, value)), max_epochs=3)


@pytest.mark.parametrize("accumulation", [1, 2])
def test_no_weight_is_touched_and_the_last_checkpoint_stays(
    fit: Fit, recognizer: Make, tmp_path: Path, accumulation: int
) -> None:
    broken = recognizer(network=BreaksAt(6))
    keeps = ModelCheckpoint(tmp_path, save_last=True)
    flags: dict[str, Any] = {"accumulate_grad_batches": accumulation, "enable_checkpointing": True}
    with pytest.raises(RunError):
        fit(broken, keeps, max_epochs=3, **flags)
    assert all(parameter.isfinite().all() for parameter in broken.parameters())
    last = torch.load(tmp_path / "last.ckpt")
    assert last["global_step"] == 4 // accumulation
    assert all(value.isfinite().all() for value in last["state_dict"].values())


def test_a_weight_that_overflowed_is_found_at_the_next_loss(fit: Fit, recognizer: Make) -> None:
    broken = recognizer()
    with torch.no_grad():
        broken.network.get_parameter("fc.bias").fill_(float("inf"))
    with pytest.raises(RunError, match=r"^step 0, epoch 0: "):
        fit(broken)


class OverflowsAt:
    """Makes the k-th gradient infinite."""

    def __init__(self, call: int) -> None:
        self.left = call

    def __call__(self, gradient: Tensor) -> Tensor:
        self.left -= 1
        return torch.full_like(gradient, float("inf")) if self.left == 0 else gradient


def test_an_overflowing_gradient_alone_does_not_stop_a_fit(fit: Fit, recognizer: Make) -> None:
    kept = recognizer()
    kept.network.get_parameter("fc.weight").register_hook(OverflowsAt(4))
    fit(kept)  # a loss scaler would have skipped the step


def test_weights_that_an_update_broke_are_not_saved(
    fit: Fit, recognizer: Make, tmp_path: Path
) -> None:
    broken = recognizer()
    broken.network.get_parameter("fc.weight").register_hook(OverflowsAt(8))
    keeps = ModelCheckpoint(tmp_path, save_last=True)
    with pytest.raises(RunError, match=r"network\.fc\.weight is not finite"):
        fit(broken, keeps, max_epochs=3, enable_checkpointing=True)
    assert torch.load(tmp_path / "last.ckpt")["global_step"] == 4
