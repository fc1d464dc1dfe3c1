"""What the rows of a study cost: parameters, multiply-adds, minutes of training."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean

from experiments.benchmark.model_counts import count_clip
from experiments.grid.results import ReportLine
from experiments.grid.runs import row_runs
from experiments.grid.state import read_record
from experiments.grid.table import Grid
from experiments.session import Run
from lightning_modules import RunError
from lightning_modules.checkpoints.provenance import KEY
from lightning_modules.checkpoints.run_folder import RunFolder
from lightning_modules.checkpoints.trained_network import read_checkpoint, recognizer_arguments

MILLION = 1e6


@dataclass(frozen=True)
class Costs:
    """The costs of a row; None where they are not known.

    Attributes:
        parameters: In millions.
        gigamacs: 10^9 multiply-adds of one view, at the crop size of the training.
        minutes: Of one fit, with its validations, as this machine or cluster took: the mean over
            the seeds.
    """

    parameters: float | None
    gigamacs: float | None
    minutes: float | None


def costs_of_rows(grid: Grid, lines: Sequence[ReportLine], runs_dir: Path) -> dict[str, Costs]:
    """Find the costs of the rows that have results.

    Args:
        grid: The table.
        lines: Its lines.
        runs_dir: Folder of all run folders.

    Returns:
        Row -> costs; rows without a run of their own are left out.
    """
    found: dict[str, Costs] = {}
    for line in lines:
        label = line.row.label
        if not line.results or line.row.ensemble or label in found:
            continue
        seeds = [one.seed for one in line.results]
        runs = [run for seed in seeds for run in row_runs(grid, line.row, seed, runs_dir)]
        found[label] = Costs(*_network(runs[0]), _minutes(runs))
    return found


def _minutes(runs: Sequence[Run]) -> float | None:
    records = [read_record(run) for run in runs]
    known = [record.fit_seconds for record in records if record and record.fit_seconds]
    return fmean(known) / 60 if known else None


def _network(run: Run) -> tuple[float | None, float | None]:
    """Count parameters and multiply-adds of the network in a run's last checkpoint."""
    try:
        content = read_checkpoint(RunFolder(run.run_dir).checkpoint("last"))
        taken = content[KEY]["input"]
        counts = count_clip(
            lambda: recognizer_arguments(content)["network"],
            taken["num_segments"],
            taken["crop_size"],
        )
    except (RunError, RuntimeError):  # no usable checkpoint; an operation lacks the meta device
        return None, None
    return counts.parameters / MILLION, counts.total
