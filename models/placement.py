"""Where temporal modules stand in a ResNet, in the papers' words: "res4-5", first block or all."""

import re
from dataclasses import dataclass
from typing import Literal, Protocol

from torch import nn

from models.errors import ModelError, require_choice

FIRST_STAGE, LAST_STAGE = 2, 5

BlockChoice = Literal["all", "first"]


@dataclass(frozen=True)
class BlockSite:
    """One residual block's place.

    Attributes:
        stage: 2 to 5, as the papers count: res2 is torchvision's ``layer1``.
        index: The block's place in its stage, from 0.
    """

    stage: int
    index: int


class TemporalMaker(Protocol):
    """Makes the module for C channels at a site, or None for no module there."""

    def __call__(self, channels: int, site: BlockSite) -> nn.Module | None:
        """Make it."""


class Placement:
    """The blocks that get a temporal module.

    Args:
        stages: ``res2-5`` (all four), one stage such as ``res4``, a range such as ``res3-5``, or
            ``none``; as TEINet's tables 1b and 1c write it.
        blocks: All blocks of these stages, or the first of each (TSI's table 4c).

    Raises:
        ModelError: If ``stages`` or ``blocks`` is none of these.
    """

    def __init__(self, stages: str = "res2-5", blocks: BlockChoice = "all") -> None:
        require_choice("blocks", blocks, BlockChoice)
        self.stages = parse_stages(stages)
        self.first_only = blocks == "first"

    def __contains__(self, site: BlockSite) -> bool:
        """Tell whether the block at ``site`` gets a module."""
        return site.stage in self.stages and not (self.first_only and site.index > 0)


def parse_stages(stages: str) -> range:
    """Read ``res4``, ``res2-5`` or ``none``.

    Raises:
        ModelError: If it is none of these, or runs outside res2..res5 or backwards.
    """
    if stages == "none":
        return range(0)
    match = re.fullmatch(r"res(\d)(?:-(\d))?", stages)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not FIRST_STAGE <= first <= last <= LAST_STAGE:
        raise ModelError(
            f"stages={stages!r}: write one stage (res4), a range (res3-5) within res2-5, or none"
        )
    return range(first, last + 1)


def is_temporal(key: str) -> bool:
    """Tell whether a parameter's or module's name lies inside a temporal module."""
    return not {"before_conv1", "around_conv2", "before_last_conv"}.isdisjoint(key.split("."))
