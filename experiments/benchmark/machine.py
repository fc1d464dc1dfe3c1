"""The conditions of a measurement: machine, threads, versions and date."""

import platform
import sys
from datetime import date
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

import av
import torch

from datamodules.cores import available_cores

CPU_FILE = Path("/proc/cpuinfo")


def describe_machine(*packages: str) -> dict[str, str]:
    """Describe the machine and the software in words.

    Args:
        packages: Further packages whose versions are listed.
    """
    facts = {
        "CPU": f"{cpu_name()}, {available_cores()} cores available",
        "threads": f"torch {torch.get_num_threads()}",
        "torch": torch.__version__,
        "av": f"{av.__version__} with {_ffmpeg()}",
    }
    facts |= {name: _described(name) for name in packages}
    return facts | {"date": date.today().isoformat()}


def cpu_name() -> str:
    """Return the name of the processor."""
    if CPU_FILE.is_file():
        for line in CPU_FILE.read_text().splitlines():
            if line.startswith("model name"):
                return line.partition(":")[2].strip()
    return platform.processor() or platform.machine()


def installed_version(package: str) -> str | None:
    """Return a package's version; None if it is not installed."""
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _described(package: str) -> str:
    found = installed_version(package) or "not installed"
    # torchcodec uses the FFmpeg of the system and reports its version.
    ffmpeg = getattr(sys.modules.get(package), "ffmpeg_major_version", None)
    return f"{found} with FFmpeg {ffmpeg}" if ffmpeg else found


def _ffmpeg() -> str:
    numbers = ".".join(map(str, av.library_versions["libavcodec"]))
    return f"FFmpeg's libavcodec {numbers}"
