"""Sites: which block of which stage, the places in it, and blocks that are told their site."""

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
"""Makes the module of one place of one block for C channels, or None for no module."""


@dataclass(frozen=True)
class BlockSite:
    """Where a block stands.

    Attributes:
        stage: As the family counts its stages; for ResNets as the papers do, res2 to res5.
        index: The block's place in its stage, from 0.
    """

    stage: int
    index: int


class TemporalMaker(Protocol):
    """Makes the module for C channels at a site, or None for no module there."""

    def __call__(self, channels: int, site: BlockSite) -> nn.Module | None:
        """Make it."""


class SiteAwareBlocks:
    """Builds blocks in torchvision's stead and tells each one the makers of its site's modules.

    torchvision builds a network's blocks in order, stage by stage, so counting them gives the site.

    Args:
        offers: The places of each block, in the network's order.
        makers: Makes the module of a place.
        backbone: The network's name, for messages.

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
        """Give what torchvision may call in place of its own block class."""
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
    """Leave a place empty."""


def make_module(maker: ModuleMaker, channels: int) -> tuple[nn.Module, int]:
    """Make a place's module and tell how many channels leave it (a concatenation gives more)."""
    module = maker(channels) or nn.Identity()
    return module, getattr(module, "out_channels", channels)


def is_temporal(key: str) -> bool:
    """Tell whether a parameter's or module's name lies inside a temporal module."""
    return not set(PLACES).isdisjoint(key.split("."))
