"""Specification of `protocols`: a name says how many views of a video are scored."""

import pytest

from datamodules.clips.protocols import get_protocol
from datamodules.errors import DataError


@pytest.mark.parametrize(
    ("name", "clips", "crops", "full"),
    [
        ("1x1", 1, 1, False),
        ("2x1", 2, 1, False),
        ("1x3", 1, 3, False),
        ("10x3", 10, 3, False),
        ("10x3-full", 10, 3, True),
        ("1x1-full", 1, 1, True),
    ],
)
def test_a_name_says_clips_crops_and_what_a_crop_is(
    name: str, clips: int, crops: int, full: bool
) -> None:
    protocol = get_protocol(name)
    assert (protocol.clips, protocol.crops, protocol.full) == (clips, crops, full)


@pytest.mark.parametrize(("name", "views"), [("1x1", 1), ("10x1", 10), ("10x3-full", 30)])
def test_views_are_clips_times_crops(name: str, views: int) -> None:
    assert get_protocol(name).views == views


@pytest.mark.parametrize(
    ("name", "message"),
    [
        ("1x1", "1x1: 1 clip(s) x 1 crop(s) = 1 view(s) a video; clips evenly spread; crops at c"),
        ("10x3", "10x3: 10 clip(s) x 3 crop(s) = 30 view(s) a video; clips evenly spread; crops"),
        ("10x3-full", "10x3-full: 10 clip(s) x 3 crop(s) = 30 view(s) a video; clips evenly spre"),
        ("2x1-random", "2x1-random: 2 clip(s) x 1 crop(s) = 2 view(s) a video; clips drawn at ra"),
    ],
)
def test_a_protocol_prints_its_name_and_views(name: str, message: str) -> None:
    assert str(get_protocol(name)).startswith(message)


def test_a_protocol_prints_how_its_crops_are_made() -> None:
    assert str(get_protocol("10x3")).endswith("cut at input size")
    assert str(get_protocol("10x3-full")).endswith("whole short side, resized")


@pytest.mark.parametrize(
    "name",
    ["", "1", "x", "0x1", "1x0", "1x2", "10x5", "-1x1", "01x1", "1x1-", "1x1-Full", "1X1", "1x1\n"],
)
def test_other_names_are_refused_with_the_form_expected(name: str) -> None:
    with pytest.raises(DataError) as caught:
        get_protocol(name)
    assert str(caught.value).startswith(f"protocol={name!r}: write <clips>x<crops>")
