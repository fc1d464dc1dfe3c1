"""Writes the copy of one video, completely or not at all."""

from fractions import Fraction
from pathlib import Path

import av
from av.video.frame import PictureType
from av.video.stream import VideoStream
from PIL import Image

from datamodules.atomic_write import atomic_write
from datamodules.decoding.video_facts import VideoFacts
from datamodules.decoding.video_stream import iterate_frames
from datamodules.errors import DataError
from datamodules.prepare.frames import resized_frames
from datamodules.prepare.transcode_settings import TranscodeSettings

USUAL_FPS = 25.0
"""Frames per second of a copy if the source states none."""

MAX_DENOMINATOR = 1001
IMAGE_NAME = "{:06d}.jpg"


def write_copy(source: Path, facts: VideoFacts, target: Path, settings: TranscodeSettings) -> None:
    """Write a copy with as many frames as its source.

    Args:
        source: A file, or a folder of images.
        facts: The source's facts.
        target: The copy; an older one is replaced.
        settings: Format, size and quality.

    Raises:
        DataError: If the source does not decode, or the copy cannot be written or has another
            number of frames.
    """
    write = _write_h264 if settings.format == "h264" else _write_jpegs
    with atomic_write(target) as draft:
        try:
            write(source, facts, draft, settings)
        except (av.FFmpegError, OSError, RuntimeError) as error:  # most often a full disk
            reason = " ".join(str(error).split())
            raise DataError(f"{source}: its copy cannot be written ({reason})") from error
        found = count_frames(draft)
        if found != facts.frames:
            raise DataError(
                f"{source}: has {facts.frames} frames, its copy {found}; transcode it again"
            )


def count_frames(path: Path) -> int:
    """Count the frames of a copy by decoding them, or its images."""
    if path.is_dir():
        return sum(1 for _ in path.iterdir())
    return sum(1 for _ in iterate_frames(path))


def _write_h264(source: Path, facts: VideoFacts, draft: Path, settings: TranscodeSettings) -> None:
    rate = Fraction(facts.fps or USUAL_FPS).limit_denominator(MAX_DENOMINATOR)
    with av.open(str(draft), "w", format="mp4") as container:
        stream = container.add_stream("libx264", rate=rate, options=settings.encoder_options)
        assert isinstance(stream, VideoStream)
        context = stream.codec_context
        context.thread_count = 1  # several videos are written in parallel
        context.width, context.height = settings.fit(facts.width, facts.height)
        context.pix_fmt = settings.pixel_format
        for index, frame in enumerate(resized_frames(source, facts, settings)):
            if index == 0:  # readers need these to convert colours back
                context.colorspace, context.color_range = frame.colorspace, frame.color_range
                context.color_primaries, context.color_trc = frame.color_primaries, frame.color_trc
            frame.pts, frame.time_base = index, 1 / rate
            frame.pict_type = PictureType.NONE  # the encoder chooses its own
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))


def _write_jpegs(source: Path, facts: VideoFacts, draft: Path, settings: TranscodeSettings) -> None:
    draft.mkdir()
    for number, frame in enumerate(resized_frames(source, facts, settings), start=1):
        image = Image.fromarray(frame.to_ndarray())
        image.save(draft / IMAGE_NAME.format(number), quality=settings.jpeg_quality)
