"""WeightAverage: validation uses the average, training does not, checkpoints hold both."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import Callback, ModelCheckpoint
from torch import Tensor

from lightning_modules import RunError, VideoRecognizer
from lightning_modules.callbacks import WeightAverage
from tests.lightning_modules.conftest import Fit

Make = Callable[..., VideoRecognizer]
DECAY = 0.75


class Watch(Callback):
    """Keeps the classifier's weights after each step and in each validation."""

    def __init__(self) -> None:
        self.after_steps: list[Tensor] = []
        self.validated: list[Tensor] = []

    def on_train_batch_end(self, trainer: Trainer, pl_module: LightningModule, *_: Any) -> None:
        self.after_steps.append(classifier(pl_module))

    def on_validation_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, *_: Any
    ) -> None:
        self.validated.append(classifier(pl_module))

    def average(self) -> Tensor:
        """Compute the average from the weights after each step."""
        average = self.after_steps[0]
        for weights in self.after_steps[1:]:
            average = DECAY * average + (1 - DECAY) * weights
        return average


def classifier(module: Any) -> Tensor:
    weights: Tensor = module.network.fc.weight.detach().clone()
    return weights


def read(file: Path) -> dict[str, Any]:
    checkpoint: dict[str, Any] = torch.load(file, weights_only=True)
    return checkpoint


def saved(checkpoint: dict[str, Any]) -> tuple[Tensor, Tensor]:
    """Return the averaged and the trained classifier of a checkpoint."""
    key = "network.fc.weight"
    return checkpoint["state_dict"][key], checkpoint["current_model_state"][key]


def test_validation_uses_the_average_and_training_does_not(fit: Fit, recognizer: Make) -> None:
    averaged, plain = Watch(), Watch()
    fit(recognizer(), WeightAverage(DECAY), averaged, max_epochs=2)
    fit(recognizer(), plain, max_epochs=2)
    torch.testing.assert_close(averaged.validated[-1], averaged.average())
    for one, other in zip(averaged.after_steps, plain.after_steps, strict=True):
        assert torch.equal(one, other)


def test_a_network_holds_the_average_after_the_fit(fit: Fit, recognizer: Make) -> None:
    watch, fitted = Watch(), recognizer()
    fit(fitted, WeightAverage(DECAY), watch)
    torch.testing.assert_close(classifier(fitted), watch.average())


def test_batch_norm_statistics_are_averaged_too(fit: Fit, recognizer: Make) -> None:
    plain, fitted = recognizer(), recognizer()
    fit(plain)
    fit(fitted, WeightAverage(DECAY))
    key = "network.layers.1.running_mean"
    assert not torch.allclose(plain.state_dict()[key], fitted.state_dict()[key])
    assert torch.equal(plain.normalize.mean, fitted.normalize.mean)


@pytest.mark.parametrize("every", [1, 2], ids=["end of an epoch", "end of the training"])
def test_the_last_checkpoint_holds_the_average_and_the_weights_in_training(
    fit: Fit, recognizer: Make, tmp_path: Path, every: int
) -> None:
    watch = Watch()
    saver = ModelCheckpoint(tmp_path, save_last=True, every_n_epochs=every)
    fit(recognizer(), WeightAverage(DECAY), watch, saver, enable_checkpointing=True)
    average, current = saved(read(tmp_path / "last.ckpt"))
    torch.testing.assert_close(average, watch.average())
    assert torch.equal(current, watch.after_steps[-1])


def test_a_checkpoint_saved_inside_a_validation_holds_both(
    fit: Fit, recognizer: Make, tmp_path: Path
) -> None:
    class SaveInValidation(Callback):
        def on_validation_batch_start(self, trainer: Trainer, *_: Any) -> None:
            trainer.save_checkpoint(tmp_path / "middle.ckpt")

    watch = Watch()
    fit(recognizer(), WeightAverage(DECAY), watch, SaveInValidation())
    average, current = saved(read(tmp_path / "middle.ckpt"))
    torch.testing.assert_close(average, watch.average())
    assert torch.equal(current, watch.after_steps[-1])


def test_a_resumed_fit_ends_like_an_uninterrupted_one(
    fit: Fit, recognizer: Make, tmp_path: Path
) -> None:
    def checkpoint(folder: str, max_epochs: int, ckpt_path: Path | None = None) -> Path:
        saver = ModelCheckpoint(tmp_path / folder, save_last=True)
        fit(
            recognizer(),
            WeightAverage(DECAY),
            saver,
            enable_checkpointing=True,
            max_epochs=max_epochs,
            ckpt_path=ckpt_path,
        )
        return tmp_path / folder / "last.ckpt"

    whole = read(checkpoint("whole", 3))
    resumed = read(checkpoint("resumed", 3, checkpoint("first", 1)))
    for state in ("state_dict", "current_model_state", "averaging_state"):
        for key, value in whole[state].items():
            assert torch.equal(value, resumed[state][key]), (state, key)


@pytest.mark.parametrize("decay", [0.0, 1.0, -1.0])
def test_a_decay_outside_0_and_1_is_refused(decay: float) -> None:
    with pytest.raises(RunError, match=f"ema_decay={decay}"):
        WeightAverage(decay)
