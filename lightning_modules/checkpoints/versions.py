"""Which software is running: versions of the libraries, and the git commit of this project."""

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
    return {**{package: _version(package) for package in PACKAGES}, "commit": git_commit()}


@cache
def git_commit(folder: Path = Path(__file__).parent) -> str:
    """Name the commit of the code in a folder, once in a process.

    Args:
        folder: A folder of the code.

    Returns:
        The commit, with ``-dirty`` where tracked files differ from it; ``unknown`` outside git.
    """
    try:
        commit = _git(folder, "rev-parse", "HEAD")
        changed = _git(folder, "status", "--porcelain", "--untracked-files=no")
    except (OSError, subprocess.SubprocessError):
        return UNKNOWN
    return f"{commit}-dirty" if changed else commit


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return UNKNOWN


def _git(folder: Path, *arguments: str) -> str:
    finished = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True, timeout=30
    )
    return finished.stdout.strip()
