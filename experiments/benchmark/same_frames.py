"""Checks whether a library returned the requested frames."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import torch
from av.video.reformatter import VideoReformatter
from torch import Tensor

from datamodules.decoding.orientation import upright_rgb
from datamodules.decoding.video_stream import iterate_frames

SAME, OTHER_FRAMES, OTHER_SIZE = "same", "other frames", "other size"
GRID = 32
"""Pixels per side of the grid on which a frame is compared with all frames."""


@dataclass
class TrueFrames:
    """The frames of sequential decoding.

    Attributes:
        wanted: The requested frames, uint8 (n, 3, H, W).
        indices: Their indices.
        grids: A few pixels of every frame, (frames, 3, rows, columns).
    """

    wanted: Tensor
    indices: Sequence[int]
    grids: Tensor


@dataclass(frozen=True)
class Verdict:
    """How a library's frames differ from those of sequential decoding.

    Attributes:
        what: `SAME`, `OTHER_FRAMES` or `OTHER_SIZE`; frames that differ only
            in colour conversion count as the same.
        largest: Largest difference of a pixel, 0-255; None for another size.
        others: Positions in the request whose frame has another index.
    """

    what: str
    largest: int | None = None
    others: list[int] = field(default_factory=list)


def read_truth(path: Path, indices: Sequence[int]) -> TrueFrames:
    """Decode a whole file sequentially.

    Raises:
        VideoDecodeError: If it does not decode.
    """
    converter = VideoReformatter()
    wanted: dict[int, Tensor] = {}
    grids = []
    for index, frame in enumerate(iterate_frames(path)):
        image = torch.from_numpy(upright_rgb(frame, converter).copy()).permute(2, 0, 1)
        grids.append(_grid(image).clone())
        if index in indices:
            wanted[index] = image
    return TrueFrames(
        torch.stack([wanted[index] for index in indices]), indices, torch.stack(grids)
    )


def compare(frames: Tensor, truth: TrueFrames) -> Verdict:
    """Compare frames with the requested ones.

    A frame counts as another one if it differs and a frame of another index is closer to it.

    Args:
        frames: uint8 0-255, (n, 3, H, W).
        truth: The true frames of the same file and indices.
    """
    if frames.shape != truth.wanted.shape:
        return Verdict(OTHER_SIZE)
    differences = (frames.short() - truth.wanted.short()).abs().amax(dim=(1, 2, 3)).tolist()
    others = [
        place
        for place, difference in enumerate(differences)
        if difference and _nearest_is_another(frames[place], truth, truth.indices[place])
    ]
    return Verdict(OTHER_FRAMES if others else SAME, int(max(differences)), others)


def _nearest_is_another(frame: Tensor, truth: TrueFrames, index: int) -> bool:
    distances = (truth.grids.float() - _grid(frame).float()).abs().mean(dim=(1, 2, 3))
    return bool(distances.min() < distances[index])


def _grid(frame: Tensor) -> Tensor:
    height, width = frame.shape[-2:]
    return frame[..., :: max(1, height // GRID), :: max(1, width // GRID)]
