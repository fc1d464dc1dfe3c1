"""Checks the configuration of every row before anything runs."""

from collections.abc import Sequence
from pathlib import Path

from experiments.cli.configuration import find_mistake
from experiments.grid.runs import expand
from experiments.grid.table import Grid
from lightning_modules import RunError


def refuse_wrong_rows(
    grids: Sequence[tuple[Grid, Sequence[str]]], runs_dir: Path, flags: Sequence[str]
) -> None:
    """Build the configuration of each row, with one seed, as train.py will.

    Args:
        grids: Grids, each with the labels of its rows.
        runs_dir: Folder of all run folders.
        flags: The user's further arguments of every run.

    Raises:
        RunError: If train.py would refuse a row, such as one with a misspelt override.
    """
    right: set[str] = set()
    for grid, labels in grids:
        for label in labels:
            for name, run in expand([(grid, [label])], [0], runs_dir, flags).items():
                if name not in right and (
                    mistake := find_mistake(["fit", *run.common_arguments()])
                ):
                    raise RunError(f"{grid.file}, row {label}: {mistake}")
                right.add(name)
