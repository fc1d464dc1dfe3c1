"""Specification of `models.placement`: the papers' words for where modules stand."""

from typing import Literal

import pytest

from models import ModelError
from models.placement import BlockSite, Placement, is_temporal, parse_stages


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
    ],
)
def test_the_papers_words_name_stages(words: str, stages: list[int]) -> None:
    assert list(parse_stages(words)) == stages


@pytest.mark.parametrize(
    "words", ["", "res1", "res6", "res5-2", "res2-6", "layer4", "res", "res4,5", " res4", "RES4"]
)
def test_other_words_are_refused_with_the_way_to_write_them(words: str) -> None:
    with pytest.raises(ModelError, match=r"res4.*res3-5.*none") as refusal:
        Placement(words)
    assert repr(words) in str(refusal.value)


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
    assert (site in Placement("res4-5", blocks)) is inside


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
