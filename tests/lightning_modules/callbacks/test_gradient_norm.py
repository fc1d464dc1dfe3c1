"""GradientNorm: the norm of all gradients, before clipping."""

import pytest
from pytorch_lightning import Callback, LightningModule, Trainer

from lightning_modules.callbacks import GradientNorm
from tests.lightning_modules.conftest import Board, Fit


class KeepGradient(Callback):
    """Keeps the gradient of the only parameter after the backward pass."""

    def __init__(self) -> None:
        self.sizes: list[float] = []

    def on_after_backward(self, trainer: Trainer, pl_module: LightningModule) -> None:
        (parameter,) = pl_module.parameters()
        assert parameter.grad is not None
        self.sizes.append(abs(float(parameter.grad)))


def test_the_norm_is_computed_before_clipping(watch: Fit, board: Board) -> None:
    kept = KeepGradient()
    watch(kept, GradientNorm(), max_epochs=3, gradient_clip_val=1e-3)
    norms = board().Scalars("train/gradient_norm")
    assert [event.value for event in norms] == pytest.approx(kept.sizes)
    assert [event.step for event in norms] == [0, 1, 2]
    assert min(kept.sizes) > 1e-3


def test_it_follows_the_trainer_s_interval(watch: Fit, board: Board) -> None:
    watch(GradientNorm(), max_epochs=4, log_every_n_steps=2)
    assert [event.step for event in board().Scalars("train/gradient_norm")] == [1, 3]
