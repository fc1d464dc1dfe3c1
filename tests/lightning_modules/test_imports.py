"""Arrows of the house: lightning_modules reaches networks and data through arguments only."""

import subprocess
import sys

from tests.conftest import REPOSITORY


def test_lightning_modules_import_neither_networks_nor_data() -> None:
    code = "import sys, lightning_modules; print(*sys.modules)"
    result = subprocess.run(
        [sys.executable, "-c", code], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    loaded = set(result.stdout.split())
    assert loaded.isdisjoint({"models", "datamodules", "experiments", "av"})
