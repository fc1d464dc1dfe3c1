"""MTA, TEA's Multiple Temporal Aggregation (Li et al., TEA, CVPR 2020, section 3.2)."""

from collections import OrderedDict
from typing import Literal

import torch
from torch import Tensor, nn

from models.blocks.depthwise_temporal_conv import DepthwiseTemporalConv
from models.errors import ModelError, require_choice

KernelStart = Literal["identity", "shift"]
GroupOrder = Literal["code", "paper"]

HALF = 2
"""``fold_div`` of TEA's code for the last group: one half of it is shifted in each direction."""


class IdentityTemporalConv(DepthwiseTemporalConv):
    """A depth-wise temporal convolution whose kernels start at (0, 1, 0)."""

    def initial_kernels(self) -> Tensor:
        """Return the initial kernels, (C, 3)."""
        return torch.tensor([0.0, 1.0, 0.0]).expand(self.channels, -1)


def make_aggregation(
    channels: int, num_segments: int, norm: bool, start: KernelStart
) -> nn.Sequential:
    """Make one group's pair: a channel-wise temporal convolution, then a spatial 3x3 one."""
    temporal = IdentityTemporalConv if start == "identity" else DepthwiseTemporalConv
    parts: OrderedDict[str, nn.Module] = OrderedDict(
        temporal=temporal(channels, num_segments),
        spatial=nn.Conv2d(channels, channels, 3, padding=1, bias=not norm),
    )
    if norm:
        parts["norm"] = nn.BatchNorm2d(channels)
        parts["relu"] = nn.ReLU()
    return nn.Sequential(parts)


class MultipleTemporalAggregation(nn.Module):
    """Spatial and temporal convolutions over channel groups, each added to the one before.

    Section 3.2 (``order="paper"``): X^o_1 = X_1, X^o_2 = spa(temp(X_2)),
    X^o_g = spa(temp(X_g + X^o_{g-1})) for g > 2. In the authors' public code
    (``order="code"``) the first group is X^o_1 = spa(temp(X_1)), and the last, X^o_G = temp(X_G),
    has only a temporal convolution, which starts as a shift of its two halves. The outputs are
    concatenated. Without ``spa`` the paper's form would be CTI with ``integration="add"``. TEA
    replaces conv2 by MTA; see `models.TSINet` for its place there.

    Args:
        channels: C.
        num_segments: T, the frames of one clip.
        groups: 4, section 3.2.
        norm: Whether batch normalisation and ReLU follow each spatial convolution, as in the
            public code and in Res2Net, whose block MTA rebuilds; the equations do not show them
            (**paper leaves open**).
        start: The temporal kernels before spatial ones start as ``identity``, as in the public
            code, or as TSM's ``shift`` (**paper leaves open**).
        order: The order of the groups, as in the public ``code`` or in the ``paper``.

    Raises:
        ModelError: If ``groups`` is below 2 or does not divide ``channels``, or a choice is
            unknown.
    """

    def __init__(
        self,
        channels: int,
        num_segments: int = 8,
        groups: int = 4,
        norm: bool = True,
        start: KernelStart = "identity",
        order: GroupOrder = "code",
    ) -> None:
        super().__init__()
        require_choice("start", start, KernelStart)
        require_choice("order", order, GroupOrder)
        if groups < 2 or channels % groups:
            raise ModelError(f"{channels} channels do not divide into groups={groups} (at least 2)")
        self.groups = groups
        self.order = order
        width = channels // groups
        self.aggregations = nn.ModuleList(
            make_aggregation(width, num_segments, norm, start) for _ in range(groups - 1)
        )
        self.passed_on = (
            DepthwiseTemporalConv(width, num_segments, fold_div=HALF)
            if order == "code"
            else nn.Identity()
        )

    def forward(self, x: Tensor) -> Tensor:
        """Aggregate: (B*T, C, H, W) -> (B*T, C, H, W)."""
        groups = list(x.chunk(self.groups, dim=1))
        alone = groups.pop(-1 if self.order == "code" else 0)
        aggregate, *others = self.aggregations
        outputs = [aggregate(groups[0])]
        for aggregate, group in zip(others, groups[1:], strict=True):
            outputs.append(aggregate(group + outputs[-1]))
        outputs.insert(len(outputs) if self.order == "code" else 0, self.passed_on(alone))
        return torch.cat(outputs, dim=1)
