"""TemporalKernels: how far kernels are from their start."""

import pytest

from lightning_modules.tensorboard import TemporalKernels
from tests.lightning_modules.conftest import Board, Fit


def test_the_distance_is_the_mean_over_channels(watch: Fit, board: Board) -> None:
    watch(TemporalKernels())
    for stage in ("stage1", "stage2"):
        moved = [event.value for event in board().Scalars(f"kernels/{stage}_moved")]
        assert moved == pytest.approx([0.3, 0.3])


def test_distances_are_written_where_no_picture_is_due(watch: Fit, board: Board) -> None:
    watch(TemporalKernels(times=1), max_epochs=4)
    assert len(board().Scalars("kernels/stage1_moved")) == 4
    assert [image.step for image in board().Images("kernels/stage1")] == [0, 3]
