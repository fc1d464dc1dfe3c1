"""A rendering shows every frame of its video, the sampled ones marked, with scores and Grad-CAM."""

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from PIL import Image

from datamodules.decoding.write_video import write_video
from experiments.inference import Recognizer
from experiments.inference.names import names_of_renderings
from experiments.inference.prediction import Failure, Opened, Prediction, Predictor
from experiments.inference.render import film
from experiments.inference.render.film import HIGHLIGHT, Renderer
from experiments.inference.render.layout import (
    HEIGHT,
    LANDSCAPE,
    PORTRAIT,
    WIDTH,
    Box,
    Layout,
    squares,
)
from experiments.inference.render.panels import Pixels
from experiments.inference.windows import Length, Windows
from lightning_modules.tensorboard.grad_cam import Cam, grad_cam
from lightning_modules.tensorboard.pictures.alignment import TILE
from tests.conftest import Run
from tests.experiments.inference.conftest import Predict

FRAMES = 6


def write_grey(path: Path, width: int, height: int, frames: int = FRAMES) -> Path:
    """Write a video of grey frames, darker and darker."""
    levels = np.linspace(200, 60, frames).astype(np.uint8)
    write_video(path, np.broadcast_to(levels[:, None, None, None], (frames, height, width, 3)))
    return path


def predicted(
    recognizer: Recognizer, path: Path, window: int | None = None
) -> tuple[Opened, Prediction]:
    """Predict one video, perhaps with windows of a number of frames and half their stride."""
    windows = None
    if window is not None:
        windows = Windows(*(Length(f"{n}f", n, True) for n in (window, window // 2)))
    (result,) = Predictor(recognizer, windows).predict([str(path)])
    assert not isinstance(result, Failure)
    return result


def pictures(recognizer: Recognizer, prediction: tuple[Opened, Prediction]) -> Iterator[Pixels]:
    """Compose the frames, each a copy."""
    return (picture.copy() for picture in Renderer(recognizer).frames(*prediction))


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
    assert len({picture.tobytes() for picture in shown}) == len(prediction[1].windows) == 5


def test_the_file_has_the_frames_and_the_rate_of_its_video(predict: Predict, clip: Path) -> None:
    folder = predict(clip, "--render", "--stage=res3") / f"{clip.stem}_1x1_render_res3"
    with av.open(str(clip)) as one, av.open(str(folder / f"{clip.stem}.mp4")) as other:
        counts = [sum(1 for _ in container.decode(video=0)) for container in (one, other)]
        rates = [container.streams.video[0].average_rate for container in (one, other)]
    assert counts[0] == counts[1]
    assert rates[0] == rates[1]
    with Image.open(folder / f"{clip.stem}_maps.png") as picture:
        assert picture.size[0] >= 4 * 100


def test_each_video_of_a_folder_is_rendered_to_its_place(
    predict: Predict, clip: Path, tmp_path: Path
) -> None:
    videos = ("clip.mp4", "clip-2.mp4", "deep/clip.mp4")
    for name in videos:
        write_grey(tmp_path / "all" / name, 64, 36)
    folder = predict(tmp_path / "all", "--render") / "all_1x1_render"
    names = {f"{name[:-4]}{ending}" for name in videos for ending in (".mp4", "_maps.png")}
    assert {str(p.relative_to(folder)) for p in folder.rglob("*.*")} == names


def test_a_network_with_sme_also_shows_its_alignment_of_two_frames(
    predict: Predict, tiny_run: Run, clip: Path
) -> None:
    run = tiny_run("fit", "--model.network=TSINet", "--pictures=0")
    folder = predict(clip, "--render", run=run) / f"{clip.stem}_1x1_render"
    endings = {path.name.removeprefix(clip.stem) for path in folder.iterdir()}
    assert endings == {".mp4", "_maps.png", "_alignment.png"}
    with Image.open(folder / f"{clip.stem}_alignment.png") as picture:
        assert picture.size[1] > 3 * TILE  # res2 to res4; res5 has one position at 32 pixels


def test_equal_names_keep_their_endings() -> None:
    paths = ["/v/clip.mp4", "/v/clip.avi", "/v/clip.mp4.mkv"]
    assert list(names_of_renderings(paths).values()) == ["clip.mp4", "clip.avi", "clip.mp4.mkv"]


def test_renderings_of_other_windows_or_stages_stand_beside_each_other(
    predict: Predict, clip: Path
) -> None:
    for settings in (["--window=9f"], ["--window=18f"], ["--stage=res3"], []):
        folder = predict(clip, "--render", *settings)
    rendered = {path.name.partition("_render")[2] for path in folder.glob("*_render*")}
    assert rendered == {"_9f_9f", "_18f_18f", "_res3", ""}


def test_grad_cam_explains_the_class_that_is_predicted_of_the_whole_video(
    recognizer: Recognizer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    opened, prediction = predicted(recognizer, write_grey(tmp_path / "grey.mp4", 64, 36))
    labels: list[int | None] = []

    def keep(*arguments: Any) -> Cam:
        labels.append(arguments[3])
        return grad_cam(*arguments)

    monkeypatch.setattr(film, "grad_cam", keep)
    other = int(prediction.logits.argmin())
    fused = replace(prediction, logits=-prediction.logits)
    next(Renderer(recognizer).frames(opened, fused))
    assert labels == [other]


@pytest.mark.parametrize("count", [1, 8, 16, 64, 166, 250, 1000])
@pytest.mark.parametrize("box", [LANDSCAPE.frames, PORTRAIT.frames], ids=["landscape", "portrait"])
def test_any_number_of_frames_has_a_place_of_its_own_in_the_box(count: int, box: Box) -> None:
    taken = np.zeros((HEIGHT, WIDTH), dtype=np.uint8)
    for place in squares(box, count):
        part(taken, place)[:] += 1
    assert taken.max() == 1
    assert part(taken, box).sum() == taken.sum() == count * place.width * place.height


def test_frames_in_a_folder_are_rendered_without_a_rate(
    recognizer: Recognizer, tmp_path: Path
) -> None:
    frame = np.full((1, 36, 64, 3), 90, dtype=np.uint8)
    for number in range(4):
        write_video(tmp_path / f"{number}.png", frame, codec="png", pixel_format="rgb24")
    assert len(list(pictures(recognizer, predicted(recognizer, tmp_path)))) == 4
