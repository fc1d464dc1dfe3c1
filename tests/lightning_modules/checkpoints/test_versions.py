"""The git commit of the running code."""

import subprocess
from pathlib import Path

from lightning_modules.checkpoints.versions import UNKNOWN, git_commit


def git(folder: Path, *arguments: str) -> str:
    identity = ["-c", "user.name=a", "-c", "user.email=a@b.c"]
    command = ["git", *identity, *arguments]
    return subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True).stdout


def test_a_commit_with_changed_files_is_dirty(tmp_path: Path) -> None:
    git(tmp_path, "init", "--quiet")
    (tmp_path / "code.py").write_text("1\n")
    git(tmp_path, "add", "code.py")
    git(tmp_path, "commit", "--quiet", "-m", "first")
    commit = git(tmp_path, "rev-parse", "HEAD").strip()
    (tmp_path / "notes.txt").write_text("not tracked\n")
    assert git_commit(tmp_path) == commit
    git_commit.cache_clear()
    (tmp_path / "code.py").write_text("2\n")
    assert git_commit(tmp_path) == f"{commit}-dirty"


def test_outside_git_the_commit_is_unknown(tmp_path: Path) -> None:
    assert git_commit(tmp_path) == UNKNOWN
