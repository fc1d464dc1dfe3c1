"""Specification of transforms: boxes, resizes and flips, the same for all frames of a clip."""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np
import pytest
import torch
from torch import Tensor

from datamodules.clips import transforms
from datamodules.clips.transforms import (
    MultiScaleCrop,
    crops_along_longer_side,
    mirror,
    resize,
    resize_short_side,
)
from datamodules.errors import DataError

SHAPES = [(256, 256), (240, 200), (128, 256), (36, 48), (17, 23)]
SIDES_OF_256 = [256, 224, 192, 169]  # 256 x {1, .875, .75, .66}


class Box(NamedTuple):
    """A crop of a frame, pixels."""

    top: int
    left: int
    height: int
    width: int


class Square(NamedTuple):
    """Where a crop begins, pixels."""

    top: int
    left: int


@pytest.fixture
def gradients(numbered_frames: Callable[..., np.ndarray]) -> Callable[..., Tensor]:
    """Return a function that makes frames (T, 3, H, W) whose pixels are frame, row, column."""

    def make(height: int, width: int, num_frames: int = 2) -> Tensor:
        frames = torch.from_numpy(numbered_frames(num_frames, height, width))
        return frames.permute(0, 3, 1, 2)

    return make


@pytest.fixture
def draw_boxes(
    gradients: Callable[..., Tensor], monkeypatch: pytest.MonkeyPatch
) -> Callable[..., list[Box]]:
    """Return a function that draws many crops and read off their boxes, before they are resized."""
    monkeypatch.setattr(transforms, "resize", lambda frames, height, width: frames)

    def draw(height: int, width: int, draws: int = 600) -> list[Box]:
        frames, rng, crop = gradients(height, width, 1), np.random.default_rng(0), MultiScaleCrop(8)
        crops = [crop(frames, rng) for _ in range(draws)]
        return [Box(int(c[0, 1, 0, 0]), int(c[0, 2, 0, 0]), *c.shape[-2:]) for c in crops]

    return draw


def begins(crops: list[Tensor]) -> list[Square]:
    """Read off where crops of gradients begin."""
    return [Square(int(crop[0, 1, 0, 0]), int(crop[0, 2, 0, 0])) for crop in crops]


def test_training_boxes_have_the_four_sizes_of_the_short_side(
    draw_boxes: Callable[..., list[Box]],
) -> None:
    boxes = draw_boxes(256, 256)
    assert {box.height for box in boxes} == set(SIDES_OF_256)
    assert {box.width for box in boxes} == set(SIDES_OF_256)


def test_height_and_width_are_at_most_one_size_apart(
    draw_boxes: Callable[..., list[Box]],
) -> None:
    sizes = {
        (SIDES_OF_256.index(b.height), SIDES_OF_256.index(b.width)) for b in draw_boxes(256, 256)
    }
    assert sizes == {(i, j) for i in range(4) for j in range(4) if abs(i - j) <= 1}


@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_sizes_are_parts_of_the_videos_own_short_side(
    height: int, width: int, draw_boxes: Callable[..., list[Box]]
) -> None:
    sides = {round(min(height, width) * scale) for scale in (1, 0.875, 0.75, 0.66)}
    boxes = draw_boxes(height, width, 200)
    assert {side for box in boxes for side in (box.height, box.width)} == sides


@pytest.mark.parametrize(("height", "width"), SHAPES)
def test_training_boxes_are_inside_the_frame(
    height: int, width: int, draw_boxes: Callable[..., list[Box]]
) -> None:
    for box in draw_boxes(height, width, 200):
        assert box.top + box.height <= height
        assert box.left + box.width <= width


def test_boxes_of_a_size_have_13_positions_in_quarters_of_the_free_space(
    draw_boxes: Callable[..., list[Box]],
) -> None:
    boxes = draw_boxes(256, 256, 2500)
    positions = {(box.top, box.left) for box in boxes if box.height == box.width == 192}
    corners = {(0, 0), (0, 64), (64, 0), (64, 64)}
    centre_and_edges = {(32, 32), (0, 32), (32, 0), (64, 32), (32, 64)}
    quarter_points = {(16, 16), (16, 48), (48, 16), (48, 48)}
    assert positions == corners | centre_and_edges | quarter_points


def test_a_crop_is_the_same_for_all_frames_of_a_clip(gradients: Callable[..., Tensor]) -> None:
    frames, crop = gradients(64, 96, num_frames=5), MultiScaleCrop(32)
    for seed in range(20):
        places = crop(frames, np.random.default_rng(seed))[:, 1:]
        assert torch.equal(places, places[:1].expand_as(places))


def test_a_crop_keeps_the_order_of_frames(gradients: Callable[..., Tensor]) -> None:
    cropped = MultiScaleCrop(32)(gradients(64, 96, num_frames=5), np.random.default_rng(0))
    assert cropped[:, 0].unique(dim=0).shape[0] == 5
    assert cropped[:, 0, 16, 16].tolist() == [0, 1, 2, 3, 4]


