"""A run from start to finish: fit, then tests and predictions; what is done is not done again."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from experiments.cli.command_line import main
from lightning_modules.checkpoints.origin import has_usual_name, is_current
from lightning_modules.checkpoints.prediction_files import (
    current_predictions,
    has_only_other_predictions,
)
from lightning_modules.checkpoints.results_file import read_results
from lightning_modules.checkpoints.run_folder import RunFolder
from lightning_modules.metrics import means_top5


@dataclass(frozen=True)
class Run:
    """A training with its tests and predictions, all in one run folder.

    Attributes:
        configs: YAML files; values of later ones replace those of earlier ones.
        run_dir: The run folder.
        protocols: Test protocols, such as ``1x1``.
        overrides: Command-line arguments that belong to the experiment, given to each subcommand.
        predictions: Split and protocol of each prediction file that is wanted.
        flags: The user's own command-line arguments, given to each subcommand after ``overrides``.
        pretraining: Run folder whose last checkpoint gives the network its first weights.
        configuration: What ``configs`` and ``overrides`` state, of a run of a grid: dotted key ->
            plain value.
    """

    configs: tuple[Path, ...]
    run_dir: Path
    protocols: tuple[str, ...]
    overrides: tuple[str, ...] = ()
    predictions: tuple[tuple[str, str], ...] = ()
    flags: tuple[str, ...] = ()
    pretraining: Path | None = None
    configuration: Mapping[str, Any] = field(default_factory=dict, compare=False)

    @property
    def name(self) -> str:
        """The run folder's name."""
        return self.run_dir.name

    def common_arguments(self) -> list[str]:
        """List the arguments that all subcommands share; no flag can replace the weights."""
        configs = [f"--config={config}" for config in self.configs]
        arguments = [*configs, f"--run_dir={self.run_dir}", *self.overrides, *self.flags]
        if self.pretraining is not None:
            checkpoint = RunFolder(self.pretraining).checkpoint("last")
            arguments.append(f"--model.network.weights={checkpoint}")
        return arguments

    def missing_steps(self) -> list[list[str]]:
        """List the arguments of ``train.py`` for each step that is left.

        The fit comes first even when it has ended: it then returns at once, and an interrupted one
        is resumed.
        """
        common = self.common_arguments()
        last = "--ckpt_path=last"
        steps = [
            ["test", *common, last, f"--data.protocol={name}"]
            for name in untested_protocols(self.run_dir, self.protocols)
        ]
        steps += [
            ["predict", *common, last, f"--data.protocol={name}", f"--data.predict_split={split}"]
            for split, name in self.predictions
            if self.predictions_of_last(split, name) is None
        ]
        if not steps:
            return []
        resume = [last] if RunFolder(self.run_dir).has_checkpoint() else []
        return [["fit", *common, *resume], *steps]

    def has_only_other_predictions(self, split: str, protocol: str) -> bool:
        """Tell whether there are scores, but none of the last checkpoint."""
        return has_only_other_predictions(RunFolder(self.run_dir), split, protocol)

    def predictions_of_last(self, split: str, protocol: str) -> Path | None:
        """Find the file of scores of the last checkpoint; None if there is none."""
        return current_predictions(RunFolder(self.run_dir), split, protocol)


def run_experiment(
    config: str | Path,
    run_dir: str | Path,
    protocols: Sequence[str],
    overrides: Sequence[str] = (),
) -> dict[str, Any]:
    """Fit an experiment and test its last checkpoint; finished steps are not repeated.

    Args:
        config: The experiment's YAML.
        run_dir: The run folder. An interrupted fit in it is resumed from its last checkpoint.
        protocols: Test protocols, such as ``1x1``.
        overrides: Further command-line arguments, the same for all subcommands.

    Returns:
        The run's metrics.json.
    """
    run = Run((Path(config),), Path(run_dir), tuple(protocols), tuple(overrides))
    for arguments in run.missing_steps():
        main(arguments)
    return read_metrics(run_dir)


def read_metrics(run_dir: str | Path) -> dict[str, Any]:
    """Read a run folder's metrics.json; empty where there is none yet."""
    return read_results(RunFolder(Path(run_dir)))


def has_top5(result: Mapping[str, Any]) -> bool:
    """Tell whether the top-5 of a result says something; older ones do not state their classes."""
    return "n_classes" not in result or means_top5(result["n_classes"])


def result_of_last(run_dir: str | Path, protocol: str) -> dict[str, Any] | None:
    """Find the test of the last checkpoint in metrics.json; None if there is none.

    Tests of older weights, another checkpoint or list, or with other settings do not count.
    """
    run, usual = RunFolder(Path(run_dir)), f"test_{protocol}"
    for name, entry in read_results(run).items():
        if has_usual_name(name, usual) and is_current(run, entry):
            return entry
    return None


def untested_protocols(run_dir: str | Path, protocols: Sequence[str]) -> list[str]:
    """List the protocols without a result; all of them as long as the fit has not ended."""
    if "train" not in read_metrics(run_dir):
        return list(protocols)
    return [name for name in protocols if result_of_last(run_dir, name) is None]


def count_earlier_runs(run_dir: Path, protocols: Sequence[str]) -> int:
    """Count the finished runs among ``run_dir``, ``run_dir-2``, ``run_dir-3``, ..."""
    count = 0
    while not untested_protocols(numbered(run_dir, count), protocols):
        count += 1
    return count


def numbered(run_dir: Path, earlier: int) -> Path:
    """Name the folder of the next run, after ``earlier`` ones: ``run_dir``, ``run_dir-2``, ..."""
    return run_dir if earlier == 0 else run_dir.with_name(f"{run_dir.name}-{earlier + 1}")
