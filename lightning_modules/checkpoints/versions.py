"""Versions of the libraries in use, and the git commit of this project."""

import subprocess
from functools import cache
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

PACKAGES = ("torch", "torchvision", "pytorch-lightning", "av")
UNKNOWN = "unknown"


@cache
def versions() -> dict[str, str]:
    """Give the versions of the packages that affect results, and this project's commit.

    Returns:
        Package -> version, and ``commit``, see `git_commit`; ``unknown`` for what is not known.
    """
    return {**{package: _version(package) for package in PACKAGES}, "commit": git_commit()}


@cache
def git_commit(folder: Path = Path(__file__).parent) -> str:
    """Read the git commit of the code in a folder, once per process.

    Args:
        folder: A folder of the code.

    Returns:
        The commit, with ``-dirty`` if tracked files differ from it; ``unknown`` outside git.
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
