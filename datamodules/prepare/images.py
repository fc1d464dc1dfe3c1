"""Decodes every image of a folder of frames, and finds damage that readers patch over."""

from pathlib import Path

import av

from datamodules.decoding.frame_folder import FolderLayout, read_folder
from datamodules.decoding.video_facts import VideoFacts
from datamodules.errors import VideoDecodeError

JPEG_SUFFIXES = {".jpg", ".jpeg"}


def refuse_damaged_images(folder: Path, facts: VideoFacts) -> None:
    """Decode all images of a folder, as training would, and JPEGs a second time, strictly.

    libjpeg refuses a file that ends too soon, but fills holes before a proper end with grey;
    FFmpeg's own decoder can be told to stop at an impossible code. A flipped bit that leaves all
    codes possible is not found by anyone.

    Raises:
        VideoDecodeError: If an image is damaged, or of another size than the first.
    """
    layout = FolderLayout.from_bytes(facts.layout)
    size = (facts.height, facts.width)
    for index in range(facts.frames):
        image = folder / layout.name(index)
        if read_folder(folder, [index], facts.layout).shape[2:] != size:
            raise VideoDecodeError(
                f"{image}: is not {facts.width}x{facts.height} as the first image; extract the "
                "video's frames anew"
            )
        if image.suffix.lower() in JPEG_SUFFIXES:
            _refuse_damaged_jpeg(image)


def _refuse_damaged_jpeg(image: Path) -> None:
    decoder = av.CodecContext.create("mjpeg", "r")
    decoder.options = {"err_detect": "explode"}
    try:
        for packet in (av.Packet(image.read_bytes()), None):
            decoder.decode(packet)
    except av.InvalidDataError:
        raise VideoDecodeError(
            f"{image}: is damaged inside; extract the video's frames anew"
        ) from None
    except av.FFmpegError:
        return  # a kind of JPEG that FFmpeg does not know; Pillow has read it
