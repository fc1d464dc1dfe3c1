"""Tells by their names which files are videos, images, or system files."""

import os
import re

VIDEO_SUFFIXES = frozenset(
    {
        *(".3g2", ".3gp", ".asf", ".avi", ".divx", ".dv", ".f4v", ".flv", ".m2t", ".m2ts", ".m2v"),
        *(".m4v", ".mkv", ".mov", ".mp4", ".mpe", ".mpeg", ".mpg", ".mts", ".mxf", ".ogm", ".ogv"),
        *(".qt", ".ts", ".vob", ".webm", ".wmv"),
    }
)
"""Endings of videos, in lower case. A .gif is usually a preview of the video beside it, so it is
not included; a csv may list files of any ending."""

IMAGE_SUFFIXES = frozenset({".jpeg", ".jpg", ".png"})

_SYSTEM_NAME = re.compile(
    r"\..*"  # Unix, also macOS's ._name of each file
    r"|__macosx|network trash folder|temporary items"  # macOS
    r"|\$recycle\.bin|system volume information|found\.\d{3}|thumbs\.db|desktop\.ini"
    r"|@(eadir|tmp|recycle|recently-snapshot|sharebin|__thumb|syno.*)|#(recycle|snapshot)"  # NAS
    r"|~snapshot|lost\+found|__pycache__",
    re.IGNORECASE,
)


def has_video_suffix(name: str) -> bool:
    """Whether a file name ends like a video's, in upper or lower case."""
    return os.path.splitext(name)[1].lower() in VIDEO_SUFFIXES


def has_image_suffix(name: str) -> bool:
    """Whether a file name ends like that of a JPEG or PNG image."""
    return os.path.splitext(name)[1].lower() in IMAGE_SUFFIXES


def is_system_name(name: str) -> bool:
    """Whether a file or folder is hidden or made by an operating system, NAS or tool."""
    return _SYSTEM_NAME.fullmatch(name) is not None
