"""Maps over the frames of a clip: every frame once for each kind, bright where the map is high."""

import pytest
import torch

from lightning_modules.tensorboard.pictures.clip_maps import draw_clip_maps, heat
from tests.lightning_modules.tensorboard.pictures.drawing import (
    LONG_NAMES,
    check_readable,
    texts_of,
)


@pytest.mark.parametrize("num_frames", [2, 8, 17])
@pytest.mark.parametrize("title", LONG_NAMES)
def test_clips_of_any_length_are_readable(num_frames: int, title: str) -> None:
    frames = torch.zeros(num_frames, 3, 224, 224, dtype=torch.uint8)
    maps = {"Grad-CAM": torch.rand(num_frames, 7, 7), title: torch.rand(num_frames, 7, 7)}
    figure = draw_clip_maps(frames, maps, title)
    check_readable(figure)
    assert len(texts_of(figure)) == 4  # title, frames, two kinds
    assert len(figure.images) == 3 * num_frames
    width, height = figure.bbox.size
    assert width < 1000
    assert height < 1300


def test_a_map_is_bright_where_it_is_high_and_shows_the_frame_where_it_is_low() -> None:
    frames = torch.full((2, 3, 8, 8), 100, dtype=torch.uint8)
    maps = torch.zeros(2, 2, 2)
    maps[1, 0, 0] = 5
    shown = heat(frames, maps).float().mean(1)
    assert shown[1, 0, 0] > shown[1, -1, -1] + 50
    torch.testing.assert_close(shown[0], shown[0, :1, :1].expand(8, 8))


def test_a_frame_without_a_map_and_a_map_of_one_value_are_drawn() -> None:
    frames = torch.full((2, 3, 8, 8), 100, dtype=torch.uint8)
    maps = torch.ones(2, 2, 2)
    maps[1] = torch.nan
    assert heat(frames, maps).shape == frames.shape
