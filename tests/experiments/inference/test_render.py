"""A rendering shows every frame of its video, the sampled ones marked, with scores and Grad-CAM."""

from collections.abc import Iterator
from pathlib import Path

import av
import numpy as np
import pytest
from PIL import Image

from datamodules.decoding.write_video import write_video
from experiments.inference import Recognizer
from experiments.inference.prediction import Prediction, Predictor
from experiments.inference.render.film import HIGHLIGHT, Renderer
from experiments.inference.render.layout import HEIGHT, LANDSCAPE, PORTRAIT, WIDTH, Box, Layout
from experiments.inference.render.panels import Pixels
from experiments.inference.windows import Length, Windows
from tests.experiments.inference.conftest import Predict

FRAMES = 6


def write_grey(path: Path, width: int, height: int, frames: int = FRAMES) -> Path:
    """Write a video of grey frames, darker and darker."""
    levels = np.linspace(200, 60, frames).astype(np.uint8)
    write_video(path, np.broadcast_to(levels[:, None, None, None], (frames, height, width, 3)))
    return path


def predicted(recognizer: Recognizer, path: Path, window: int | None = None) -> Prediction:
    """Predict one video, perhaps with windows of a number of frames and half their stride."""
    windows = None
    if window is not None:
        windows = Windows(*(Length(f"{n}f", n, True) for n in (window, window // 2)))
    (prediction,) = Predictor(recognizer, windows).predict([str(path)])
    assert isinstance(prediction, Prediction)
    return prediction


def pictures(recognizer: Recognizer, prediction: Prediction) -> Iterator[Pixels]:
    """Compose the frames, each a copy."""
    return (picture.copy() for picture in Renderer(recognizer).frames(prediction))


def part(picture: Pixels, box: Box) -> Pixels:
    """Cut a box out of a picture."""
    return picture[box.top : box.top + box.height, box.left : box.left + box.width]


@pytest.mark.parametrize(
    ("size", "layout"),
    [
        ((64, 36), LANDSCAPE),
        ((36, 64), PORTRAIT),
        ((2048, 1152), LANDSCAPE),
        ((400, 32), LANDSCAPE),
    ],
    ids=["tiny", "portrait", "large", "wide"],
)
def test_a_video_of_any_size_fills_its_place_and_no_other(
    size: tuple[int, int], layout: Layout, recognizer: Recognizer, tmp_path: Path
) -> None:
    prediction = predicted(recognizer, write_grey(tmp_path / "grey.mp4", *size))
    first, *_ = pictures(recognizer, prediction)
    assert first.shape == (HEIGHT, WIDTH, 3)
    dark = np.abs(part(first, layout.video).astype(int) - 200).max(2) < 12
    filled = dark.any(0).mean(), dark.any(1).mean()  # of its width, of its height
    assert max(filled) > 0.98
    assert min(filled) == pytest.approx(
        min(s * t for s, t in zip(size, _other(size, layout.video), strict=True)), abs=0.03
    )
    for box in (layout.bars, layout.frames, layout.timeline, layout.caption):
        assert (part(first, box) < 250).any()


def _other(size: tuple[int, int], box: Box) -> tuple[float, float]:
    """Give the scale of a size in a box, as shares of the box's width and height."""
    scale = min(box.width / size[0], box.height / size[1])
    return scale / box.width, scale / box.height


def test_exactly_the_sampled_frames_have_a_border(recognizer: Recognizer, tmp_path: Path) -> None:
    prediction = predicted(recognizer, write_grey(tmp_path / "grey.mp4", 64, 36))
    marked = [
        number
        for number, picture in enumerate(pictures(recognizer, prediction))
        if (part(picture, LANDSCAPE.video) == HIGHLIGHT).all(2).any()
    ]
    assert marked == recognizer.frame_indices(FRAMES)[0].tolist()


def test_the_bars_follow_the_windows(recognizer: Recognizer, tmp_path: Path) -> None:
    prediction = predicted(recognizer, write_grey(tmp_path / "grey.mp4", 64, 36, 12), window=4)
    shown = [part(picture, LANDSCAPE.bars) for picture in pictures(recognizer, prediction)]
    assert len(shown) == 12
    assert len({picture.tobytes() for picture in shown}) == len(prediction.windows) == 5


def test_the_file_has_the_frames_and_the_rate_of_its_video(predict: Predict, clip: Path) -> None:
    folder = predict(clip, "--render", "--stage=res3") / f"{clip.stem}_1x1"
    with av.open(str(clip)) as one, av.open(str(folder / f"{clip.stem}.mp4")) as other:
        counts = [sum(1 for _ in container.decode(video=0)) for container in (one, other)]
        rates = [container.streams.video[0].average_rate for container in (one, other)]
    assert counts[0] == counts[1]
    assert rates[0] == rates[1]
    with Image.open(folder / f"{clip.stem}_maps.png") as picture:
        assert picture.size[0] >= 4 * 100


def test_videos_of_the_same_name_are_rendered_beside_each_other(
    predict: Predict, clip: Path, tmp_path: Path
) -> None:
    for name in ("a", "b"):
        write_grey(tmp_path / name / "clip.mp4", 64, 36)
    folder = predict(tmp_path / "a", tmp_path / "b", "--render") / "videos_1x1"
    names = {"clip.mp4", "clip_maps.png", "clip-2.mp4", "clip-2_maps.png"}
    assert {path.name for path in folder.iterdir()} == names


def test_frames_in_a_folder_are_rendered_without_a_rate(
    recognizer: Recognizer, tmp_path: Path
) -> None:
    frame = np.full((1, 36, 64, 3), 90, dtype=np.uint8)
    for number in range(4):
        write_video(tmp_path / f"{number}.png", frame, codec="png", pixel_format="rgb24")
    assert len(list(pictures(recognizer, predicted(recognizer, tmp_path)))) == 4
