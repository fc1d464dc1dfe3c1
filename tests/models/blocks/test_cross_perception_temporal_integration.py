"""Specification of CTI, TSI's Cross-perception Temporal Integration (section 3.3, eq. 7-9)."""

from collections.abc import Callable, Sequence
from typing import Literal

import pytest
import torch
from torch import Tensor, nn

from models import ModelError
from models.blocks import CrossPerceptionTemporalIntegration
from models.blocks.cross_perception_temporal_integration import CrossAttention

Kind = Literal["cross", "add", "independent"]
Shake = Callable[[nn.Module], None]

every_kind = pytest.mark.parametrize("kind", ["cross", "add", "independent"])


def convolve_over_time(kernels: Tensor, x: Tensor) -> Tensor:
    """Apply one kernel of 3 frames per channel to one clip, (T, C, H, W), zeros at the ends."""
    still = torch.zeros_like(x[:1])
    padded = torch.cat([still, x, still])
    return sum(
        (kernels[:, i].reshape(-1, 1, 1) * padded[i : i + len(x)] for i in range(3)),
        torch.zeros_like(x),
    )


def integrate(kind: Kind, fc: Sequence[Tensor], previous: Tensor, group: Tensor) -> Tensor:
    """Equations 8-9, frame by frame and channel by channel."""
    if kind != "cross":
        return previous + group if kind == "add" else group
    weight, bias = fc
    output = torch.zeros_like(group)
    for t in range(len(group)):
        pooled = (previous[t] + group[t]).mean((1, 2))
        scores = weight @ pooled + bias
        for c in range(len(pooled)):
            of_group, of_previous = scores[c].exp(), scores[len(pooled) + c].exp()
            alpha = of_group / (of_group + of_previous)
            output[t, c] = alpha * group[t, c] + (1 - alpha) * previous[t, c]
    return output


def equation_7(cti: CrossPerceptionTemporalIntegration, kind: Kind, x: Tensor) -> Tensor:
    """T_1 = X_1, T_2 = conv(X_2), T_g = conv_g(CI(T_{g-1}, X_g)) for one clip."""
    kernels = [kernel.flatten(1) for kernel in cti.convs.parameters()]
    first, second, *others = x.chunk(cti.groups, dim=1)
    outputs = [first, convolve_over_time(kernels[0], second)]
    for g, group in enumerate(others):
        fc = list(cti.integrations[g].parameters())
        mixed = integrate(kind, fc, outputs[-1], group)
        outputs.append(convolve_over_time(kernels[g + 1], mixed))
    return torch.cat(outputs, dim=1)


@every_kind
@pytest.mark.parametrize("groups", [2, 3, 4])
def test_it_is_equations_7_to_9(kind: Kind, groups: int, shake: Shake) -> None:
    cti = CrossPerceptionTemporalIntegration(4 * groups, 3, groups, kind).double()
    shake(cti)
    clips = torch.randn(2, 3, 4 * groups, 3, 5, dtype=torch.float64)
    expected = [equation_7(cti, kind, clip) for clip in clips]
    torch.testing.assert_close(cti(clips.flatten(0, 1)), torch.cat(expected))


def test_by_default_it_has_4_groups_and_cross_attention(shake: Shake) -> None:
    cti = CrossPerceptionTemporalIntegration(32, 3).double()
    shake(cti)
    clip = torch.randn(3, 32, 3, 5, dtype=torch.float64)
    assert cti.groups == 4
    torch.testing.assert_close(cti(clip), equation_7(cti, "cross", clip))


@every_kind
def test_the_first_group_is_untouched_bit_for_bit(kind: Kind, shake: Shake) -> None:
    cti = CrossPerceptionTemporalIntegration(16, 4, integration=kind)
    shake(cti)
    x = torch.randn(8, 16, 3, 3)
    assert torch.equal(cti(x)[:, :4], x[:, :4])


