"""Sites (a block of a stage), the places in a block, and the builder of blocks with modules."""

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial
from typing import Any, Literal, Protocol

from torch import nn

from models.errors import ModelError

Place = Literal["before_conv1", "around_conv2", "before_last_conv"]
"""Head of the residual branch; around its spatial convolution; before its last convolution."""

PLACES: tuple[Place, ...] = ("before_conv1", "around_conv2", "before_last_conv")

ModuleMaker = Callable[[int], nn.Module | None]
"""Makes the module at one place of one block for C channels, or None for no module."""


@dataclass(frozen=True)
class BlockSite:
    """The position of a block in a backbone.

    Attributes:
        stage: The stage's number in its family; for ResNets 2 to 5, as in the papers.
        index: The block's number in its stage, from 0.
    """

    stage: int
    index: int


class TemporalMaker(Protocol):
    """Makes the module for C channels at a site, or None for no module there."""

    def __call__(self, channels: int, site: BlockSite) -> nn.Module | None:
        """Make it."""


class SiteAwareBlocks:
    """Builds a backbone's blocks for torchvision and gives each one the makers for its site.

    torchvision builds a network's blocks in order, stage by stage, so counting them gives the site.

    Args:
        offers: The places of each block, in the network's order.
        makers: For each place, the function that makes its module at a site.
        backbone: The backbone's name, for messages.

    Attributes:
        built: The blocks built so far, each with its site.
    """

    def __init__(
        self,
        offers: Mapping[BlockSite, frozenset[Place]],
        makers: Mapping[Place, TemporalMaker],
        backbone: str,
    ) -> None:
        self.offers = iter(offers.items())
        self.makers = makers
        self.backbone = backbone
        self.built: list[tuple[nn.Module, BlockSite]] = []

    def of(self, block_class: Callable[..., nn.Module]) -> Callable[..., nn.Module]:
        """Return a constructor for torchvision to call instead of its own block class."""
        return partial(self.build, block_class)

    def build(self, block_class: Callable[..., nn.Module], *args: Any, **kwargs: Any) -> nn.Module:
        """Build the next block.

        Raises:
            ModelError: If a module does not fit the block's channels; the message names the block.
        """
        site, places = next(self.offers)
        makers = {
            place: partial(maker, site=site)
            for place, maker in self.makers.items()
            if place in places
        }
        try:
            block = block_class(*args, **makers, **kwargs)
        except ModelError as error:
            raise ModelError(
                f"{self.backbone}, stage {site.stage}, block {site.index}: {error}"
            ) from error
        self.built.append((block, site))
        return block


def no_module(channels: int) -> None:
    """Make no module: the place stays empty."""


def make_module(maker: ModuleMaker, channels: int) -> tuple[nn.Module, int]:
    """Make a place's module and return it with its output channels (2C after a concatenation)."""
    module = maker(channels) or nn.Identity()
    return module, getattr(module, "out_channels", channels)


def is_temporal(key: str) -> bool:
    """Return whether a parameter's or module's name is inside a temporal module."""
    return not set(PLACES).isdisjoint(key.split("."))
