"""Specification of `models.placement`: the papers' words for where modules stand."""

from typing import Literal

import pytest

from models import ModelError
from models.backbones import get_backbone
from models.backbones.sites import BlockSite, is_temporal
from models.placement import Placement, parse_stages

RESNET50 = get_backbone("resnet50")
MOBILENET = get_backbone("mobilenet_v2")


@pytest.mark.parametrize(
    ("words", "stages"),
    [
        ("none", []),
        ("res2", [2]),
        ("res5", [5]),
        ("res4-5", [4, 5]),
        ("res3-5", [3, 4, 5]),
        ("res2-5", [2, 3, 4, 5]),
        ("res3-3", [3]),
        ("all", [2, 3, 4, 5]),
    ],
)
def test_the_papers_words_name_a_resnet_s_stages(words: str, stages: list[int]) -> None:
    assert list(parse_stages(words, RESNET50)) == stages


@pytest.mark.parametrize(
    ("words", "stages"), [("stage1", [1]), ("stage6-7", [6, 7]), ("all", [1, 2, 3, 4, 5, 6, 7])]
)
def test_another_family_s_own_stages_are_counted_from_1(words: str, stages: list[int]) -> None:
    assert list(parse_stages(words, MOBILENET)) == stages


@pytest.mark.parametrize(
    "words", ["", "res1", "res6", "res5-2", "res2-6", "layer4", "res", "res4,5", " res4", "RES4"]
)
def test_other_words_are_refused_with_the_way_to_write_them(words: str) -> None:
    with pytest.raises(ModelError, match=r"res2-5.*res4.*res3-5.*all.*none") as refusal:
        Placement(RESNET50, "before_conv1", words)
    assert repr(words) in str(refusal.value)


def test_a_resnet_s_stages_are_refused_for_another_family_with_its_own() -> None:
    with pytest.raises(ModelError, match="mobilenet_v2 has the stages stage1-7"):
        Placement(MOBILENET, "before_conv1", "res4")


@pytest.mark.parametrize(
    ("blocks", "site", "inside"),
    [
        ("all", BlockSite(4, 0), True),
        ("all", BlockSite(4, 5), True),
        ("all", BlockSite(3, 0), False),
        ("first", BlockSite(4, 0), True),
        ("first", BlockSite(4, 1), False),
        ("first", BlockSite(3, 0), False),
    ],
)
def test_a_placement_holds_all_blocks_of_its_stages_or_the_first_of_each(
    blocks: Literal["all", "first"], site: BlockSite, inside: bool
) -> None:
    assert (site in Placement(RESNET50, "before_conv1", "res4-5", blocks)) is inside


def test_the_first_block_is_the_first_that_has_the_place() -> None:
    first = Placement(MOBILENET, "before_conv1", "stage3-4", "first")
    assert first.sites == {BlockSite(3, 1), BlockSite(4, 1)}  # the blocks before lack a shortcut


def test_every_second_block_of_a_stage_is_counted_from_its_first() -> None:
    placement = Placement(RESNET50, "before_conv1", "res4-5", step=2)
    assert placement.sites == {BlockSite(4, 0), BlockSite(4, 2), BlockSite(4, 4)} | {
        BlockSite(5, 0),
        BlockSite(5, 2),
    }


def test_stages_without_the_place_are_refused_by_name() -> None:
    with pytest.raises(ModelError, match=r"stages='stage7'.*mobilenet_v2.*before_conv1"):
        Placement(MOBILENET, "before_conv1", "stage7")


def test_a_family_without_the_place_is_refused_by_name() -> None:
    with pytest.raises(ModelError, match=r"backbone='mobilenet_v2'.*around_conv2.*resnet50"):
        Placement(MOBILENET, "around_conv2")


@pytest.mark.parametrize("step", [0, -1])
def test_a_step_below_1_is_refused(step: int) -> None:
    with pytest.raises(ModelError, match="give 1"):
        Placement(RESNET50, "before_conv1", step=step)


@pytest.mark.parametrize(
    ("key", "temporal"),
    [
        ("layer1.0.before_conv1.tim.weight", True),
        ("layer4.2.before_last_conv.sme.reduce.weight", True),
        ("layer1.0.conv1.weight", False),
        ("fc.weight", False),
    ],
)
def test_a_temporal_module_s_parameters_are_known_by_name(key: str, temporal: bool) -> None:
    assert is_temporal(key) is temporal
