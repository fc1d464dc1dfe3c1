"""One experiment from start to finish: fit, then test under several protocols; resumable."""

import json
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from experiments.command_line import main
from experiments.run_folder import holds_run
from lightning_modules.callbacks.metrics_file import FILE_NAME


def run_experiment(
    config: str | Path,
    run_dir: str | Path,
    protocols: Sequence[str],
    overrides: Sequence[str] = (),
) -> dict[str, Any]:
    """Fit an experiment and test its last checkpoint; what is finished is not done again.

    Args:
        config: The experiment's YAML.
        run_dir: The run folder. An interrupted fit in it goes on from its last checkpoint.
        protocols: Test protocols, such as ``1x1``.
        overrides: Further command-line arguments, the same for all subcommands.

    Returns:
        The run's metrics.json.
    """
    common = ["--config", str(config), "--run_dir", str(run_dir), *overrides]
    missing = untested_protocols(run_dir, protocols)
    if missing:
        main(["fit", *common, *(["--ckpt_path", "last"] if holds_run(Path(run_dir)) else [])])
    for name in missing:
        main(["test", *common, "--ckpt_path", "last", f"--data.protocol={name}"])
    return read_metrics(run_dir)


def read_metrics(run_dir: str | Path) -> dict[str, Any]:
    """Read a run folder's metrics.json; empty where there is none yet."""
    file = Path(run_dir) / FILE_NAME
    return json.loads(file.read_text()) if file.is_file() else {}


def untested_protocols(run_dir: str | Path, protocols: Sequence[str]) -> list[str]:
    """List the protocols that a run has no result for."""
    metrics = read_metrics(run_dir)
    return [name for name in protocols if f"test_{name}" not in metrics]


def count_earlier_runs(run_dir: Path, protocols: Sequence[str]) -> int:
    """Count the finished runs among ``run_dir``, ``run_dir-2``, ``run_dir-3``, ..."""
    count = 0
    while not untested_protocols(numbered(run_dir, count), protocols):
        count += 1
    return count


def numbered(run_dir: Path, earlier: int) -> Path:
    """Name the folder of the run that comes after ``earlier`` ones."""
    return run_dir if earlier == 0 else run_dir.with_name(f"{run_dir.name}-{earlier + 1}")
