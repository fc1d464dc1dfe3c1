"""Reads one image file as a frame."""

import io
import math
from pathlib import Path
from typing import BinaryIO, Final

import numpy as np
from numpy.typing import NDArray
from PIL import Image, ImageOps, UnidentifiedImageError

from datamodules.decoding.containers.file_bytes import FileBytes
from datamodules.decoding.open_file import TRANSIENT, cannot_be_opened, read_content
from datamodules.errors import VideoAccessError, VideoDecodeError

FORMATS: Final = ("JPEG", "PNG", "BMP", "WEBP")
"""Pillow's names. Told by the content, whatever the file is called; Pillow knows further formats,
some of which start other programs (EPS runs Ghostscript)."""

DEEP_MODES: Final = {"I;16", "I;16L", "I;16B", "I;16N", "I"}
"""Grey with 16 bits a pixel; Pillow itself reduces colours to 8 bits."""

REMEDY: Final = "extract the frames of the video again"


def read_image(path: Path, file: FileBytes) -> NDArray[np.uint8]:
    """Read an image upright, as EXIF tells, uint8 0-255, (H, W, 3).

    Grey is repeated in three channels, palettes and CMYK become RGB, transparency is dropped, and
    of 16-bit samples the upper 8 bits are kept.

    Raises:
        VideoAccessError: If the file cannot be read now.
        VideoDecodeError: If the image is damaged, too large, or in another format.
    """
    try:
        return _decode(io.BytesIO(read_content(path, file)))
    except VideoDecodeError:
        raise
    except MemoryError:
        raise VideoAccessError(f"{path}: does not fit into memory") from None
    except (Image.DecompressionBombError, Image.DecompressionBombWarning):
        raise VideoDecodeError(
            f"{path}: claims more pixels than an image of a video has; {REMEDY}"
        ) from None
    except Exception as error:  # damaged images raise almost any error in Pillow
        if isinstance(error, OSError) and error.errno in TRANSIENT:
            raise cannot_be_opened(path, error) from None
        raise VideoDecodeError(f"{path}: does not decode ({_reason(error)}); {REMEDY}") from None


def _decode(stream: BinaryIO) -> NDArray[np.uint8]:
    with Image.open(stream, formats=FORMATS) as image:
        if image.width * image.height > (Image.MAX_IMAGE_PIXELS or math.inf):
            raise Image.DecompressionBombError
        ImageOps.exif_transpose(image, in_place=True)
        if image.mode in DEEP_MODES:
            grey = (np.asarray(image) >> 8).clip(0, 255).astype(np.uint8)
            return np.repeat(grey[:, :, None], 3, axis=2)
        return np.asarray(image.convert("RGB"))


def _reason(error: Exception) -> str:
    if isinstance(error, UnidentifiedImageError):
        return f"it is none of {', '.join(FORMATS)}"
    return str(error) or type(error).__name__
