"""CTI, TSI's Cross-perception Temporal Integration (Su et al., TSI, section 3.3)."""

from typing import Literal

import torch
from torch import Tensor, nn

from models import native
from models.blocks.depthwise_temporal_conv import DepthwiseTemporalConv
from models.blocks.folding import unfold_time
from models.errors import ModelError, require_choice

Integration = Literal["cross", "add", "independent"]


class CrossAttention(nn.Module):
    """CI, equations 8-9: alpha * X_g + (1 - alpha) * T_{g-1}, weighted per channel and frame.

    alpha = softmax(FC(GAP(T_{g-1} + X_g))) runs over the **two branches**; over the channels it
    would make every alpha about 1/C and drop X_g altogether (**paper leaves open**).

    Args:
        channels: Channels of one group, C/G.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.fc = nn.Linear(channels, 2 * channels)

    def forward(self, previous: Tensor, group: Tensor) -> Tensor:
        """Integrate T_{g-1} and X_g, two (B*T, C/G, H, W) -> (B*T, C/G, H, W)."""
        pooled = previous.mean((2, 3)) + group.mean((2, 3))  # (B*T, C/G)
        of_group, of_previous = self.fc(pooled).chunk(2, dim=1)
        # A softmax over two is a sigmoid of their difference.
        alpha = torch.sigmoid(of_group - of_previous)[:, :, None, None].to(group.dtype)
        return torch.lerp(previous.to(group.dtype), group, alpha)


class Addition(nn.Module):
    """Table 4d's "element-wise addition": X_g + T_{g-1}, as Res2Net and TEA do."""

    def forward(self, previous: Tensor, group: Tensor) -> Tensor:
        """Add T_{g-1} and X_g, two (B*T, C/G, H, W)."""
        return previous + group


class Independent(nn.Module):
    """Table 4d's "independent": X_g alone, the groups do not interact."""

    def forward(self, previous: Tensor, group: Tensor) -> Tensor:
        """Return X_g, (B*T, C/G, H, W)."""
        return group


def make_integration(kind: Integration, channels: int) -> nn.Module:
    """Make one of table 4d's three integrations for groups of ``channels`` channels.

    Raises:
        ModelError: If ``kind`` is unknown.
    """
    require_choice("integration", kind, Integration)
    if kind == "cross":
        return CrossAttention(channels)
    return Addition() if kind == "add" else Independent()


class CrossPerceptionTemporalIntegration(nn.Module):
    """Temporal convolutions over channel groups, each fed with the one before (equation 7).

    T_1 = X_1, T_2 = conv_2(X_2), T_g = conv_g(CI(T_{g-1}, X_g)) for g > 2; the outputs are
    concatenated. The temporal receptive field grows from group to group.

    Args:
        channels: C.
        num_segments: T, the frames of one clip.
        groups: G = 4, section 3.3.
        integration: CI: ``cross`` (default), or table 4d's ``independent`` and ``add``.

    Raises:
        ModelError: If ``groups`` is below 2 or does not divide ``channels``, or if
            ``integration`` is unknown.
    """

    def __init__(
        self,
        channels: int,
        num_segments: int = 8,
        groups: int = 4,
        integration: Integration = "cross",
    ) -> None:
        super().__init__()
        if groups < 2 or channels % groups:
            raise ModelError(f"{channels} channels do not divide into groups={groups} (at least 2)")
        self.channels = channels
        self.num_segments = num_segments
        self.groups = groups
        width = channels // groups
        self.convs = nn.ModuleList(
            DepthwiseTemporalConv(width, num_segments) for _ in range(groups - 1)
        )
        self.integrations = nn.ModuleList(
            make_integration(integration, width) for _ in range(groups - 2)
        )

    def forward(self, x: Tensor) -> Tensor:
        """Integrate: (B*T, C, H, W) -> (B*T, C, H, W)."""
        weights, biases = self._plain_layers(x)
        if weights and native.runs_now(x, *weights, *biases):
            unfold_time(x, self.num_segments)  # refuses a clip that is cut
            return native.cross_integration(x, self.num_segments, weights, biases)
        first, second, *others = x.chunk(self.groups, dim=1)
        convs = list(self.convs)
        outputs = [first, convs[0](second)]
        for conv, integrate, group in zip(convs[1:], self.integrations, others, strict=True):
            outputs.append(conv(integrate(outputs[-1], group)))
        return torch.cat(outputs, dim=1)

    def _plain_layers(self, x: Tensor) -> tuple[list[Tensor], list[Tensor]]:
        """List weights and biases; none unless parts and shape are those that the kernel takes."""
        convs = [conv for conv in self.convs if type(conv) is DepthwiseTemporalConv]
        attentions = [part.fc for part in self.integrations if type(part) is CrossAttention]
        is_plain = (
            len(convs) == len(self.convs)
            and len(attentions) == len(self.integrations)
            and all(type(fc) is nn.Linear and fc.bias is not None for fc in attentions)
            and (x.ndim == 4 and x.shape[1] == self.channels)
            and not native.are_watched(*self.convs, *self.integrations)
        )
        if not is_plain:
            return [], []
        weights = [conv.weight for conv in convs] + [fc.weight for fc in attentions]
        return weights, [fc.bias for fc in attentions]
