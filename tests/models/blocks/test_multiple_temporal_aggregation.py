"""Specification of MTA, TEA's Multiple Temporal Aggregation (section 3.2)."""

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from models import ModelError
from models.blocks import CrossPerceptionTemporalIntegration, MultipleTemporalAggregation
from models.blocks.multiple_temporal_aggregation import make_aggregation

Shake = Callable[[nn.Module], None]
FramesThatChange = Callable[[nn.Module, Tensor, int], set[int]]


@pytest.mark.parametrize("norm", [True, False])
def test_each_group_is_added_to_the_one_before_and_convolved(norm: bool, shake: Shake) -> None:
    mta = MultipleTemporalAggregation(16, 3, norm=norm).eval()
    shake(mta)
    x = torch.randn(3, 16, 4, 4)
    x1, x2, x3, x4 = x.chunk(4, dim=1)
    second, third, fourth = mta.aggregations.children()
    y2 = second(x2)
    y3 = third(x3 + y2)
    assert torch.equal(mta(x), torch.cat([x1, y2, y3, fourth(x4 + y3)], dim=1))


def test_an_aggregation_is_temporal_then_spatial_then_norm_and_relu(shake: Shake) -> None:
    pair = make_aggregation(4, 3, norm=True).eval()
    shake(pair)
    x = torch.randn(3, 4, 4, 4)
    temporal, spatial, norm, relu = list(pair)
    assert isinstance(norm, nn.BatchNorm2d)
    assert torch.equal(pair(x), relu(norm(spatial(temporal(x)))))


def test_without_its_spatial_convolutions_it_is_cti_with_addition() -> None:
    mta = MultipleTemporalAggregation(16, 3, norm=False)
    cti = CrossPerceptionTemporalIntegration(16, 3, integration="add")
    for module in mta.modules():
        if isinstance(module, nn.Conv2d):
            nn.init.dirac_(module.weight)
            assert module.bias is not None
            nn.init.zeros_(module.bias)
    x = torch.randn(3, 16, 4, 4)
    torch.testing.assert_close(mta(x), cti(x))


@pytest.mark.parametrize(("group", "reach"), [(0, 0), (1, 1), (2, 2), (3, 3)])
def test_the_temporal_reach_grows_from_group_to_group(
    group: int, reach: int, shake: Shake, frames_that_change: FramesThatChange
) -> None:
    mta = MultipleTemporalAggregation(16, 9, norm=False)
    shake(mta)
    width = 4

    class Group(nn.Module):
        """One group of the output."""

        def forward(self, x: Tensor) -> Tensor:
            """Compute it."""
            aggregated: Tensor = mta(x)
            return aggregated[:, group * width : (group + 1) * width]

    changed = frames_that_change(Group(), torch.randn(9, 16, 3, 3), 4)
    assert changed == set(range(4 - reach, 4 + reach + 1))


@pytest.mark.parametrize(("norm", "extra"), [(True, 2), (False, 1)])
def test_its_parameters_are_three_pairs_of_convolutions(norm: bool, extra: int) -> None:
    mta = MultipleTemporalAggregation(64, norm=norm)
    assert sum(p.numel() for p in mta.parameters()) == 3 * (3 * 16 + 9 * 16 * 16 + extra * 16)


@pytest.mark.parametrize(("channels", "groups"), [(18, 4), (16, 1)])
def test_channels_that_do_not_divide_are_refused(channels: int, groups: int) -> None:
    with pytest.raises(ModelError, match=f"{channels} channels .* groups={groups}"):
        MultipleTemporalAggregation(channels, groups=groups)
