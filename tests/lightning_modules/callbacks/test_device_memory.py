"""DeviceMemory: a GPU's peak per epoch, and nothing on the CPU."""

import pytest

from lightning_modules.callbacks import DeviceMemory
from tests.lightning_modules.conftest import Board, Fit

NAME = "memory/max_allocated_gib"


def test_the_cpu_has_no_curve(watch: Fit, board: Board) -> None:
    watch(DeviceMemory())
    assert NAME not in board().Tags()["scalars"]


@pytest.mark.gpu
def test_a_gpu_has_one_value_per_epoch(watch: Fit, board: Board) -> None:
    watch(DeviceMemory(), accelerator="gpu", devices=1)
    values = [event.value for event in board().Scalars(NAME)]
    assert len(values) == 2
    assert min(values) > 0
