"""Specification of the exported kinds of files for every network: parity, plain operations."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import nn

from experiments.export.deployed import DeployedNetwork
from experiments.export.folding import fold_batch_norm
from experiments.export.parity import largest_difference, require_parity
from experiments.export.targets import TARGETS
from lightning_modules import RunError
from lightning_modules.normalization import FrameNormalizer
from models import I3D, STM, TSM, TEINet, TSINet

pytestmark = pytest.mark.usefixtures("tiny_backbones", "seeded")

T, SIZE = 4, 64
SETTINGS: dict[str, Any] = {"num_segments": T, "backbone": "tiny bottleneck"}
NETWORKS: dict[str, Callable[[], nn.Module]] = {
    "TSM": lambda: TSM(5, stages="res4", **SETTINGS),
    "STM": lambda: STM(5, stages="res4", **SETTINGS),
    "TEINet": lambda: TEINet(5, stages="res4", **SETTINGS),
    "TSINet": lambda: TSINet(5, stages="res4", **SETTINGS),
    "I3D": lambda: I3D(5, **SETTINGS),
}
"""Modules in one block only, because the time of an export grows with the number of operations."""


def deployed(make: Callable[[], nn.Module]) -> DeployedNetwork:
    """Build a network whose logits are of ordinary size, with BatchNorms that have learned."""
    network = make()
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d | nn.BatchNorm3d):
            nn.init.uniform_(module.running_var, 0.5, 2)  # type: ignore[arg-type]
            nn.init.uniform_(module.weight, 0.5, 1.5)
            nn.init.normal_(module.bias, std=0.1)
    return DeployedNetwork(FrameNormalizer(), network)


def clips(count: int) -> torch.Tensor:
    """Draw uint8 clips."""
    return torch.randint(0, 256, (count, T, 3, SIZE, SIZE), dtype=torch.uint8)


def difference(to: str, network: DeployedNetwork, folder: Path) -> float:
    """Write a network for batches of two, and compare what was written on three clips."""
    file = folder / f"network{TARGETS[to].endings[0]}"
    TARGETS[to].write(network, clips(2), {"class_names": ["a"]}, file)
    return largest_difference(TARGETS[to].read(file, network), network, clips(3))


@pytest.mark.parametrize("make", NETWORKS.values(), ids=NETWORKS)
def test_every_network_is_the_same_as_a_program_of_torch_export(
    make: Callable[[], nn.Module], tmp_path: Path
) -> None:
    assert difference("torch_export", deployed(make), tmp_path) < 1e-5
    program = torch.export.load(tmp_path / "network.pt2")
    targets = [str(node.target) for node in program.graph.nodes if node.op == "call_function"]
    assert not [target for target in targets if "temporal" in target]


@pytest.mark.slow
def test_tsinet_is_the_same_in_onnx(tmp_path: Path) -> None:
    pytest.importorskip("onnxscript")
    pytest.importorskip("onnxruntime")
    assert difference("onnx", deployed(NETWORKS["TSINet"]), tmp_path) < 1e-4


def count_norms(network: nn.Module) -> int:
    """Count the BatchNorms of a network."""
    return sum(isinstance(m, nn.BatchNorm2d | nn.BatchNorm3d) for m in network.modules())


@pytest.mark.parametrize("name", ["TEINet", "TSINet", "I3D"])
def test_folding_changes_no_network(name: str) -> None:
    network = deployed(NETWORKS[name])
    same = DeployedNetwork(network.normalize, network.network)
    assert count_norms(network) > 0
    assert fold_batch_norm(network, clips(1)) == count_norms(same)
    assert count_norms(network) == 0
    assert largest_difference(network, same, clips(2)) < 1e-5


def test_a_network_that_gives_nan_is_no_match() -> None:
    wrong = largest_difference(lambda x: x * torch.nan, lambda x: x.float(), torch.ones(3, 2))
    with pytest.raises(RunError, match="differ from PyTorch's by nan"):
        require_parity(wrong, 1.0, "file")
