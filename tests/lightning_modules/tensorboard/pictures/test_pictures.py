"""Every picture: all texts readable at any size, and the right thing in its place."""

import matplotlib
import numpy as np
import pytest
import torch
from matplotlib.figure import Figure
from matplotlib.lines import Line2D

from lightning_modules.tensorboard.pictures.alignment import (
    POINTS,
    AlignmentView,
    draw_alignments,
)
from lightning_modules.tensorboard.pictures.class_accuracy import draw_class_accuracy
from lightning_modules.tensorboard.pictures.clip_strips import ScoredClip, draw_clips, fit_strip
from lightning_modules.tensorboard.pictures.confusion import draw_confusion, row_shares
from lightning_modules.tensorboard.pictures.figures import MARGIN, SPARSE
from lightning_modules.tensorboard.pictures.kernels import KernelPair, draw_kernels
from tests.lightning_modules.tensorboard.pictures.drawing import (
    check_readable,
    count_pixels,
    names_of,
    pixels_of,
    texts_of,
    values_of,
)

START = torch.eye(3)


def test_rows_are_normalised_and_empty_rows_stay_empty() -> None:
    shares = row_shares(torch.tensor([[3, 1], [0, 0]]))
    assert shares.tolist() == [[0.75, 0.25], [0.0, 0.0]]


