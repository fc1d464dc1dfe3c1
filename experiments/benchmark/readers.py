"""Ways to read frames of a video by index: ours, sequential decoding, and other libraries'."""

from collections.abc import Callable
from dataclasses import dataclass
from importlib import import_module
from pathlib import Path

import torch
from torch import Tensor

from datamodules.decoding.read_frames import read_frames
from experiments.benchmark.machine import installed_version

Indices = list[int]
OURS = "ours"
IN_ORDER = "PyAV, in order"
OTHER_PACKAGES = ("torchcodec", "decord")
OTHER_LIBRARIES = "experiments/benchmark/other_libraries.txt"


@dataclass(frozen=True)
class Reader:
    """One way to read frames.

    Attributes:
        name: Its name in tables.
        library: Its library; for a library with several readers, the faster one is taken.
        read: Reads indices of a file with a packed seek index; returns (n, 3, H, W), uint8 0-255.
    """

    name: str
    library: str
    read: Callable[[Path, Indices, bytes], Tensor]


def our_readers() -> list[Reader]:
    """List the readers of this project: with the seek index, and by sequential decoding."""
    return [
        Reader(OURS, OURS, read_frames),
        Reader(IN_ORDER, IN_ORDER, lambda path, indices, seek_index: read_frames(path, indices)),
    ]


def find_other_readers() -> tuple[list[Reader], list[str]]:
    """List the other libraries' readers that can be used here.

    Returns:
        The readers, and one line for each library that cannot be used, with the reason.
    """
    readers: list[Reader] = []
    absent: list[str] = []
    for package, found in (("torchcodec", _torchcodec_readers()), ("decord", _decord_readers())):
        if problem := _why_unusable(package):
            absent.append(problem)
        else:
            readers += found
    return readers, absent


def _why_unusable(package: str) -> str | None:
    remedy = f"pip install -r {OTHER_LIBRARIES}"
    if installed_version(package) is None:
        return f"{package}: not installed; {remedy}"
    try:
        module = import_module(package)
    except (ImportError, OSError, RuntimeError) as error:
        reason = next(iter(str(error).strip().splitlines()), type(error).__name__)
        return f"{package}: does not load ({reason}); see {OTHER_LIBRARIES}"
    if getattr(module, "ffmpeg_major_version", "its own") is None:  # torchcodec loads without
        return f"{package}: finds no FFmpeg that it can use; see {OTHER_LIBRARIES}"
    return None


def _torchcodec_readers() -> list[Reader]:
    def reader(mode: str) -> Reader:
        def read(path: Path, indices: Indices, seek_index: bytes) -> Tensor:
            decoder = import_module("torchcodec.decoders").VideoDecoder
            video = decoder(str(path), seek_mode=mode, num_ffmpeg_threads=1)
            return video.get_frames_at(indices).data

        return Reader(f"torchcodec {mode}", "torchcodec", read)

    return [reader("exact"), reader("approximate")]


def _decord_readers() -> list[Reader]:
    def read(path: Path, indices: Indices, seek_index: bytes) -> Tensor:
        video = import_module("decord").VideoReader(str(path), num_threads=1)
        return torch.from_numpy(video.get_batch(indices).asnumpy()).permute(0, 3, 1, 2)

    return [Reader("decord", "decord", read)]
