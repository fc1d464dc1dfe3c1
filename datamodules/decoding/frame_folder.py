"""A video as a folder of numbered images, as Something-Something V1 ships."""

import os
from collections.abc import Iterator, Sequence
from pathlib import Path

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from datamodules.decoding.containers.file_bytes import FileBytes
from datamodules.decoding.image_series import (
    IMAGE_SUFFIXES,
    ImageSeries,
    choose_series,
    group_by_series,
)
from datamodules.decoding.open_file import cannot_be_opened, open_file, open_members
from datamodules.decoding.read_image import REMEDY, read_image
from datamodules.decoding.video_facts import VideoFacts
from datamodules.errors import VideoDecodeError
from datamodules.packs.find import find_packed


def scan_folder(path: Path) -> VideoFacts:
    """Find the images of a folder and check that none is missing; decode the first one.

    Raises:
        VideoDecodeError: If there is no image, a number is missing or double, or it is not clear
            which of several series of images are the frames.
    """
    series = find_series(path)
    (first,) = [read_image(*image) for image in open_images(path, series, [0])]
    height, width = first.shape[:2]
    codec = series.suffix[1:].lower()
    frames = series.count
    return VideoFacts(frames, 0, 0.0, width, height, codec, frames, series.to_bytes())


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
    series = ImageSeries.from_bytes(seek_index) if seek_index else find_series(path)
    wanted, places = np.unique(np.asarray(indices, dtype=np.int64), return_inverse=True)
    images = [read_image(*image) for image in open_images(path, series, wanted.tolist())]
    if len({image.shape for image in images}) > 1:
        raise VideoDecodeError(f"{path}: its images differ in size; {REMEDY}")
    frames = np.stack([images[place] for place in places.tolist()])  # (T, H, W, 3)
    return torch.from_numpy(frames).permute(0, 3, 1, 2)


def open_images(
    path: Path, series: ImageSeries, indices: Sequence[int]
) -> Iterator[tuple[Path, FileBytes]]:
    """Open images one after the other; each is closed before the next one.

    Yields:
        The path of an image, and its bytes.

    Raises:
        VideoAccessError: If one cannot be opened.
    """
    packed = find_packed(path)
    if packed is None:
        for index in indices:
            image = path / series.name(index)
            with open_file(image) as file:
                yield image, file
    else:
        if max(indices, default=0) >= len(packed.members):
            raise VideoDecodeError(f"{path}: has only {len(packed.members)} images in its pack")
        with open_members(packed, indices) as files:
            for index, file in zip(indices, files, strict=True):
                yield path / series.name(index), file


def other_images(path: Path, seek_index: bytes) -> int:
    """Count the images of a folder that are no frames: hidden files, and other series."""
    if find_packed(path):
        return 0
    frames = ImageSeries.from_bytes(seek_index)
    named = {frames.name(index) for index in range(frames.count)}
    return sum(name.lower().endswith(IMAGE_SUFFIXES) and name not in named for name in _names(path))


def find_series(path: Path) -> ImageSeries:
    """Tell by their names which images of a folder are the frames; none is opened.

    Raises:
        VideoDecodeError: If that is not clear, or the folder cannot be read.
    """
    if packed := find_packed(path):
        return ImageSeries.from_bytes(packed.series)
    try:
        return choose_series(group_by_series(_names(path)))
    except ValueError as error:
        raise VideoDecodeError(f"{path}: {error}") from None


def _names(path: Path) -> list[str]:
    try:
        with os.scandir(path) as entries:
            return [entry.name for entry in entries if entry.is_file()]
    except OSError as error:
        raise cannot_be_opened(path, error) from None