@pytest.mark.parametrize("classes", [1, 2, 8, 30, 31, 60, 61, 174, 400])
def test_a_confusion_matrix_fits_on_a_screen_with_cells_of_equal_size(classes: int) -> None:
    figure = draw_confusion(torch.eye(classes, dtype=torch.long), names_of(classes))
    check_readable(figure)
    assert max(figure.bbox.size) < 1060
    cell = min(48, max(2, 780 // classes))
    diagonal = count_pixels(pixels_of(figure), matplotlib.colormaps[SPARSE](1.0)[:3])
    covered = 0.5 if classes <= 30 else 0.9  # by numbers, by the frame at the two corners
    assert covered * classes * cell**2 < diagonal < classes * cell**2 + 60  # the bar's end


def test_few_classes_have_names_and_percents_and_many_have_numbers() -> None:
    counts = torch.tensor([[3, 1], [0, 5]])
    texts = texts_of(draw_confusion(counts, ["left", "right"]))
    assert [texts.count(text) for text in ("left", "right", "75", "25", "100")] == [2, 2, 1, 1, 1]
    ticks = texts_of(draw_confusion(torch.eye(400, dtype=torch.long), names_of(400)))
    assert [ticks.count(tick) for tick in ("0", "20", "380", "10")] == [2, 2, 2, 0]


def test_few_percent_are_visible_in_a_confusion_matrix() -> None:
    counts = torch.eye(100, dtype=torch.long) * 96
    counts[0, 1] = 4
    matrix, bar = draw_confusion(counts, names_of(100)).axes
    shown = np.asarray(matrix.images[0].norm(values_of(matrix.images[0]).numpy()))
    assert shown[0, :3].tolist() == pytest.approx([0.96**0.5, 0.2, 0])
    assert [text.get_text() for text in bar.get_yticklabels()][:3] == ["0 %", "1 %", "5 %"]


def test_a_class_has_its_accuracy_and_its_most_common_confusion() -> None:
    counts = torch.tensor([[5, 2, 3], [0, 4, 0], [0, 1, 3]])
    figure = draw_class_accuracy(counts, ["left", "right", "up"])
    (axes,) = figure.axes
    assert [label.get_text() for label in axes.get_yticklabels()] == ["left", "up", "right"]
    texts = texts_of(figure)
    for text in ("50 %  5 of 10", "30 % predicted as up", "100 %  4 of 4"):
        assert text in texts
    assert len([text for text in texts if "predicted" in text]) == 2
    widths = [bar.get_width() for bar in axes.containers[1]]
    assert widths == pytest.approx([0.5, 0.75, 1.0])


def test_classes_without_videos_are_left_out_and_few_are_all_shown() -> None:
    counts = torch.diag(torch.tensor([4, 0, 4, 4]))
    (axes,) = draw_class_accuracy(counts, list("abcd")).axes
    assert [label.get_text() for label in axes.get_yticklabels()] == list("acd")


def test_of_many_classes_the_worst_and_the_best_are_shown() -> None:
    right = torch.arange(10)
    counts = torch.diag(right)
    counts[:, 0] += 9 - right
    counts[0] = torch.tensor([0, 9, *[0] * 8])
    panels = draw_class_accuracy(counts, [str(k) for k in range(10)], shown=2).axes
    shown = [[label.get_text() for label in axes.get_yticklabels()] for axes in panels]
    assert shown == [["0", "1"], ["8", "9"]]


@pytest.mark.parametrize("classes", [1, 3, 40, 174])
def test_class_accuracies_are_readable(classes: int) -> None:
    counts = torch.randint(200, (classes, classes), generator=torch.Generator().manual_seed(0))
    check_readable(draw_class_accuracy(counts, names_of(classes)))


@pytest.mark.parametrize("size", [(224, 224), (320, 180), (180, 320), (24, 32)])
@pytest.mark.parametrize("num_frames", [1, 8, 16])
def test_strips_of_any_length_fit_on_a_screen(num_frames: int, size: tuple[int, int]) -> None:
    frames = torch.zeros(num_frames, 3, *size, dtype=torch.uint8)
    clip = ScoredClip(12.5, 0, 1, 0.987, "videos/" + "long_path_" * 9 + "/000001.mp4", frames)
    figure = draw_clips([clip] * 8, names_of(2))
    check_readable(figure)
    width, height = figure.bbox.size
    assert width < 1000
    assert height < 1300
    assert count_pixels(pixels_of(figure), "black") >= 8 * fit_strip(frames)[:, 0].numel()


def test_a_strip_shows_the_pixels_of_its_frames_under_what_is_known_of_the_clip() -> None:
    generator = torch.Generator().manual_seed(0)
    frames = torch.randint(256, (8, 3, 112, 112), dtype=torch.uint8, generator=generator)
    clip = ScoredClip(2.5, 0, 1, 0.9, "data/videos/left/000001.mp4", frames)
    figure = draw_clips([clip], ["left", "right"])
    strip = pixels_of(figure)[-MARGIN - 112 : -MARGIN, MARGIN:]
    for t, frame in enumerate(frames):
        assert strip[:, 114 * t : 114 * t + 112].equal(frame.permute(1, 2, 0))
    label, prediction = texts_of(figure)
    assert label.split() == ["label:", "left", "loss", "2.50"]
    assert prediction.split() == ["prediction:", "right", "90", "%", "left/000001.mp4"]


def test_small_frames_are_enlarged_unsmoothed_and_large_ones_averaged() -> None:
    frames = torch.tensor([0, 255], dtype=torch.uint8).expand(8, 3, 2, 2)
    assert set(fit_strip(frames).unique().tolist()) == {0, 255}
    assert fit_strip(frames).shape == (8, 3, 112, 112)
    stripes = torch.tensor([0, 255], dtype=torch.uint8).repeat(112).expand(8, 3, 224, 224)
    assert 100 < fit_strip(stripes)[..., 1:-1].float().mean() < 155
    assert len(fit_strip(stripes)[..., 8:-8].unique()) <= 2


def test_kernels_are_drawn_beside_their_change() -> None:
    figure = draw_kernels({"tim": KernelPair(START + torch.tensor([0.25, 0, 0]), START)})
    now, change = (axes.images[0] for axes in figure.axes[:2])
    columns = [0, 256, 511]  # one of each channel
    assert values_of(now)[:, columns].tolist() == [[1.25, 0.25, 0.25], [0, 1, 0], [0, 0, 1]]
    assert values_of(change)[:, columns].tolist() == [[0.25] * 3, [0] * 3, [0] * 3]  # t-1 first
    assert [(image.norm.vmin, image.norm.vmax) for image in (now, change)] == [
        (-1, 1),
        (-0.25, 0.25),
    ]


def test_kernels_that_have_not_moved_are_drawn() -> None:
    check_readable(draw_kernels({"tim": KernelPair(START, START)}))


def test_many_channels_share_columns() -> None:
    kernels = torch.arange(1024.0)[:, None].expand(1024, 3)
    now = draw_kernels({"tim": KernelPair(kernels, kernels)}).axes[0]
    assert values_of(now.images[0])[0, :3].tolist() == [0.5, 2.5, 4.5]


@pytest.mark.parametrize("channels", [64, 512])
@pytest.mark.parametrize("blocks", [1, 23])
def test_kernels_of_any_size_are_readable(channels: int, blocks: int) -> None:
    kernels = torch.rand(channels, 3)
    pairs = {
        f"layer3.{k}.before_conv1.tim": KernelPair(kernels, 0.9 * kernels) for k in range(blocks)
    }
    figure = draw_kernels(pairs)
    check_readable(figure)
    assert all(axes.bbox.width >= 512 for axes in figure.axes[:2])  # each column is visible
    assert set(pairs) <= set(texts_of(figure))


def alignment(name: str = "sme") -> tuple[torch.Tensor, torch.Tensor, AlignmentView]:
    """Make frames that differ in one corner only, where all positions attend to the last one."""
    frame = torch.zeros(3, 4, 4, dtype=torch.uint8)
    following = frame.clone()
    following[:, 0, 0] = 255  # the first position of a map of 2 x 2
    attention = torch.zeros(4, 4)
    attention[:, 3] = 1
    return frame, following, AlignmentView(name, attention, torch.arange(4.0).view(2, 2))


def place_of(mark: Line2D) -> tuple[float, float]:
    """Return a mark's column and row."""
    (column,), (row,) = np.asarray(mark.get_data())
    return float(column), float(row)


def test_points_and_what_they_attend_to_are_marked() -> None:
    frame, following, view = alignment()
    asking, answering = draw_alignments(frame, following, [view]).axes[:2]
    moving, still = POINTS
    marks = {mark.get_color(): place_of(mark) for mark in asking.lines}
    assert marks[moving] == (0, 0)  # where the frames differ most
    assert marks[still] != (0, 0)
    strongest = max(answering.lines, key=lambda mark: float(mark.get_markeredgewidth()))
    assert place_of(strongest) == (1, 1)
    assert len(answering.lines) == 2 * 3  # the three that each attends to most


def test_maps_are_drawn_over_grey_frames_with_a_colour_bar() -> None:
    frame, following, view = alignment()
    row = draw_alignments(frame, following, [view]).axes[:4]
    for axes, values in zip(row[2:], (view.saliency, view.attention.mean(0)), strict=True):
        grey, overlay = axes.images
        pixels = values_of(grey)
        assert pixels[..., 0].equal(pixels[..., 2])
        assert values_of(overlay).flatten().equal(values.flatten())
        (bar,) = axes.child_axes
        ends = [label.get_text() for label in bar.get_yticklabels()]
        assert ends == [f"{float(values.min()):.3g}", f"{float(values.max()):.3g}"]


@pytest.mark.parametrize("size", [(224, 224), (320, 180), (180, 320)])
def test_alignments_are_readable_for_frames_of_any_shape(size: tuple[int, int]) -> None:
    height, width = size
    frame = torch.zeros(3, height, width, dtype=torch.uint8)
    views = []
    for stage, stride in enumerate((4, 8, 16, 32), start=1):
        saliency = torch.rand(height // stride, width // stride) / 100
        attention = torch.rand(saliency.numel(), saliency.numel()) / 1000
        views.append(AlignmentView(f"layer{stage}.2.before_conv3.alignment", attention, saliency))
    figure = draw_alignments(frame, frame, views)
    check_readable(figure)
    tile = figure.axes[0].bbox
    assert tile.height / tile.width == pytest.approx(height / width, rel=0.01)


@pytest.mark.parametrize("value", [float("nan"), float("inf")])
def test_values_that_are_no_numbers_do_not_stop_a_fit(value: float) -> None:
    frame, following, view = alignment()
    broken = view._replace(attention=view.attention * value, saliency=view.saliency * value)
    figures: list[Figure] = [
        draw_alignments(frame, following, [broken]),
        draw_kernels({"tim": KernelPair(START * value, START)}),
    ]
    for figure in figures:
        assert pixels_of(figure).numel() > 0
