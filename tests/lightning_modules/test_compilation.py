"""compile=True: the network is compiled, and everything around it stays as it was."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from pytorch_lightning import Callback
from torch._dynamo.utils import counters

from lightning_modules import VideoRecognizer
from lightning_modules.tensorboard import AlignmentMaps, GateStatistics
from tests.lightning_modules.conftest import Board, Fit

pytestmark = [pytest.mark.slow, pytest.mark.usefixtures("compiler")]


@pytest.fixture(autouse=True)
def nothing_compiled_yet() -> None:
    torch.compiler.reset()
    counters.clear()


CHECK = 1
"""The graph with which a run looks for a compiler."""


def compiled_graphs() -> int:
    return int(counters["stats"]["unique_graphs"])


class Losses(Callback):
    """Keeps the loss of each step."""

    def __init__(self) -> None:
        self.values: list[float] = []

    def on_train_batch_end(self, trainer: Any, pl_module: Any, outputs: Any, *args: Any) -> None:
        self.values.append(float(outputs["loss"]))


def test_training_and_validation_are_compiled_and_give_the_losses_of_the_uncompiled_network(
    recognizer: Callable[..., VideoRecognizer], fit: Fit, caplog: pytest.LogCaptureFixture
) -> None:
    plain, compiled = Losses(), Losses()
    fit(recognizer(), plain, gradient_clip_val=0.1)
    assert compiled_graphs() == 0
    caplog.set_level("INFO", "pytorch_lightning")
    fit(recognizer(compile=True), compiled, gradient_clip_val=0.1, max_epochs=2)
    assert compiled_graphs() == CHECK + 2  # training, validation
    assert compiled.values[:4] == pytest.approx(plain.values, rel=1e-5)
    for stage in ("train", "validate"):
        assert caplog.text.count(f"torch.compile: the first {stage} batch took ") == 1


def test_parameters_keep_their_names(recognizer: Callable[..., VideoRecognizer], fit: Fit) -> None:
    names = list(recognizer().state_dict())
    compiled = recognizer(compile=True)
    fit(compiled)
    assert list(compiled.state_dict()) == names
    assert type(compiled.network) is type(recognizer().network)


def test_pictures_and_curves_read_the_blocks_of_a_compiled_network(
    watch: Fit, board: Board
) -> None:
    watch(GateStatistics(), AlignmentMaps(), compile=True)
    scalars = board()
    values = [event.value for event in scalars.Scalars("gates/stage1_mean")]
    assert values == pytest.approx([1.25, 1.25])  # of 3 clips: 0.25 plus 0, 1, 2
    assert scalars.Images("alignment/first_clip")
    assert compiled_graphs() == CHECK + 2  # training, and the validation batch that nobody reads
