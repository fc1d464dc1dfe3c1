"""A video with its scores over time, and Grad-CAM of the frames that the network has seen.

T frames of a clip, K classes.
"""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from fractions import Fraction
from itertools import pairwise
from pathlib import Path

import numpy as np
import torch
from matplotlib.colors import to_rgb
from matplotlib.figure import Figure
from torch import Tensor
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2.functional import resize

from datamodules.clips.frame_sampling import Indices
from datamodules.decoding.video import Video
from datamodules.decoding.write_video import write_video
from experiments.inference.prediction import Opened, Prediction
from experiments.inference.recognizer import Recognizer
from experiments.inference.render.layout import HEIGHT, WIDTH, Box, layout_for, squares
from experiments.inference.render.panels import (
    SAMPLED_COLOUR,
    Pixels,
    Timeline,
    choose_colours,
    draw_bars,
    draw_text,
)
from experiments.inference.windows import Window, whole
from lightning_modules import RunError
from lightning_modules.checkpoints.atomic_write import atomic_write
from lightning_modules.tensorboard.alignment_views import draw_alignment
from lightning_modules.tensorboard.explain import clip_maps
from lightning_modules.tensorboard.grad_cam import grad_cam, last_map, layers_with_maps
from lightning_modules.tensorboard.pictures.clip_maps import draw_clip_maps, heat
from lightning_modules.tensorboard.pictures.figures import as_png

FPS = 25
"""Of a rendering whose video has no frame rate, such as a folder of images."""
PIXELATED_FROM = 3
"""Videos that are enlarged more than this keep their pixels; others are smoothed."""
CAPTION = "Grad-CAM of the clip's frames, as the network sees them; yellow: sampled frames"
BORDER = 5
ENCODER = {"crf": "20", "preset": "veryfast"}
HIGHLIGHT = np.array([round(255 * part) for part in to_rgb(SAMPLED_COLOUR)], dtype=np.uint8)


@dataclass(frozen=True)
class Moment:
    """What is shown of a window beside its scores.

    Attributes:
        sampled: Indices of all frames that the network has seen of it.
        shown: Indices of the T frames of its middle clip.
        cams: These frames with Grad-CAM.
        places: Where each of them is shown.
    """

    sampled: set[int]
    shown: list[int]
    cams: list[Pixels]
    places: list[Box]


