"""Which software is running."""

from functools import cache
from importlib.metadata import PackageNotFoundError, version

from lightning_modules.code_version import UNKNOWN, git_commit

PACKAGES = ("torch", "torchvision", "pytorch-lightning", "av")


@cache
def versions() -> dict[str, str]:
    """Give the versions of what decides results, and this project's commit, where known.

    A commit that ends in ``-dirty`` had changes beside it.
    """
    return {**{package: _version(package) for package in PACKAGES}, "commit": git_commit()}


def _version(package: str) -> str:
    try:
        return version(package)
    except PackageNotFoundError:
        return UNKNOWN