@pytest.mark.parametrize(("height", "width"), [(16, 24), (48, 36), (96, 64)])
def test_training_crops_are_uint8_squares_of_the_given_size(
    height: int, width: int, gradients: Callable[..., Tensor]
) -> None:
    cropped = MultiScaleCrop(40)(gradients(height, width, 3), np.random.default_rng(1))
    assert cropped.shape == (3, 3, 40, 40)
    assert cropped.dtype == torch.uint8


def test_the_same_numbers_draw_the_same_crop(gradients: Callable[..., Tensor]) -> None:
    first, second = (
        MultiScaleCrop(32)(gradients(64, 96), np.random.default_rng(7)) for _ in range(2)
    )
    assert torch.equal(first, second)


def test_other_scales_can_be_given(gradients: Callable[..., Tensor]) -> None:
    frames, rng = gradients(32, 48), np.random.default_rng(0)
    crop = MultiScaleCrop(32, scales=(1.0,))
    lefts = {int(crop(frames, rng)[0, 2, 0, 0]) for _ in range(100)}
    assert lefts == {0, 4, 8, 12, 16}


@pytest.mark.parametrize("scales", [(), (0.0, 1.0), (-0.5,), (1.0, 1.01)])
def test_scales_outside_0_to_1_are_refused(scales: tuple[float, ...]) -> None:
    with pytest.raises(DataError, match=r"^crop scales \[.*\] must be above 0"):
        MultiScaleCrop(32, scales)


def test_a_mirror_image_swaps_left_and_right_alone(gradients: Callable[..., Tensor]) -> None:
    frames = gradients(8, 12)
    flipped = mirror(frames)
    assert flipped[0, 2, 0].tolist() == list(range(11, -1, -1))
    assert torch.equal(flipped[:, :2], frames[:, :2])


@pytest.mark.parametrize(
    ("shape", "resized"),
    [((240, 320), (256, 341)), ((320, 240), (341, 256)), ((50, 50), (256, 256))],
)
def test_the_short_side_gets_its_size_and_the_aspect_ratio_stays(
    shape: tuple[int, int], resized: tuple[int, int]
) -> None:
    frames = torch.full((1, 3, *shape), 77, dtype=torch.uint8)
    assert resize_short_side(frames, 256).shape[-2:] == resized


def test_frames_that_fit_are_not_resampled(gradients: Callable[..., Tensor]) -> None:
    frames = gradients(16, 24)
    assert torch.equal(resize_short_side(frames, 16), frames)


def test_resizing_keeps_uint8_and_even_colours() -> None:
    resized = resize(torch.full((2, 3, 20, 30), 201, dtype=torch.uint8), 9, 50)
    assert resized.dtype == torch.uint8
    assert resized.shape == (2, 3, 9, 50)
    assert resized.unique().tolist() == [201]


def test_resizing_is_bilinear() -> None:
    edge = torch.tensor([[0, 200]], dtype=torch.uint8).expand(1, 3, 2, 2)
    assert resize(edge, 2, 4)[0, 0, 0].tolist() == [0, 50, 150, 200]


def test_shrinking_averages_instead_of_skipping_pixels() -> None:
    stripes = torch.tensor([200, 0, 0, 0, 0, 0, 0, 0] * 8, dtype=torch.uint8).expand(1, 3, 64, 64)
    inner = resize(stripes, 8, 8)[..., 1:-1].tolist()
    np.testing.assert_allclose(inner, 25, atol=8)


def test_one_crop_is_the_centre(gradients: Callable[..., Tensor]) -> None:
    crops = crops_along_longer_side(gradients(32, 48), 1, 24)
    assert begins(crops) == [Square(4, 12)]
    assert crops[0].shape == (2, 3, 24, 24)


def test_three_crops_of_a_landscape_are_left_middle_and_right(
    gradients: Callable[..., Tensor],
) -> None:
    crops = crops_along_longer_side(gradients(32, 48), 3, 24)
    assert begins(crops) == [Square(4, 0), Square(4, 12), Square(4, 24)]


def test_three_crops_of_a_portrait_are_top_middle_and_bottom(
    gradients: Callable[..., Tensor],
) -> None:
    crops = crops_along_longer_side(gradients(48, 32), 3, 24)
    assert begins(crops) == [Square(0, 4), Square(12, 4), Square(24, 4)]


def test_three_crops_of_the_whole_short_side_span_the_frame(
    gradients: Callable[..., Tensor],
) -> None:
    crops = crops_along_longer_side(gradients(32, 48), 3, 32)
    assert begins(crops) == [Square(0, 0), Square(0, 8), Square(0, 16)]
    assert {crop.shape for crop in crops} == {(2, 3, 32, 32)}
