"""Which blocks get temporal modules, in the papers' notation: "res4-5", the first block or all."""

import re
from collections.abc import Callable
from typing import Literal

from torch import nn

from models.backbones import Backbone
from models.backbones.sites import BlockSite, Place, TemporalMaker
from models.errors import ModelError, require_choice

BlockChoice = Literal["all", "first"]


class Placement:
    """The blocks of a backbone that get a temporal module at one place.

    Args:
        backbone: The backbone whose blocks are chosen.
        place: The place in these blocks.
        stages: ``all``, one stage such as ``res4``, a range such as ``res3-5``, or ``none``, as
            in TEINet's tables 1b and 1c; families other than ResNets have their own stage names,
            see `models.backbones`.
        blocks: All blocks of these stages that have the place, or the first such block of each
            (TSI's table 4c).
        step: Choose every ``step``-th block of a stage, starting with its first.

    Raises:
        ModelError: If ``stages`` or ``blocks`` is none of these, or no block is left.
    """

    def __init__(
        self,
        backbone: Backbone,
        place: Place,
        stages: str = "all",
        blocks: BlockChoice = "all",
        step: int = 1,
    ) -> None:
        require_choice("blocks", blocks, BlockChoice)
        if step < 1:
            raise ModelError(f"every {step}-th block: give 1 (all blocks) or more")
        wanted = parse_stages(stages, backbone)
        sites = backbone.sites(place) if wanted else []
        chosen = [site for site in sites if site.stage in wanted and site.index % step == 0]
        if blocks == "first":
            first = {site.stage: site for site in reversed(chosen)}
            chosen = [site for site in chosen if site is first[site.stage]]
        if wanted and not chosen:
            raise ModelError(
                f"{stages=}: no block of these stages of {backbone.name} has a place for a module "
                f"{place}; choose other stages"
            )
        self.sites = frozenset(chosen)

    def __contains__(self, site: BlockSite) -> bool:
        """Return whether the block at ``site`` gets a module."""
        return site in self.sites

    def maker(self, make: Callable[[int], nn.Module]) -> TemporalMaker:
        """Make modules for C channels at the chosen blocks, and none elsewhere."""

        def make_here(channels: int, site: BlockSite) -> nn.Module | None:
            return make(channels) if site in self else None

        return make_here


def parse_stages(stages: str, backbone: Backbone) -> range:
    """Read ``all``, ``res4``, ``res2-5`` or ``none``.

    Raises:
        ModelError: If it is none of these, or a stage is not the backbone's, or a range
            ends before it starts.
    """
    word, least = backbone.stage_word, backbone.first_stage
    greatest = least + len(backbone.places()) - 1
    if stages == "none":
        return range(0)
    if stages == "all":
        return range(least, greatest + 1)
    match = re.fullmatch(rf"{word}([0-9]+)(?:-([0-9]+))?", stages)
    first, last = (int(match[1]), int(match[2] or match[1])) if match else (0, 0)
    if not least <= first <= last <= greatest:
        raise ModelError(
            f"{stages=}: {backbone.name} has the stages {word}{least}-{greatest}; write one "
            f"({word}{greatest - 1}), a range ({word}{greatest - 2}-{greatest}), all, or none"
        )
    return range(first, last + 1)
