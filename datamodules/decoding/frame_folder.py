"""A video as a folder of numbered images, as Something-Something V1 ships."""

import json
import os
import re
from collections.abc import Sequence
from dataclasses import astuple, dataclass
from pathlib import Path
from typing import Self

import numpy as np
import torch
from numpy.typing import NDArray
from PIL import Image
from torch import Tensor

from datamodules.decoding.video_facts import VideoFacts
from datamodules.errors import VideoDecodeError

IMAGE_NAME = re.compile(r"(?P<prefix>\D*)(?P<number>\d+)(?P<suffix>\.(?:jpe?g|png))", re.IGNORECASE)


@dataclass(frozen=True)
class ImageSeries:
    """The file names of the images of a folder: ``<prefix><number><suffix>``.

    Attributes:
        prefix: Before the number.
        digits: Width of the number, with leading zeros.
        suffix: ``.jpg``, for example.
        first: Number of the first frame.
    """

    prefix: str
    digits: int
    suffix: str
    first: int

    def name(self, index: int) -> str:
        """Return the file name of a frame, counted from 0."""
        return f"{self.prefix}{self.first + index:0{self.digits}d}{self.suffix}"

    def to_bytes(self) -> bytes:
        """Serialize."""
        return json.dumps(astuple(self)).encode()

    @classmethod
    def from_bytes(cls, packed: bytes) -> Self:
        """Restore what `to_bytes` returned."""
        return cls(*json.loads(packed))


def scan_folder(path: Path) -> VideoFacts:
    """Find the first and last number and the zero padding of a folder; decode its first image.

    Raises:
        VideoDecodeError: If there is no image, one is missing in between, or names differ in more
            than the number.
    """
    names = [entry.name for entry in os.scandir(path)]
    matches = [match for match in map(IMAGE_NAME.fullmatch, names) if match]
    if not matches:
        raise VideoDecodeError(f"{path}: holds no numbered .jpg or .png image")
    first = min(matches, key=lambda match: int(match["number"]))
    series = ImageSeries(
        first["prefix"], len(first["number"]), first["suffix"], int(first["number"])
    )
    found = {match.string for match in matches}
    for index in range(len(found)):
        if series.name(index) not in found:
            raise VideoDecodeError(
                f"{path}: {series.name(index)} is missing though there are {len(found)} images; "
                "extract the frames again"
            )
    height, width = _read_image(path / series.name(0)).shape[:2]
    count = len(found)
    return VideoFacts(
        count, 0, 0.0, width, height, series.suffix[1:].lower(), count, series.to_bytes()
    )


def read_folder(
    path: Path, indices: Sequence[int] | NDArray[np.int64], seek_index: bytes
) -> Tensor:
    """Read frames by index; each image is decoded once.

    Args:
        path: The folder.
        indices: Frame indices from 0, in any order, repeats allowed.
        seek_index: From `scan_folder`; empty to scan the folder first.

    Returns:
        RGB frames in the order of ``indices``, uint8 0-255, (len(indices), 3, H, W), in
        channels_last memory.

    Raises:
        VideoDecodeError: If an image is missing or damaged, or sizes differ.
    """
    names = ImageSeries.from_bytes(seek_index or scan_folder(path).seek_index)
    wanted, places = np.unique(np.asarray(indices, dtype=np.int64), return_inverse=True)
    images = [_read_image(path / names.name(index)) for index in wanted.tolist()]
    if len({image.shape for image in images}) > 1:
        raise VideoDecodeError(f"{path}: its images differ in size; extract the frames again")
    frames = np.stack([images[place] for place in places.tolist()])  # (T, H, W, 3)
    return torch.from_numpy(frames).permute(0, 3, 1, 2)


def _read_image(path: Path) -> NDArray[np.uint8]:
    """Read one image, uint8 0-255, (H, W, 3)."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except FileNotFoundError:
        raise VideoDecodeError(
            f"{path}: no such image; extract the frames of the video again"
        ) from None
    except (OSError, ValueError, SyntaxError) as error:  # all errors of Pillow's decoders
        raise VideoDecodeError(
            f"{path}: does not decode ({error}); extract the frames of the video again"
        ) from None
