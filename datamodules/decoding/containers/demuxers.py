"""The containers that are read, by FFmpeg's names, and how truncation of each is found.

FFmpeg also knows formats that open other files or network addresses: playlists (HLS, DASH, IMF,
ffconcat), scripts, numbered images, session descriptions. Those are not in the list.
"""

from collections.abc import Callable
from typing import Final

from datamodules.decoding.containers import (
    asf,
    avi,
    flash,
    gif,
    iso_media,
    matroska,
    mpeg,
    ogg,
    png,
    sequences,
)
from datamodules.decoding.containers.file_bytes import FileBytes

CHECKS: Final[dict[str, Callable[[FileBytes], str | None]]] = {
    "apng": png.find_missing_part,
    "asf": asf.find_missing_part,
    "avi": avi.find_missing_part,
    "flv": flash.find_missing_part,
    "gif": gif.find_missing_part,
    "jpeg_pipe": sequences.find_cut_jpeg,
    "matroska": matroska.find_missing_part,
    "mjpeg": sequences.find_cut_jpeg,
    "mov": iso_media.find_missing_part,
    "mpeg": mpeg.find_cut_pack,
    "mpegts": mpeg.find_cut_packet,
    "ogg": ogg.find_missing_part,
    "yuv4mpegpipe": sequences.find_cut_y4m_frame,
}
UNCHECKED: Final = {
    *("amv", "av1", "cavsvideo", "dhav", "dirac", "dnxhd", "dv", "gxf", "h261", "h263", "h264"),
    *("hevc", "ivf", "kux", "live_flv", "m4v", "mjpeg_2000", "mpegvideo"),
    *("mxf", "nsv", "nut", "obu", "pva", "rm", "vc1", "vc1test", "vvc", "wtv", "xmv"),
}
"""Read as well, but only FFmpeg's own marks tell that something is missing."""
SOUND: Final = {"aac", "flac", "mp3", "wav"}
"""Opened as well: it can then be said that there is no video in them."""

WHITELIST: Final = ",".join(sorted({*CHECKS, *UNCHECKED, *SOUND}))


def find_missing_part(container: str, file: FileBytes) -> str | None:
    """Say what is missing of a file, or return None.

    Args:
        container: FFmpeg's name of the container, which may be several, with commas.
        file: The file.
    """
    checks = (CHECKS.get(name) for name in container.split(","))
    return next((missing for check in checks if check and (missing := check(file))), None)
