"""Exact frames of a video file: a frame's index is its place among the frames that decode.

Headers are not believed: frame counts and timestamps are wrong or missing in common data sets.
"""

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path

import av
import numpy as np
import torch
from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter
from torch import Tensor

from datamodules.errors import VideoDecodeError

REMEDY = "replace the file or take it out of the list"


@contextmanager
def _named_errors(path: Path) -> Iterator[None]:
    """Turn what FFmpeg and PyAV raise into one error that names the file."""
    try:
        yield
    except VideoDecodeError:
        raise
    except FileNotFoundError:
        raise VideoDecodeError(f"{path}: no such file; check the list and its root") from None
    except (av.FFmpegError, OSError, ValueError, IndexError) as error:
        reason = getattr(error, "strerror", None) or str(error) or type(error).__name__
        raise VideoDecodeError(f"{path}: does not decode ({reason}); {REMEDY}") from error


def iterate_frames(path: Path) -> Iterator[VideoFrame]:
    """Decode the first video stream from its first frame on, in display order.

    Raises:
        VideoDecodeError: If the file is missing, holds no video, stops decoding, or a frame is
            damaged.
    """
    # Some files carry metadata in unknown encodings; it plays no part here.
    with _named_errors(path), av.open(str(path), metadata_errors="ignore") as container:
        if not container.streams.video:
            raise VideoDecodeError(f"{path}: holds no video stream; {REMEDY}")
        stream = container.streams.video[0]
        stream.codec_context.thread_count = 1  # workers are the parallelism
        for index, frame in enumerate(container.decode(stream)):
            if frame.is_corrupt:  # FFmpeg has patched it up from its neighbours
                raise VideoDecodeError(f"{path}: frame {index} is damaged; {REMEDY}")
            yield frame


def count_frames(path: Path) -> int:
    """Count the frames that decode.

    Raises:
        VideoDecodeError: If the file does not decode, or no frame does.
    """
    count = sum(1 for _ in iterate_frames(path))
    if count == 0:
        raise VideoDecodeError(f"{path}: no frame decodes; {REMEDY}")
    return count


def read_frames(path: Path, indices: Sequence[int] | np.ndarray) -> Tensor:
    """Read frames by index; each wanted frame is converted once, decoding stops at the last.

    Args:
        path: A file that FFmpeg reads.
        indices: Frame indices from 0, in any order, repeats allowed.

    Returns:
        RGB frames in the order of ``indices``, uint8 0-255, (len(indices), 3, H, W), in
        channels_last memory.

    Raises:
        VideoDecodeError: If the file does not decode up to the last wanted frame, or the size of
            its frames changes among the wanted ones.
        ValueError: If ``indices`` is empty or holds a negative one.
    """
    if len(indices) == 0 or min(indices) < 0:
        raise ValueError(f"frame indices count from 0 and are at least one, not {indices}")
    wanted, places = np.unique(np.asarray(indices, dtype=np.int64), return_inverse=True)
    last = int(wanted[-1])
    chosen = set(wanted.tolist())
    frames: list[np.ndarray] = []
    convert = VideoReformatter()  # keeps its tables: a new one per frame costs more than decoding
    index = -1
    for index, frame in enumerate(iterate_frames(path)):
        if index in chosen:
            frames.append(convert.reformat(frame, format="rgb24", threads=1).to_ndarray())
        if index == last:
            break
    if len(frames) < len(wanted):
        raise VideoDecodeError(
            f"{path}: frame {last} is wanted, but only {index + 1} frames decode; {REMEDY}"
        )
    if any(frame.shape != frames[0].shape for frame in frames):
        raise VideoDecodeError(f"{path}: the size of its frames changes midway; {REMEDY}")
    stacked = torch.from_numpy(np.stack(frames)[places])  # (T, H, W, 3)
    return stacked.permute(0, 3, 1, 2)
