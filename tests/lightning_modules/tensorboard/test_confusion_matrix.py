"""ConfusionMatrix: every video of the validation counted once."""

import pytest
from matplotlib.figure import Figure
from torch import Tensor

from lightning_modules.tensorboard import ConfusionMatrix, confusion_matrix
from tests.lightning_modules.conftest import Board, Fit


def test_rows_are_labels_and_columns_predictions(
    watch: Fit, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[list[list[int]]] = []

    def keep(counts: Tensor, names: object) -> Figure:
        drawn.append(counts.tolist())
        return Figure()

    monkeypatch.setattr(confusion_matrix, "draw_confusion", keep)
    watch(ConfusionMatrix())
    assert drawn == [[[2, 1, 0], [0, 1, 0], [0, 1, 0]]] * 2  # each validation starts from zero


def test_the_pictures_are_in_tensorboard(watch: Fit, board: Board) -> None:
    watch(ConfusionMatrix())
    for tag in ("val/confusion", "val/classes"):
        image = board().Images(tag)[-1]
        assert image.encoded_image_string.startswith(b"\x89PNG")
        assert image.width > 100