class Renderer:
    """Renders predictions.

    Args:
        recognizer: The network.
        stage: The stage of Grad-CAM; None for the last.

    Raises:
        RunError: If there is no such stage, or it has no map of more than one position.
    """

    def __init__(self, recognizer: Recognizer, stage: str | None = None) -> None:
        self.recognizer = recognizer
        self.layer = None if stage is None else recognizer.stage_end(stage)
        if self.layer is not None:
            clip, network = self._middle(recognizer.blank_views()), recognizer.module.network
            if self.layer not in layers_with_maps(recognizer.classify, network, clip):
                raise RunError(
                    f"--stage {stage}: its output is no map of more than one position, so Grad-CAM "
                    "has nothing to show; name an earlier stage, or leave --stage out"
                )

    def write(self, opened: Opened, prediction: Prediction, name: Path) -> list[str]:
        """Write a video's pictures and its rendering as one window or several.

        Args:
            opened: The video.
            prediction: Its prediction.
            name: The files' common start.

        Returns:
            What follows the start in their names.
        """
        clip = self._middle(opened.views)
        alignment = draw_alignment(self.recognizer.classify, self.recognizer.module.network, clip)
        pictures = {"_maps.png": self._draw_maps(clip, opened, prediction)}
        pictures |= {"_alignment.png": alignment} if alignment is not None else {}
        for ending, figure in pictures.items():
            atomic_write(name.with_name(f"{name.name}{ending}"), as_png(figure))
        rate = Fraction(opened.facts.fps or FPS).limit_denominator(1001)
        film = name.with_name(f"{name.name}.mp4")
        write_video(film, self.frames(opened, prediction), fps=rate, options=ENCODER)
        return [".mp4", *pictures]

    def _draw_maps(self, clip: Tensor, opened: Opened, prediction: Prediction) -> Figure:
        """Draw the T frames of a clip with Grad-CAM and, for SME, its maps.

        Grad-CAM is that of the class that is predicted of the whole video.
        """
        shares = prediction.logits.softmax(0)
        network, label = self.recognizer.module.network, int(shares.argmax())
        _, maps = clip_maps(self.recognizer.classify, network, clip, self.layer, label)
        class_name = self.recognizer.class_names[label]
        title = f"{class_name} {100 * float(shares[label]):.0f} %   {opened.video.path.name}"
        return draw_clip_maps(clip, maps, title)

    def frames(self, opened: Opened, prediction: Prediction) -> Iterator[Pixels]:
        """Compose the frames one after another."""
        video, facts, names = opened.video, opened.facts, self.recognizer.class_names
        layout = layout_for(facts.width, facts.height)
        windows = prediction.windows or [whole(facts)]
        logits = prediction.window_logits if prediction.windows else prediction.logits[None]
        shares, edges = logits.softmax(1), _edges(windows)
        rate, unit = (facts.fps, "s") if facts.fps else (1.0, "frames")
        indices = [self.recognizer.frame_indices(w.end - w.start) + w.start for w in windows]
        seen = np.unique(np.concatenate([part.ravel() for part in indices])) / rate
        colours = choose_colours(shares)
        timeline = Timeline(layout.timeline, edges, shares, names, colours, seen.tolist(), unit)
        canvas = np.full((HEIGHT, WIDTH, 3), 255, dtype=np.uint8)
        _paste(canvas, layout.caption, draw_text(layout.caption, CAPTION))
        current = -1
        for number, image in enumerate(video.in_order()):
            place = int(np.searchsorted(edges[1:-1], number / rate, side="right"))
            if place != current:
                current, window, share = place, windows[place], shares[place]
                clip = self._middle(self.recognizer.views(window.of(video)))
                moment = self._moment(clip, int(share.argmax()), indices[place], layout.frames)
                bars = draw_bars(layout.bars, _title(video, window), share, names, colours)
                _paste(canvas, layout.bars, bars)
            _paste(canvas, layout.timeline, timeline.at(number / rate))
            _show_clip(canvas, layout.frames, moment, number)
            _show_frame(canvas, layout.video, image, number in moment.sampled)
            yield canvas

    def _moment(self, clip: Tensor, label: int, indices: Indices, box: Box) -> Moment:
        """Explain a class in the middle clip of a window."""
        classify, network = self.recognizer.classify, self.recognizer.module.network
        layer = self.layer or last_map(classify, network, clip)
        cam = grad_cam(classify, clip, layer, label)
        places = squares(box, len(clip))
        sized = _scaled(clip, places[0].height, places[0].width)
        cams = heat(sized, cam.maps).permute(0, 2, 3, 1).numpy()
        shown = indices[len(indices) // 2].tolist()
        return Moment(set(indices.ravel().tolist()), shown, list(cams), places)

    def _middle(self, views: Tensor) -> Tensor:
        """Choose the middle crop of the middle clip, (T, 3, S, S)."""
        protocol = self.recognizer.make_views.protocol
        return views[protocol.clips // 2 * protocol.crops + protocol.crops // 2]


def _edges(windows: Sequence[Window]) -> list[float]:
    """Divide the time among windows: each gets what is nearest to its middle."""
    spans = [_span(window) for window in windows]
    middles = [(start + end) / 2 for start, end in spans]
    return [spans[0][0], *((one + two) / 2 for one, two in pairwise(middles)), spans[-1][1]]


def _span(window: Window) -> tuple[float, float]:
    """Give its start and end: seconds, or frames in a video without a rate."""
    return window.times if window.fps else (window.start, window.end)


def _title(video: Video, window: Window) -> str:
    start, end = _span(window)
    span = f"{start:.2f} to {end:.2f} s" if window.fps else f"{start:.0f} to {end:.0f} frames"
    return f"{video.path.name}, {span}"


def _show_clip(canvas: Pixels, box: Box, moment: Moment, number: int) -> None:
    """Show the clip's frames; a border marks the last one that has been reached."""
    canvas[box.top : box.top + box.height, box.left : box.left + box.width] = 255
    reached = [place for place, frame in enumerate(moment.shown) if frame <= number]
    for place, picture in enumerate(moment.cams):
        _paste(canvas, moment.places[place], picture)
        if reached and place == reached[-1]:
            _frame(canvas, moment.places[place])


def _show_frame(canvas: Pixels, box: Box, image: Pixels, sampled: bool) -> None:
    """Show a frame of the video as large as fits, with a border if the network has seen it."""
    high, wide = image.shape[:2]
    scale = min(box.height / high, box.width / wide)
    height, width = max(1, round(scale * high)), max(1, round(scale * wide))
    left, top = box.left + (box.width - width) // 2, box.top + (box.height - height) // 2
    pixels = torch.from_numpy(np.ascontiguousarray(image)).permute(2, 0, 1)
    canvas[box.top - 8 : box.top + box.height + 8, box.left - 8 : box.left + box.width + 8] = 255
    part = Box(left, top, width, height)
    _paste(canvas, part, _scaled(pixels, height, width).permute(1, 2, 0).numpy())
    if sampled:
        _frame(canvas, part)


def _scaled(images: Tensor, height: int, width: int) -> Tensor:
    """Resize (..., H, W); few pixels stay visible as squares."""
    large = height > PIXELATED_FROM * images.shape[-2]
    method = InterpolationMode.NEAREST if large else InterpolationMode.BILINEAR
    return resize(images, [height, width], method, antialias=True)


def _paste(canvas: Pixels, box: Box, picture: Pixels) -> None:
    canvas[box.top : box.top + box.height, box.left : box.left + box.width] = picture


def _frame(canvas: Pixels, box: Box) -> None:
    """Draw a border inside a box."""
    part = canvas[box.top : box.top + box.height, box.left : box.left + box.width]
    wide = min(BORDER, max(1, box.height // 6))
    for edge in (part[:wide], part[-wide:], part[:, :wide], part[:, -wide:]):
        edge[:] = HIGHLIGHT
