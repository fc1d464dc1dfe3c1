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
class FolderLayout:
    """How a folder names its images: ``<prefix><number><suffix>``.

    Attributes:
        prefix: What stands before the number.
        digits: Its width with leading zeros.
        suffix: ``.jpg`` or another.
        first: The first frame's number.
    """

    prefix: str
    digits: int
    suffix: str
    first: int

    def name(self, index: int) -> str:
        """Name the image of a frame, counted from 0."""
        return f"{self.prefix}{self.first + index:0{self.digits}d}{self.suffix}"

    def to_bytes(self) -> bytes:
        """Pack the layout."""
        return json.dumps(astuple(self)).encode()

    @classmethod
    def from_bytes(cls, packed: bytes) -> Self:
        """Unpack what `to_bytes` gave."""
        return cls(*json.loads(packed))


def scan_folder(path: Path) -> VideoFacts:
    """Find a folder's first number, padding and last number, and look at its first image.

    Raises:
        VideoDecodeError: If there is no image, one is missing in between, or names differ in more
            than the number.
    """
    names = [entry.name for entry in os.scandir(path)]
    matches = [match for match in map(IMAGE_NAME.fullmatch, names) if match]
    if not matches:
        raise VideoDecodeError(f"{path}: holds no numbered .jpg or .png image")
    first = min(matches, key=lambda match: int(match["number"]))
    layout = FolderLayout(
        first["prefix"], len(first["number"]), first["suffix"], int(first["number"])
    )
    found = {match.string for match in matches}
    for index in range(len(found)):
        if layout.name(index) not in found:
            raise VideoDecodeError(
                f"{path}: {layout.name(index)} is missing though there are {len(found)} images; "
                "extract the frames anew"
            )
    height, width = _read_image(path / layout.name(0)).shape[:2]
    count = len(found)
    return VideoFacts(
        count, 0, 0.0, width, height, layout.suffix[1:].lower(), count, layout.to_bytes()
    )


def read_folder(path: Path, indices: Sequence[int] | NDArray[np.int64], layout: bytes) -> Tensor:
    """Read frames by index, each wanted image once.

    Args:
        path: The folder.
        indices: Frame indices from 0, in any order, repeats allowed.
        layout: Of this folder, by `scan_folder`; empty to look it up.

    Returns:
        RGB frames in the order of ``indices``, uint8 0-255, (len(indices), 3, H, W), in
        channels_last memory.

    Raises:
        VideoDecodeError: If an image is missing or damaged, or sizes differ.
    """
    names = FolderLayout.from_bytes(layout or scan_folder(path).layout)
    wanted, places = np.unique(np.asarray(indices, dtype=np.int64), return_inverse=True)
    images = [_read_image(path / names.name(index)) for index in wanted.tolist()]
    if len({image.shape for image in images}) > 1:
        raise VideoDecodeError(f"{path}: its images differ in size; extract the frames anew")
    frames = np.stack([images[place] for place in places.tolist()])  # (T, H, W, 3)
    return torch.from_numpy(frames).permute(0, 3, 1, 2)


def _read_image(path: Path) -> NDArray[np.uint8]:
    """Read one image, uint8 0-255, (H, W, 3)."""
    try:
        with Image.open(path) as image:
            return np.asarray(image.convert("RGB"))
    except FileNotFoundError:
        raise VideoDecodeError(f"{path}: no such image; extract the video's frames anew") from None
    except (OSError, ValueError, SyntaxError) as error:  # what Pillow's readers raise
        raise VideoDecodeError(
            f"{path}: does not decode ({error}); extract the video's frames anew"
        ) from None
