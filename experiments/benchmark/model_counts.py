"""Counts a network's parameters and multiply-adds as the papers do: one view of 224 x 224 pixels.

Networks run on torch's ``meta`` device, without computing values.
"""

from collections.abc import Callable
from dataclasses import dataclass
from math import fsum

import torch
from torch import nn
from torch.utils.flop_counter import FlopCounterMode

from experiments.benchmark.model_rows import Row

PAPER_SIZE = 224
CONVOLUTION = "aten.convolution"
PRODUCTS = "aten.bmm"


@dataclass(frozen=True)
class Counts:
    """The cost of one clip; one GMAC is 10^9 multiply-accumulates, which the papers print as 1 G.

    Attributes:
        parameters: The number of parameters.
        convolutions: GMAC of all convolutions.
        alignment: GMAC of TSINet's two alignment products; 0 for the others.
        total: GMAC of everything, the classifier too.
    """

    parameters: int
    convolutions: float
    alignment: float
    total: float


def count(row: Row) -> Counts:
    """Count one row."""
    return count_clip(row.build, row.frames, PAPER_SIZE)


def count_clip(make: Callable[[], nn.Module], frames: int, size: int) -> Counts:
    """Count a network on one clip.

    Args:
        make: Builds it.
        frames: T.
        size: Height and width, in pixels.
    """
    with torch.device("meta"):
        network = make().eval()
        clip = torch.empty(1, frames, 3, size, size)
    with FlopCounterMode(display=False) as counter, torch.no_grad():
        network(clip)
    flops = counter.get_flop_counts()["Global"]
    gigamacs = {str(operation): value / 2e9 for operation, value in flops.items()}
    return Counts(
        parameters=sum(p.numel() for p in network.parameters()),
        convolutions=gigamacs.get(CONVOLUTION, 0.0),
        alignment=gigamacs.get(PRODUCTS, 0.0),
        total=fsum(gigamacs.values()),
    )
