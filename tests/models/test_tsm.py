"""Specification of `TSM`: shifts at the head of every residual branch, nothing to learn."""

from typing import Literal

import pytest
import torch
from torch import nn

from models import TSM, TSN, TEINet
from models.blocks import TemporalShift


@pytest.mark.parametrize(
    ("stages", "blocks", "shifts"),
    [("res2-5", "all", 16), ("res4-5", "all", 9), ("res3", "first", 1), ("none", "all", 0)],
)
def test_its_shifts_are_in_the_chosen_blocks(
    stages: str, blocks: Literal["all", "first"], shifts: int
) -> None:
    with torch.device("meta"):
        network = TSM(5, stages=stages, blocks=blocks)
    assert sum(isinstance(module, TemporalShift) for module in network.modules()) == shifts


@pytest.mark.parametrize(
    ("backbone", "shift_every", "shifts"),
    [
        ("resnet50", None, 16),
        ("resnet101", None, 18),  # 2 of 3, 2 of 4, 12 of 23, 2 of 3: the first, the third, ...
        ("resnet152", None, 26),
        ("resnet101", 1, 33),
        ("resnet50", 2, 9),
        ("regnet_y_128gf", None, 27),
    ],
)
def test_deep_resnets_shift_every_second_block_as_in_the_authors_code(
    backbone: str, shift_every: int | None, shifts: int
) -> None:
    with torch.device("meta"):
        network = TSM(5, backbone=backbone, shift_every=shift_every)
    found = [name for name, m in network.named_modules() if isinstance(m, TemporalShift)]
    assert len(found) == shifts


def test_each_stage_s_first_block_shifts() -> None:
    with torch.device("meta"):
        network = TSM(5, backbone="resnet101")
    found = [name for name, m in network.named_modules() if isinstance(m, TemporalShift)]
    assert [name for name in found if "layer1" in name or "layer4" in name] == [
        f"frame_network.layer{stage}.{block}.before_conv1" for stage in (1, 4) for block in (0, 2)
    ]


def test_its_parameters_are_tsn_s_key_for_key() -> None:
    with torch.device("meta"):
        assert list(TSM(5).state_dict()) == list(TSN(5).state_dict())


@pytest.mark.usefixtures("tiny_backbones")
def test_a_teinet_of_tim_alone_starts_as_tsm() -> None:
    tsm = TSM(5, num_segments=3, backbone="tiny basic").eval()
    tim = TEINet(5, num_segments=3, backbone="tiny basic", enhancement="none").eval()
    nn.init.normal_(tsm.classifier.weight)
    unmatched = tim.load_state_dict(tsm.state_dict(), strict=False)
    assert all(".tim." in key for key in unmatched.missing_keys)
    clips = torch.randn(2, 3, 3, 32, 32)
    # Each shift is bit-equal; the convolutions behind it may sum in another order.
    torch.testing.assert_close(tsm(clips), tim(clips), rtol=1e-4, atol=1e-4)


@pytest.mark.parametrize(("fold_div", "moved"), [(8, 16), (4, 32)])
def test_the_part_that_moves_is_a_choice(fold_div: int, moved: int) -> None:
    with torch.device("meta"):
        network = TSM(5, num_segments=2, backbone="resnet18", fold_div=fold_div)
    frames = torch.ones(2, 64, 2, 2)
    shifted = network.frame_network.layer1[0].before_conv1(frames)
    assert (shifted != frames).any(0).flatten(1).any(1).sum() == moved