def test_alpha_sums_to_one_over_the_two_branches(shake: Shake) -> None:
    attention = CrossAttention(8).double()
    shake(attention)
    x = torch.randn(4, 8, 3, 3, dtype=torch.float64)
    torch.testing.assert_close(attention(x, x), x)


def test_alpha_weighs_the_group_and_the_rest_weighs_the_previous_one() -> None:
    attention = CrossAttention(4)
    with torch.no_grad():
        attention.fc.weight.zero_()
        attention.fc.bias[:4] = 100  # alpha = 1
        attention.fc.bias[4:] = 0
    previous, group = torch.randn(2, 3, 4, 2, 2)
    assert torch.equal(attention(previous, group), group)


def test_alpha_is_the_same_over_all_positions_of_a_channel(shake: Shake) -> None:
    attention = CrossAttention(8).double()
    shake(attention)
    previous, group = torch.randn(2, 3, 8, 5, 5, dtype=torch.float64)
    alpha = (attention(previous, group) - previous) / (group - previous)
    torch.testing.assert_close(alpha, alpha[..., :1, :1].expand_as(alpha))
    assert alpha.std(dim=0).min() > 0  # but not over frames and channels
    assert alpha.std(dim=1).min() > 0


@pytest.mark.parametrize(
    ("kind", "reach"),
    [("cross", [0, 1, 2, 3]), ("add", [0, 1, 2, 3]), ("independent", [0, 1, 1, 1])],
)
def test_the_temporal_receptive_field_grows_from_group_to_group(
    kind: Kind, reach: list[int], shake: Shake
) -> None:
    cti = CrossPerceptionTemporalIntegration(16, 9, integration=kind)
    shake(cti)
    x = torch.randn(9, 16, 3, 3)
    disturbed = x.clone()
    disturbed[4] += 1
    changed = (cti(x) != cti(disturbed)).flatten(2).any(2)  # (T, C)
    frames = [group.any(1).nonzero().flatten().tolist() for group in changed.chunk(4, dim=1)]
    assert frames == [list(range(4 - r, 4 + r + 1)) for r in reach]


def test_independent_groups_do_not_interact(shake: Shake) -> None:
    cti = CrossPerceptionTemporalIntegration(16, 4, integration="independent")
    shake(cti)
    x = torch.randn(4, 16, 3, 3)
    disturbed = x.clone()
    disturbed[:, 4:8] += 1
    changed = (cti(x) != cti(disturbed)).any(0).flatten(1).any(1)
    assert changed.nonzero().flatten().tolist() == [4, 5, 6, 7]


@pytest.mark.parametrize("kind", ["cross", "add"])
def test_each_group_is_fed_with_the_one_before(kind: Kind, shake: Shake) -> None:
    cti = CrossPerceptionTemporalIntegration(16, 4, integration=kind)
    shake(cti)
    x = torch.randn(4, 16, 3, 3)
    disturbed = x.clone()
    disturbed[:, 4:8] += 1  # the second group
    changed = (cti(x) != cti(disturbed)).any(0).flatten(1).any(1)
    assert changed.nonzero().flatten().tolist() == list(range(4, 16))


@pytest.mark.parametrize(("kind", "attention"), [("cross", 2 * (8 * 16 + 16)), ("add", 0)])
def test_its_parameters_are_three_temporal_convolutions_and_two_attentions(
    kind: Kind, attention: int
) -> None:
    cti = CrossPerceptionTemporalIntegration(32, integration=kind)
    assert sum(p.numel() for p in cti.parameters()) == 3 * 8 * 3 + attention


@pytest.mark.parametrize(("channels", "groups"), [(30, 4), (16, 1), (16, 0)])
def test_channels_that_make_no_groups_are_refused(channels: int, groups: int) -> None:
    with pytest.raises(ModelError, match=f"{channels} channels .* groups={groups}"):
        CrossPerceptionTemporalIntegration(channels, groups=groups)
