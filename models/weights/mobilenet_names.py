"""The layers of MobileNetV2's blocks, which each code counts in its own way.

torchvision numbers a block's parts: expansion (convolution and norm), depth-wise convolution
(likewise), last convolution, its norm. The first block has no expansion.
"""

import re

from models.backbones.mobilenet import DEPTHS

FIRST = "1"
"""The number of the first block among torchvision's ``features``."""

AUTHORS = {"0": "0.0", "1": "0.1", "3": "1.0", "4": "1.1", "6": "2", "7": "3"}
AUTHORS_FIRST = {"0": "0.0", "1": "0.1", "3": "1", "4": "2"}
MMACTION2 = {"0conv": "0.0", "0bn": "0.1", "1conv": "1.0", "1bn": "1.1", "2conv": "2", "2bn": "3"}
MMACTION2_FIRST = {"0conv": "0.0", "0bn": "0.1", "1conv": "1", "1bn": "2"}


def authors_block(match: re.Match[str]) -> str:
    """Rename ``features.<block>.conv.<layer>.`` of TSM's authors, whose activations count, too."""
    block, layer = match.groups()
    layers = AUTHORS_FIRST if block == FIRST else AUTHORS
    return f"features.{block}.conv.{layers.get(layer, layer)}."


def mmaction2_block(match: re.Match[str]) -> str:
    """Rename ``backbone.layer<stage>.<block>.conv.<part>.<conv or bn>.`` of mmaction2."""
    stage, index, part, kind = match.groups()
    block = str(1 + sum(DEPTHS[: int(stage) - 1]) + int(index))
    layers = MMACTION2_FIRST if block == FIRST else MMACTION2
    return f"features.{block}.conv.{layers.get(part + kind, part + kind)}."
