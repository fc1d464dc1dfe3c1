"""GateStatistics: numbers of the first validation batch, and a network left as it was."""

import pytest
import torch
from torch import Tensor, nn

from lightning_modules.tensorboard import AlignmentMaps, GateStatistics
from tests.lightning_modules.conftest import Board, Fit
from tests.lightning_modules.glass import GATE, Glass


def hooks_of(network: nn.Module) -> int:
    return sum(len(module._forward_pre_hooks) for module in network.modules())


def test_mean_and_spread_are_the_first_batch_s(watch: Fit, board: Board) -> None:
    watch(GateStatistics())
    gates = GATE + torch.tensor([0.0, 1.0, 2.0]).repeat_interleave(3 * 3)  # clips x frames x C
    for stage in ("stage1", "stage2"):
        means = [event.value for event in board().Scalars(f"gates/{stage}_mean")]
        assert means == pytest.approx([float(gates.mean())] * 2)
        spread = board().Scalars(f"gates/{stage}_std")[0].value
        assert spread == pytest.approx(float(gates.std()))
        assert board().Histograms(f"gates/{stage}")[0].histogram_value.num == len(gates)


def test_a_network_without_gates_has_no_curves(watch: Fit, board: Board) -> None:
    class Plain(nn.Module):
        def __init__(self) -> None:
            super().__init__()
            self.fc = nn.Linear(3, 3)

        def forward(self, clips: Tensor) -> Tensor:
            logits: Tensor = self.fc(clips.mean((1, 3, 4)))
            return logits

    watch(GateStatistics(), AlignmentMaps(), network=Plain())
    assert not [tag for tag in board().Tags()["scalars"] if tag.startswith("gates/")]
    assert board().Tags()["images"] == []


def test_no_hook_stays(watch: Fit) -> None:
    network = Glass()
    watch(GateStatistics(), AlignmentMaps(), network=network)
    assert hooks_of(network) == 0


def test_no_hook_stays_after_an_error(watch: Fit, monkeypatch: pytest.MonkeyPatch) -> None:
    network = Glass()

    def fail(self: GateStatistics, *args: object) -> None:
        assert hooks_of(network) == 2
        raise RuntimeError("in the middle of a batch")

    monkeypatch.setattr(GateStatistics, "read", fail)
    with pytest.raises(RuntimeError, match="in the middle"):
        watch(GateStatistics(), network=network)
    assert hooks_of(network) == 0
