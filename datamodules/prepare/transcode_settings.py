"""Format, size and quality of transcoded copies."""

from dataclasses import dataclass
from typing import Literal

from datamodules.errors import DataError

MAX_CRF = 51
MAX_JPEG_QUALITY = 100


@dataclass(frozen=True)
class TranscodeSettings:
    """Format, size and quality of copies; these hold every frame, upright, without sound.

    Args:
        format: ``h264`` for .mp4 files, ``jpeg`` for folders of images ``000001.jpg``.
        short_side: Largest short side of a copy, pixels; smaller videos keep their size. Sides of
            h264 are even.
        crf: Constant rate factor of h264, 0 (lossless) to 51. At 20, copies of Kinetics clips of
            340x256 have a PSNR of 39 dB against the source and 1.6 times its bytes; clips are read
            5-9 times faster.
        keyframe_interval: Frames from one keyframe of h264 to the next, at most. Smaller values
            make reading faster and files larger: about 1.2 times the bytes at 4, 0.9 times at 12.
        jpeg_quality: Quality of jpeg, 1-100. At 95, the copies have 43 dB and 12 times the bytes;
            clips are read 8-18 times faster.
    """

    format: Literal["h264", "jpeg"] = "h264"
    short_side: int = 256
    crf: int = 20
    keyframe_interval: int = 8
    jpeg_quality: int = 95

    def __post_init__(self) -> None:
        """Refuse impossible values."""
        if self.short_side < 2 or self.keyframe_interval < 1:
            raise DataError("short_side must be at least 2 pixels, keyframe_interval at least 1")
        if not 0 <= self.crf <= MAX_CRF:
            raise DataError(f"crf={self.crf} must be in 0-{MAX_CRF}")
        if not 1 <= self.jpeg_quality <= MAX_JPEG_QUALITY:
            raise DataError(f"jpeg_quality={self.jpeg_quality} must be in 1-{MAX_JPEG_QUALITY}")

    @property
    def suffix(self) -> str:
        """Return the file ending of copies; folders have none."""
        return ".mp4" if self.format == "h264" else ""

    @property
    def pixel_format(self) -> str:
        """Return FFmpeg's name of the pixel format."""
        return "yuv420p" if self.format == "h264" else "rgb24"

    @property
    def encoder_options(self) -> dict[str, str]:
        """Return x264's options.

        Measured on Kinetics clips: ``fastdecode`` (no CABAC, no deblocking) halves the time to read
        a clip for an eighth more bytes; single B-frames, which a reader skips unless they are
        wanted, save as many bytes and some more time.
        """
        return {
            "preset": "medium",
            "tune": "fastdecode",
            "crf": str(self.crf),
            "g": str(self.keyframe_interval),
            "bf": "1",
            "b_strategy": "0",
            "refs": "1",
        }

    def fit(self, width: int, height: int) -> tuple[int, int]:
        """Return the width and height of a copy; never larger than the source."""
        scale = min(1.0, self.short_side / min(width, height))
        step = 2 if self.format == "h264" else 1
        return _round(width * scale, step), _round(height * scale, step)


def _round(length: float, step: int) -> int:
    """Round down to a multiple of ``step``, and up only for errors of floating point."""
    return max(step, int(length / step + 1e-6) * step)
