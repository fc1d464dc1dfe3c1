"""The git commit of the code that runs, stored with results."""

import subprocess
from functools import cache
from pathlib import Path

UNKNOWN = "unknown"


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


def _git(folder: Path, *arguments: str) -> str:
    finished = subprocess.run(
        ["git", *arguments], cwd=folder, check=True, capture_output=True, text=True, timeout=30
    )
    return finished.stdout.strip()
