"""The frames of a video as copies store them: upright, resized, in one pixel format."""

from collections.abc import Iterator
from pathlib import Path

from av.video.frame import VideoFrame
from av.video.reformatter import VideoReformatter

from datamodules.decoding.orientation import is_upright, upright_rgb
from datamodules.decoding.video import Video
from datamodules.decoding.video_facts import VideoFacts
from datamodules.decoding.video_stream import iterate_frames
from datamodules.errors import VideoDecodeError
from datamodules.packs.find import is_folder
from datamodules.prepare.transcode_settings import TranscodeSettings


def resized_frames(
    path: Path, facts: VideoFacts, settings: TranscodeSettings
) -> Iterator[VideoFrame]:
    """Yield every frame of a video, in order.

    Args:
        path: A file, or a folder of images.
        facts: The video's facts.
        settings: Size and format.

    Raises:
        VideoDecodeError: If the video does not decode or the size of its frames changes.
    """
    width, height = settings.fit(facts.width, facts.height)
    resizer = VideoReformatter()
    source = _images(path, facts) if is_folder(path) else _upright(path)
    for frame in source:
        if (frame.width, frame.height) != (facts.width, facts.height):
            raise VideoDecodeError(
                f"{path}: the size of its frames changes midway; take it out of the list"
            )
        yield resizer.reformat(
            frame,
            width=width,
            height=height,
            format=settings.pixel_format,
            interpolation="BICUBIC",
            threads=1,
        )


def _images(path: Path, facts: VideoFacts) -> Iterator[VideoFrame]:
    video = Video(path, facts.frames, facts.seek_index)
    for index in range(facts.frames):
        pixels = video.read([index])[0].permute(1, 2, 0)
        yield VideoFrame.from_ndarray(pixels.contiguous().numpy(), format="rgb24")


def _upright(path: Path) -> Iterator[VideoFrame]:
    converter = VideoReformatter()
    for frame in iterate_frames(path):
        if is_upright(frame):
            yield frame
        else:
            yield VideoFrame.from_ndarray(upright_rgb(frame, converter).copy(), format="rgb24")
