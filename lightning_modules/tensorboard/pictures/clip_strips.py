"""Clips as strips of frames, with their labels and predictions."""

from collections.abc import Sequence
from typing import NamedTuple

from matplotlib.figure import Figure
from torch import Tensor
from torch.nn import functional as F
from torchvision.transforms.v2 import InterpolationMode
from torchvision.transforms.v2.functional import resize

from lightning_modules.tensorboard.pictures.figures import LINE, MARGIN, new_figure, shorten

WIDTH = 960
TALLEST_FRAME = 112
FRAME_GAP, CLIP_GAP = 2, 12
LONGEST_NAME, LONGEST_PATH = 600, 240


class ScoredClip(NamedTuple):
    """A clip and its scores; it can be sent between processes.

    Attributes:
        loss: Its cross-entropy.
        label: Its class.
        prediction: The class with the highest score.
        probability: Probability of the prediction, 0-1.
        path: Its file.
        frames: uint8 0-255, (T, 3, H, W), on the CPU.
    """

    loss: float
    label: int
    prediction: int
    probability: float
    path: str
    frames: Tensor


def fit_strip(frames: Tensor) -> Tensor:
    """Resize frames (T, 3, H, W) so that they fit side by side; small ones are not smoothed."""
    num_frames, _, height, width = frames.shape
    scale = min(TALLEST_FRAME / height, (WIDTH // num_frames - FRAME_GAP) / width)
    size = [max(round(scale * side), 1) for side in (height, width)]
    method = InterpolationMode.NEAREST if scale > 1 else InterpolationMode.BILINEAR
    return resize(frames, size, method, antialias=True)


def draw_clips(clips: Sequence[ScoredClip], class_names: Sequence[str]) -> Figure:
    """Draw one strip of T frames per clip under two lines of text, in the given order."""
    frames = [F.pad(fit_strip(clip.frames), (0, FRAME_GAP), value=255) for clip in clips]
    strips = [padded.permute(2, 0, 3, 1).flatten(1, 2) for padded in frames]  # (H, W, 3)
    height = sum(2 * LINE + len(strip) + CLIP_GAP for strip in strips) - CLIP_GAP + 2 * MARGIN
    figure = new_figure(WIDTH + 2 * MARGIN, height)
    bottom = height - MARGIN
    for clip, strip in zip(clips, strips, strict=True):
        for line in _lines(clip, class_names):
            bottom -= LINE
            figure.text(MARGIN, bottom + 4, line, transform=None, parse_math=False)
        bottom -= len(strip)
        figure.figimage(strip.numpy(), MARGIN, bottom, origin="upper")
        bottom -= CLIP_GAP
    return figure


def _lines(clip: ScoredClip, class_names: Sequence[str]) -> tuple[str, str]:
    label, prediction = (
        shorten(class_names[number], LONGEST_NAME) for number in (clip.label, clip.prediction)
    )
    path = shorten("/".join(clip.path.split("/")[-2:]), LONGEST_PATH)
    return (
        f"label: {label}   loss {clip.loss:.2f}",
        f"prediction: {prediction} {100 * clip.probability:.0f} %   {path}",
    )
