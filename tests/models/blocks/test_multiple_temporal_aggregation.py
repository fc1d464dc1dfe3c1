"""Specification of MTA, TEA's Multiple Temporal Aggregation (section 3.2)."""

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor, nn

from models import ModelError
from models.blocks import CrossPerceptionTemporalIntegration, MultipleTemporalAggregation
from models.blocks.depthwise_temporal_conv import DepthwiseTemporalConv
from models.blocks.multiple_temporal_aggregation import (
    GroupOrder,
    KernelStart,
    make_aggregation,
)

Shake = Callable[[nn.Module], None]
FramesThatChange = Callable[[nn.Module, Tensor, int], set[int]]


@pytest.mark.parametrize("norm", [True, False])
def test_in_the_paper_s_order_each_group_is_added_to_the_one_before_and_convolved(
    norm: bool, shake: Shake
) -> None:
    mta = MultipleTemporalAggregation(16, 3, norm=norm, order="paper").eval()
    shake(mta)
    x = torch.randn(3, 16, 4, 4)
    x1, x2, x3, x4 = x.chunk(4, dim=1)
    second, third, fourth = mta.aggregations.children()
    y2 = second(x2)
    y3 = third(x3 + y2)
    assert torch.equal(mta(x), torch.cat([x1, y2, y3, fourth(x4 + y3)], dim=1))


def test_in_the_code_s_order_the_last_group_is_passed_on_shifted(shake: Shake) -> None:
    mta = MultipleTemporalAggregation(16, 3).eval()
    shake(mta)
    x = torch.randn(3, 16, 4, 4)
    x1, x2, x3, x4 = x.chunk(4, dim=1)
    first, second, third = mta.aggregations.children()
    y1 = first(x1)
    y2 = second(x2 + y1)
    assert torch.equal(mta(x), torch.cat([y1, y2, third(x3 + y2), mta.passed_on(x4)], dim=1))


def test_in_the_code_s_order_one_half_of_the_last_group_starts_as_a_shift_each_way() -> None:
    mta = MultipleTemporalAggregation(32, 3)
    x = torch.randn(3, 8, 2, 2)
    shifted = mta.passed_on(x)
    assert torch.equal(shifted[:-1, :4], x[1:, :4])
    assert torch.equal(shifted[1:, 4:], x[:-1, 4:])


LEFT, OWN, RIGHT = (0.0, 0.0, 1.0), (0.0, 1.0, 0.0), (1.0, 0.0, 0.0)


@pytest.mark.parametrize(("start", "kernels"), [("identity", {OWN}), ("shift", {LEFT, OWN, RIGHT})])
def test_the_temporal_kernels_start_as_chosen(
    start: KernelStart, kernels: set[tuple[float, ...]]
) -> None:
    mta = MultipleTemporalAggregation(64, start=start)
    for pair in mta.aggregations:
        assert isinstance(pair, nn.Sequential)
        temporal = pair.get_submodule("temporal")
        assert isinstance(temporal, DepthwiseTemporalConv)
        assert {tuple(kernel) for kernel in temporal.temporal_kernels().tolist()} == kernels


def test_an_aggregation_is_temporal_then_spatial_then_norm_and_relu(shake: Shake) -> None:
    pair = make_aggregation(4, 3, norm=True, start="shift").eval()
    shake(pair)
    x = torch.randn(3, 4, 4, 4)
    temporal, spatial, norm, relu = list(pair)
    assert isinstance(norm, nn.BatchNorm2d)
    assert torch.equal(pair(x), relu(norm(spatial(temporal(x)))))


def test_without_its_spatial_convolutions_it_is_cti_with_addition() -> None:
    mta = MultipleTemporalAggregation(16, 3, norm=False, start="shift", order="paper")
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
    mta = MultipleTemporalAggregation(16, 9, norm=False, order="paper")
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
@pytest.mark.parametrize(("order", "passed_on"), [("code", 3 * 16), ("paper", 0)])
def test_its_parameters_are_three_pairs_of_convolutions_and_what_is_passed_on(
    norm: bool, extra: int, order: GroupOrder, passed_on: int
) -> None:
    mta = MultipleTemporalAggregation(64, norm=norm, order=order)
    pairs = 3 * (3 * 16 + 9 * 16 * 16 + extra * 16)
    assert sum(p.numel() for p in mta.parameters()) == pairs + passed_on


@pytest.mark.parametrize("choice", [{"start": "zero"}, {"order": "reversed"}])
def test_unknown_choices_are_refused(choice: dict[str, Any]) -> None:
    with pytest.raises(ModelError, match="choose one of"):
        MultipleTemporalAggregation(16, **choice)


@pytest.mark.parametrize(("channels", "groups"), [(18, 4), (16, 1)])
def test_channels_that_do_not_divide_are_refused(channels: int, groups: int) -> None:
    with pytest.raises(ModelError, match=f"{channels} channels .* groups={groups}"):
        MultipleTemporalAggregation(channels, groups=groups)
