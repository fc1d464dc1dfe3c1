"""Decodes every image of a folder of frames, and finds damage that decoders conceal."""

from pathlib import Path

import av

from datamodules.decoding.frame_folder import open_images
from datamodules.decoding.image_series import ImageSeries
from datamodules.decoding.open_file import read_content
from datamodules.decoding.read_image import read_image
from datamodules.decoding.video_facts import VideoFacts
from datamodules.errors import VideoDecodeError

JPEG_START = b"\xff\xd8"
"""A PNG may be named .jpg as well."""


def refuse_damaged_images(folder: Path, facts: VideoFacts) -> None:
    """Decode all images of a folder, as training would, and JPEGs a second time, strictly.

    libjpeg rejects a file that ends too soon, but fills missing data before a proper end marker
    with grey; FFmpeg's decoder can be told to stop at an invalid code. A flipped bit that leaves
    all codes valid is found by neither.

    Raises:
        VideoDecodeError: If an image is damaged, or of another size than the first.
    """
    series = ImageSeries.from_bytes(facts.seek_index)
    size = (facts.height, facts.width)
    for image, file in open_images(folder, series, range(facts.frames)):
        if read_image(image, file).shape[:2] != size:
            raise VideoDecodeError(
                f"{image}: is not {facts.width}x{facts.height} as the first image; extract the "
                "frames again"
            )
        content = read_content(image, file)
        if content.startswith(JPEG_START):
            _refuse_damaged_jpeg(image, content)


def _refuse_damaged_jpeg(image: Path, content: bytes) -> None:
    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.options = {"err_detect": "explode"}
    try:
        for packet in (av.Packet(content), None):
            decoder.decode(packet)
    except av.InvalidDataError:
        raise VideoDecodeError(
            f"{image}: is damaged inside; extract the frames of the video again"
        ) from None
    except av.FFmpegError:
        return  # a kind of JPEG that FFmpeg does not know; Pillow has read it
