"""Which software is running."""

import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("torch", "torchvision", "pytorch-lightning", "av")
UNKNOWN = "unknown"


@cache
def versions() -> dict[str, str]:
    """Give the versions of what decides results, and this project's commit, where known.

    A commit that ends in ``-dirty`` had changes beside it.
    """
    return {**{package: _version(package) for package in PACKAGES}, "commit": _commit()}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return UNKNOWN


def _commit() -> str:
    root = Path(__file__).resolve().parent.parent
    if not (root / ".git").exists():  # a copy without history, perhaps inside another project
        return UNKNOWN
    command = ["git", "describe", "--always", "--dirty", "--abbrev=40", "--exclude=*"]
    try:
        finished = subprocess.run(
            command, cwd=root, capture_output=True, text=True, check=True, timeout=10
        )
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    return finished.stdout.strip()
