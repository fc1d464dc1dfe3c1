"""The total batch, and the learning rate that is scaled to it."""

from collections.abc import Callable
from typing import Any

import pytest
from pytorch_lightning import LightningDataModule

from lightning_modules import SGD, RunError, VideoRecognizer
from lightning_modules.optimization.total_batch import TotalBatch, describe_learning_rate
from tests.lightning_modules.conftest import Fit, TinyClips

Make = Callable[..., VideoRecognizer]


def test_the_description_has_the_configured_and_the_scaled_rate() -> None:
    maker = SGD(lr=0.01, reference_batch_size=64)
    assert describe_learning_rate(maker, TotalBatch(1, 8, 1)) == (
        "lr 0.01 at total batch 64 -> 0.00125 at 8 (1 process x 8 clips x 1 accumulation)"
    )
    assert describe_learning_rate(SGD(), TotalBatch(2, 1, 4)) == (
        "lr 0.01, not scaled, at total batch 8 (2 processes x 1 clip x 4 accumulations)"
    )


@pytest.mark.parametrize(("accumulation", "expected"), [(1, 0.005), (2, 0.01), (4, 0.02)])
def test_a_fit_scales_its_rate_by_batch_and_accumulation(
    fit: Fit, recognizer: Make, accumulation: int, expected: float
) -> None:
    maker = SGD(lr=0.01, reference_batch_size=4, parameter_policy="tsm")
    trainer = fit(recognizer(optimizer=maker), accumulate_grad_batches=accumulation)
    rates = {group["name"]: group["lr"] for group in trainer.optimizers[0].param_groups}
    assert rates["weight"] == pytest.approx(expected)
    assert rates["classifier_bias"] == pytest.approx(10 * expected)


def test_without_a_reference_the_rate_is_not_scaled(fit: Fit, recognizer: Make) -> None:
    trainer = fit(recognizer(optimizer=SGD(lr=0.01)), accumulate_grad_batches=4)
    assert trainer.optimizers[0].param_groups[0]["lr"] == 0.01


def test_data_without_a_batch_size_are_refused(fit: Fit, recognizer: Make) -> None:
    class WithoutBatchSize(LightningDataModule):
        def train_dataloader(self) -> Any:
            return TinyClips().train_dataloader()

    with pytest.raises(RunError, match=r"batch_size.*reference_batch_size=null"):
        fit(recognizer(optimizer=SGD(reference_batch_size=64)), data=WithoutBatchSize())
