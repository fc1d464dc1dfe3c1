"""Every picture: readable sizes at any number of classes, and the right thing in its place."""

from collections.abc import Sequence

import pytest
import torch
from PIL import ImageColor
from torch import Tensor

from lightning_modules.tensorboard.pictures import class_accuracy
from lightning_modules.tensorboard.pictures.alignment import (
    MOVING,
    TILE,
    AlignmentView,
    draw_alignments,
)
from lightning_modules.tensorboard.pictures.canvas import SPARSE, Picture
from lightning_modules.tensorboard.pictures.class_accuracy import draw_class_accuracy
from lightning_modules.tensorboard.pictures.clip_strips import ScoredClip, draw_clips
from lightning_modules.tensorboard.pictures.confusion import draw_confusion, row_shares
from lightning_modules.tensorboard.pictures.kernels import KernelPair, draw_kernels


def names_of(classes: int) -> list[str]:
    return [f"Pretending to do something with class {k}" for k in range(classes)]


def count_pixels(picture: Picture, colour: str) -> int:
    wanted = ImageColor.getrgb(colour)
    found = picture.getcolors(picture.width * picture.height) or []
    return sum(count for count, pixel in found if pixel == wanted)


def test_rows_are_normalised_and_empty_rows_stay_empty() -> None:
    shares = row_shares(torch.tensor([[3, 1], [0, 0]]))
    assert shares.tolist() == [[0.75, 0.25], [0.0, 0.0]]


@pytest.mark.parametrize("classes", [1, 2, 8, 60, 174, 400])
def test_a_confusion_matrix_fits_on_a_screen(classes: int) -> None:
    picture = draw_confusion(torch.eye(classes, dtype=torch.long), names_of(classes))
    assert max(picture.size) < 1000
    cell = min(48, max(2, 800 // classes))
    numbers = cell >= 26
    diagonal = count_pixels(picture, SPARSE.high)
    assert diagonal > 0.6 * classes * cell**2 if numbers else diagonal >= classes * cell**2


def test_classes_without_videos_are_left_out_and_few_are_all_shown() -> None:
    counts = torch.diag(torch.tensor([4, 0, 4, 4]))
    three = draw_class_accuracy(counts, names_of(4))
    two = draw_class_accuracy(counts[:3, :3], names_of(3))
    assert three.height - two.height == 18  # one line


def test_of_many_classes_the_worst_and_the_best_are_shown(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    shown: list[int] = []
    draw_row = class_accuracy._row

    def keep(counts: Tensor, label: int, names: Sequence[str], width: int) -> Picture:
        shown.append(label)
        return draw_row(counts, label, names, width)

    monkeypatch.setattr(class_accuracy, "_row", keep)
    right = torch.arange(10)
    counts = torch.diag(right)
    counts[:, 0] += 9 - right
    counts[0] = torch.tensor([0, 9, *[0] * 8])
    draw_class_accuracy(counts, names_of(10), shown=2)
    assert shown == [0, 1, 8, 9]


@pytest.mark.parametrize("frames", [1, 8, 16])
def test_strips_of_any_length_fit_on_a_screen(frames: int) -> None:
    clip = torch.zeros(frames, 3, 224, 224, dtype=torch.uint8)
    scored = ScoredClip(2.5, 0, 1, 0.9, "videos/left/000001.mp4", clip)
    picture = draw_clips([scored] * 8, names_of(2))
    assert picture.width < 1000
    assert picture.height < 1200


def test_kernels_that_have_not_moved_are_drawn() -> None:
    start = torch.eye(3)
    still = draw_kernels({"tim": KernelPair(start, start)})
    moved = draw_kernels({"tim": KernelPair(start + 0.1, start)})
    assert still.size == moved.size


def test_the_moving_point_is_marked_where_frames_differ_most() -> None:
    frame = torch.zeros(3, 4, 4, dtype=torch.uint8)
    following = frame.clone()
    following[:, 0, 0] = 255  # the first quarter of a 2x2 map
    attention = torch.zeros(4, 4)
    attention[:, 3] = 1
    view = AlignmentView("sme", attention, torch.rand(2, 2))
    picture = draw_alignments(frame, following, [view])
    left, top = 8, picture.height - 8 - TILE
    corner = picture.crop((left, top, left + TILE // 2, top + TILE // 2))
    assert count_pixels(corner, MOVING) > TILE
    beyond = picture.crop((left + TILE // 2, top + TILE // 2, left + TILE, top + TILE))
    assert count_pixels(beyond, MOVING) == 0
