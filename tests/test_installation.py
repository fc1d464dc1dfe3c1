"""`pip install -e .` makes the packages importable from any folder."""

import shutil
import subprocess
import sys
from pathlib import Path

from tests.conftest import REPOSITORY

PACKAGES = ("datamodules", "experiments", "lightning_modules", "models")
BUILD = "from setuptools import build_meta; build_meta.prepare_metadata_for_build_editable('out')"


def test_an_editable_installation_has_the_four_packages(tmp_path: Path) -> None:
    shutil.copy(REPOSITORY / "pyproject.toml", tmp_path)
    no_caches = shutil.ignore_patterns("__pycache__")
    for name in PACKAGES:
        shutil.copytree(REPOSITORY / name, tmp_path / name, ignore=no_caches)
    for name in ("tests", "out"):
        (tmp_path / name).mkdir()
    subprocess.run([sys.executable, "-c", BUILD], cwd=tmp_path, check=True, capture_output=True)
    (metadata,) = (tmp_path / "out").glob("*.dist-info")
    assert "Name: teinet-tsinet" in (metadata / "METADATA").read_text()
    assert (metadata / "top_level.txt").read_text().split() == list(PACKAGES)
