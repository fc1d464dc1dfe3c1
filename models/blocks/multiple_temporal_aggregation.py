"""MTA, TEA's Multiple Temporal Aggregation (Li et al., TEA, CVPR 2020, section 3.2)."""

from collections import OrderedDict

import torch
from torch import Tensor, nn

from models.blocks.depthwise_temporal_conv import DepthwiseTemporalConv
from models.errors import ModelError


def make_aggregation(channels: int, num_segments: int, norm: bool) -> nn.Sequential:
    """Make one group's pair: a channel-wise temporal convolution, then a spatial 3x3 one."""
    parts: OrderedDict[str, nn.Module] = OrderedDict(
        temporal=DepthwiseTemporalConv(channels, num_segments),
        spatial=nn.Conv2d(channels, channels, 3, padding=1, bias=not norm),
    )
    if norm:
        parts["norm"] = nn.BatchNorm2d(channels)
        parts["relu"] = nn.ReLU()
    return nn.Sequential(parts)


class MultipleTemporalAggregation(nn.Module):
    """Spatial and temporal convolutions over channel groups, each added to the one before.

    X^o_1 = X_1, X^o_2 = spa(temp(X_2)), X^o_g = spa(temp(X_g + X^o_{g-1})) for g > 2 (section
    3.2); the groups are put side by side again. Without ``spa`` this would be CTI with
    ``integration="add"``. TEA puts MTA in conv2's stead; see `models.TSINet` for its place there.

    Args:
        channels: C.
        num_segments: T, the frames of one clip.
        groups: 4, section 3.2.
        norm: Whether batch normalisation and ReLU follow each spatial convolution, as in Res2Net,
            whose block MTA rebuilds; the equations do not show them (**paper leaves open**).

    Raises:
        ModelError: If ``groups`` is below 2 or does not divide ``channels``.
    """

    def __init__(
        self, channels: int, num_segments: int = 8, groups: int = 4, norm: bool = True
    ) -> None:
        super().__init__()
        if groups < 2 or channels % groups:
            raise ModelError(f"{channels} channels do not divide into groups={groups} (at least 2)")
        self.groups = groups
        self.aggregations = nn.ModuleList(
            make_aggregation(channels // groups, num_segments, norm) for _ in range(groups - 1)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Aggregate: (B*T, C, H, W) -> (B*T, C, H, W)."""
        first, second, *others = x.chunk(self.groups, dim=1)
        aggregations = list(self.aggregations)
        outputs = [first, aggregations[0](second)]
        for aggregate, group in zip(aggregations[1:], others, strict=True):
            outputs.append(aggregate(group + outputs[-1]))
        return torch.cat(outputs, dim=1)
