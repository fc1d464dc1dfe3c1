"""One experiment from start to finish: fit, then tests and predictions; resumable."""

import json
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from experiments.cli.command_line import main
from lightning_modules.checkpoints.run_folder import RunFolder


@dataclass(frozen=True)
class Experiment:
    """A training and what is made of it.

    Attributes:
        configs: YAMLs, later ones over earlier ones.
        run_dir: The run folder.
        protocols: Test protocols, such as ``1x1``.
        overrides: Further command-line arguments, the same for all subcommands.
        predictions: Split and protocol of the prediction files that are wanted.
    """

    configs: tuple[Path, ...]
    run_dir: Path
    protocols: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    predictions: tuple[tuple[str, str], ...] = ()

    def common_arguments(self) -> list[str]:
        """List what all subcommands are given."""
        configs = [f"--config={config}" for config in self.configs]
        return [*configs, f"--run_dir={self.run_dir}", *self.overrides]

    def missing_steps(self) -> list[list[str]]:
        """List the arguments of ``train.py`` for what is not done; a broken fit is resumed."""
        common = self.common_arguments()
        last = "--ckpt_path=last"
        steps = [
            ["test", *common, last, f"--data.protocol={name}"]
            for name in untested_protocols(self.run_dir, self.protocols)
        ]
        steps += [
            ["predict", *common, last, f"--data.protocol={name}", f"--data.predict_split={split}"]
            for split, name in self.predictions
            if not self.prediction_file(split, name).is_file()
        ]
        if not steps:
            return []
        resume = [last] if RunFolder(self.run_dir).has_checkpoint() else []
        return [["fit", *common, *resume], *steps]

    def prediction_file(self, split: str, protocol: str) -> Path:
        """Name the tensors that ``predict`` leaves."""
        return RunFolder(self.run_dir).predictions(split, protocol)


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
    experiment = Experiment((Path(config),), Path(run_dir), tuple(protocols), tuple(overrides))
    for arguments in experiment.missing_steps():
        main(arguments)
    return read_metrics(run_dir)


def read_metrics(run_dir: str | Path) -> dict[str, Any]:
    """Read a run folder's metrics.json; empty where there is none yet."""
    file = RunFolder(Path(run_dir)).metrics
    return json.loads(file.read_text()) if file.is_file() else {}


def untested_protocols(run_dir: str | Path, protocols: Sequence[str]) -> list[str]:
    """List the protocols that a run has no result for; none counts before the fit has ended."""
    metrics = read_metrics(run_dir)
    return [name for name in protocols if not {"train", f"test_{name}"} <= metrics.keys()]


def count_earlier_runs(run_dir: Path, protocols: Sequence[str]) -> int:
    """Count the finished runs among ``run_dir``, ``run_dir-2``, ``run_dir-3``, ..."""
    count = 0
    while not untested_protocols(numbered(run_dir, count), protocols):
        count += 1
    return count


def numbered(run_dir: Path, earlier: int) -> Path:
    """Name the folder of the run that comes after ``earlier`` ones."""
    return run_dir if earlier == 0 else run_dir.with_name(f"{run_dir.name}-{earlier + 1}")
