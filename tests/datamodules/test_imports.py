"""`datamodules` knows nothing of networks, of their training or of experiments."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]


def test_importing_datamodules_brings_in_no_other_package_of_this_repository() -> None:
    program = "import json, sys, datamodules; print(json.dumps(list(sys.modules)))"
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    imported = {name.partition(".")[0] for name in json.loads(finished.stdout)}
    assert "datamodules" in imported
    assert not imported & {"models", "lightning_modules", "experiments", "train"}
