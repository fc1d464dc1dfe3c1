"""`models` is plain torch: it stands without Lightning, without video decoders, without data."""

import json
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
OUTSIDE = {
    *("pytorch_lightning", "lightning", "lightning_fabric", "torchmetrics"),
    *("av", "torchcodec", "datamodules", "lightning_modules", "experiments"),
}


def test_importing_models_brings_in_nothing_but_torch_and_torchvision() -> None:
    program = "import json, sys, models; print(json.dumps(list(sys.modules)))"
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=ROOT, capture_output=True, text=True, check=True
    )
    imported = {name.partition(".")[0] for name in json.loads(finished.stdout)}
    assert "models" in imported
    assert not imported & OUTSIDE
