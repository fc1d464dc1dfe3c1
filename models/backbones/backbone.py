"""The interface of a backbone family: its stages, the places for modules, its head."""

from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping
from functools import cache
from typing import Any

import torch
from torch import Tensor, nn
from torchvision.models import get_model

from models.backbones.sites import BlockSite, Place, SiteAwareBlocks, TemporalMaker
from models.errors import ModelError

Places = frozenset[Place]


class Backbone(ABC):
    """A 2D network for frames, built by torchvision from blocks that know their site.

    Args:
        name: torchvision's name of the builder and its weights, such as ``resnet50``.

    Attributes:
        stage_word: The first part of a stage's name: ``res`` gives res2, res3, ...
        first_stage: The number of the first stage that has blocks.
        head: The path of the linear classifier inside the frame network.
    """

    stage_word: str = "stage"
    first_stage: int = 1
    head: str

    def __init__(self, name: str) -> None:
        self.name = name

    @abstractmethod
    def places(self) -> list[list[Places]]:
        """Return the places for temporal modules in each block of each stage."""

    @abstractmethod
    def build(self, num_classes: int, blocks: SiteAwareBlocks) -> nn.Module:
        """Build torchvision's network for ``num_classes`` with ``blocks`` in place of its own."""

    @abstractmethod
    def pool(self, network: Any, frames: Tensor) -> Tensor:
        """Compute the classifier's input: (N, 3, H, W) -> (N, features)."""

    def make(
        self, num_classes: int, makers: Mapping[Place, TemporalMaker]
    ) -> tuple[nn.Module, dict[str, BlockSite]]:
        """Build the network with its temporal modules.

        Args:
            num_classes: Classes of the head.
            makers: For each place, the function that makes its module at a site.

        Returns:
            The network, and the site of each block by the block's name in this network.

        Raises:
            ModelError: If no block has one of the places, or a module does not fit its block.
        """
        for place in makers:
            self.sites(place)
        offers = dict(self._offers())
        blocks = SiteAwareBlocks(offers, makers, self.name)
        network = self.build(num_classes, blocks)
        names = {module: name for name, module in network.named_modules()}
        return network, {names[block]: site for block, site in blocks.built}

    def sites(self, place: Place) -> list[BlockSite]:
        """List the blocks that have a place, in the network's order.

        Raises:
            ModelError: If none has it.
        """
        found = [site for site, places in self._offers() if place in places]
        if not found:
            raise ModelError(
                f"backbone={self.name!r}: its blocks have no place for a module {place}; choose a "
                "ResNet, such as resnet50"
            )
        return found

    def stage_name(self, stage: int) -> str:
        """Return the name of a stage, such as ``res4``."""
        return f"{self.stage_word}{stage}"

    def _offers(self) -> Iterable[tuple[BlockSite, Places]]:
        for stage, blocks in enumerate(self.places(), start=self.first_stage):
            for index, places in enumerate(blocks):
                yield BlockSite(stage, index), places


@cache
def plain_network(name: str) -> Any:
    """Build torchvision's network on the meta device, to inspect its blocks."""
    with torch.device("meta"):
        return get_model(name)
