"""torch.compile sees one graph in a network with temporal modules, forward and backward."""

import pytest
import torch
from torch import nn
from torch.nn import functional as F

from models import TSM, TEINet, TSINet

T = 4
pytestmark = pytest.mark.slow


@pytest.mark.parametrize("network", [TSM, TEINet, TSINet])
def test_a_network_is_one_graph_with_the_same_logits_and_gradients(
    network: type[nn.Module],
) -> None:
    torch.compiler.reset()
    torch.manual_seed(0)
    plain = network(3, num_segments=T, backbone="resnet18", dropout=0.0)
    clips, labels = torch.randn(2, T, 3, 32, 32), torch.tensor([0, 2])
    # The backend traces forward and backward as others do, and runs what it has traced.
    compiled = torch.compile(plain, fullgraph=True, dynamic=False, backend="aot_eager")
    results = []
    for call in (plain, compiled):
        loss = F.cross_entropy(call(clips), labels)
        results.append([loss, *torch.autograd.grad(loss, list(plain.parameters()))])
    for expected, found in zip(*results, strict=True):
        torch.testing.assert_close(found, expected, rtol=1e-3, atol=1e-5)
