"""RecipeReport: the recipe is printed, logged, and compared with a checkpoint."""

import logging
from collections.abc import Callable
from pathlib import Path

import pytest
from pytorch_lightning.callbacks import Callback
from pytorch_lightning.loggers import TensorBoardLogger
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from lightning_modules import SGD, AdamW, ClipMixing, RunError, VideoRecognizer
from lightning_modules.callbacks import WeightAverage
from lightning_modules.optimization.optimizers import OptimizerMaker
from tests.lightning_modules.conftest import Fit

Make = Callable[..., VideoRecognizer]


def trained(fit: Fit, recognizer: Make, folder: Path, *callbacks: Callback) -> Path:
    """Train one epoch with learning rate 0.01; return the checkpoint."""
    trainer = fit(recognizer(optimizer=SGD(lr=0.01)), *callbacks)
    trainer.save_checkpoint(folder / "first.ckpt")
    return folder / "first.ckpt"


def test_the_recipe_is_printed_once(
    fit: Fit, recognizer: Make, caplog: pytest.LogCaptureFixture
) -> None:
    maker = SGD(lr=0.01, reference_batch_size=64)
    mixed = recognizer(optimizer=maker, partial_bn=True, mixing=ClipMixing(cutmix_alpha=1.0))
    with caplog.at_level(logging.INFO):
        fit(mixed, WeightAverage(0.9), max_epochs=2)
    for line in (
        "lr 0.01 at total batch 64 -> 0.0003125 at 2 (1 process x 2 clips x 1 accumulation)",
        "BatchNorm: 1 of 2 layers learn, the others keep their statistics, weights and biases",
        "mixing: mixup alpha 0, cutmix alpha 1, 100 % of the batches",
        "weights are averaged with decay 0.9",
    ):
        assert caplog.messages.count(line) == 1


def test_rate_and_total_batch_are_logged(fit: Fit, recognizer: Make, tmp_path: Path) -> None:
    maker = SGD(lr=0.01, reference_batch_size=8)
    logger = TensorBoardLogger(tmp_path, name="", version="")
    fit(recognizer(optimizer=maker), logger=logger, accumulate_grad_batches=2, log_every_n_steps=1)
    events = EventAccumulator(str(tmp_path))
    events.Reload()
    assert [event.value for event in events.Scalars("recipe/total_batch_size")] == [4]
    assert [event.value for event in events.Scalars("recipe/lr")] == pytest.approx([0.005])


def test_another_learning_rate_gives_a_warning_when_a_fit_is_resumed(
    fit: Fit, recognizer: Make, tmp_path: Path
) -> None:
    first = trained(fit, recognizer, tmp_path)
    with pytest.warns(UserWarning, match=r"lr 0\.01 stays in force, not 0\.5"):
        trainer = fit(recognizer(optimizer=SGD(lr=0.5)), max_epochs=2, ckpt_path=first)
    assert trainer.optimizers[0].param_groups[0]["lr"] == 0.01


def test_another_weight_decay_gives_a_warning_when_a_fit_is_resumed(
    fit: Fit, recognizer: Make, tmp_path: Path
) -> None:
    first = trained(fit, recognizer, tmp_path)
    with pytest.warns(UserWarning, match=r"weight_decay 0\.0001 stays in force, not 0\.3"):
        fit(recognizer(optimizer=SGD(weight_decay=0.3)), max_epochs=2, ckpt_path=first)


@pytest.mark.parametrize("maker", [SGD(parameter_policy="tsm"), AdamW()])
def test_other_parameter_groups_are_refused_when_a_fit_is_resumed(
    fit: Fit, recognizer: Make, tmp_path: Path, maker: OptimizerMaker
) -> None:
    first = trained(fit, recognizer, tmp_path)
    with pytest.raises(RunError, match="the checkpoint's optimizer updates all"):
        fit(recognizer(optimizer=maker), max_epochs=2, ckpt_path=first)


def test_averaged_weights_are_not_lost_when_a_fit_is_resumed(
    fit: Fit, recognizer: Make, tmp_path: Path
) -> None:
    first = trained(fit, recognizer, tmp_path, WeightAverage(0.9))
    with pytest.raises(RunError, match="ema_decay"):
        fit(recognizer(optimizer=SGD(lr=0.01)), max_epochs=2, ckpt_path=first)


def test_a_checkpoint_without_optimizer_is_refused_when_a_fit_is_resumed(
    fit: Fit, recognizer: Make, tmp_path: Path
) -> None:
    trainer = fit(recognizer(optimizer=SGD(lr=0.01)))
    trainer.save_checkpoint(tmp_path / "weights.ckpt", weights_only=True)
    with pytest.raises(RunError, match="save_weights_only"):
        fit(recognizer(), max_epochs=2, ckpt_path=tmp_path / "weights.ckpt")
