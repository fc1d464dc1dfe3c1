"""Runs a grid: rows that differ from one base experiment by a few overrides.

python -m experiments.grid run experiments/grids/moving_shapes.yaml --seeds 0 1
"""

import argparse
import json
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml

from experiments.command_line import user_errors
from experiments.results_table import ResultRow, as_markdown, print_table
from experiments.session import run_experiment
from experiments.strict_yaml import load_strictly
from lightning_modules import RunError

TABLE = "table.md"
KEYS = {"base", "protocols", "rows"}


@dataclass(frozen=True)
class Grid:
    """A grid file.

    Attributes:
        name: The file's name.
        base: The base experiment's YAML.
        protocols: Test protocols of every row.
        rows: Label -> dotted overrides.
    """

    name: str
    base: Path
    protocols: list[str]
    rows: dict[str, dict[str, Any]]

    def overrides(self, label: str, seed: int) -> list[str]:
        """Write a row's overrides as command-line arguments."""
        row = {**self.rows[label], "seed_everything": seed}
        return [f"--{key}={_as_argument(value)}" for key, value in row.items()]


def read_grid(file: Path) -> Grid:
    """Read a grid file.

    Raises:
        RunError: If the file or its base is missing, or a key is unknown, missing or given twice.
    """
    if not file.is_file():
        raise RunError(f"{file}: no such grid; see experiments/grids/")
    try:
        content = load_strictly(file.read_text())
    except yaml.YAMLError as error:
        raise RunError(f"{file}: {' '.join(str(error).split())}") from None
    if not isinstance(content, dict) or set(content) != KEYS:
        raise RunError(f"{file}: a grid has the keys {', '.join(sorted(KEYS))}, and no others")
    rows = content["rows"]
    if not isinstance(rows, dict) or not all(isinstance(row, dict) for row in rows.values()):
        raise RunError(f"{file}: rows map a label to its overrides, {{}} for none")
    if not isinstance(content["protocols"], list):
        raise RunError(f"{file}: protocols is a list, such as [1x1]")
    base = file.parent.parent / content["base"]
    if not base.is_file():
        raise RunError(f"{file}: its base {base} does not exist")
    return Grid(file.stem, base, content["protocols"], rows)


def run_grid(
    grid: Grid, labels: list[str], runs: Path, seeds: list[int], extra: list[str]
) -> list[ResultRow]:
    """Run rows for all seeds; finished ones are only read.

    Args:
        grid: The grid.
        labels: Its rows to run.
        runs: Folder for the grid's run folders, ``<label>-seed<seed>``.
        seeds: Seeds.
        extra: Further command-line arguments for every row.

    Returns:
        One row per label, seed and protocol.
    """
    results = []
    for label in labels:
        for seed in seeds:
            metrics = run_experiment(
                grid.base,
                runs / f"{label.lower()}-seed{seed}",
                grid.protocols,
                [*grid.overrides(label, seed), *extra],
            )
            results += [
                ResultRow(label, seed, name, metrics[f"test_{name}"]) for name in grid.protocols
            ]
    return results


def main(args: list[str] | None = None) -> None:
    """Run a grid and write its table."""
    parser = argparse.ArgumentParser(description=__doc__)
    commands = parser.add_subparsers(dest="command", required=True)
    run = commands.add_parser(
        "run",
        help="train and test every row; resumable",
        epilog="Any other flag goes to train.py for every row, such as --trainer.max_epochs 4.",
    )
    run.add_argument("grid", type=Path, help="a file of experiments/grids/")
    run.add_argument("--rows", nargs="+", metavar="LABEL", help="default: all rows")
    run.add_argument("--seeds", type=int, nargs="+", default=[0], help="default: 0")
    run.add_argument("--runs", type=Path, default=None, help="default: runs/<grid>")
    options, extra = parser.parse_known_args(args)
    grid = read_grid(options.grid)
    labels = options.rows or list(grid.rows)
    if unknown := set(labels) - set(grid.rows):
        raise RunError(f"{options.grid}: has no row {', '.join(unknown)}; it has {list(grid.rows)}")
    runs = options.runs or Path("runs") / grid.name
    results = run_grid(grid, labels, runs, options.seeds, extra)
    (runs / TABLE).write_text(as_markdown(results))
    print_table(grid.name, results)


def _as_argument(value: Any) -> str:
    return value if isinstance(value, str) else json.dumps(value)


if __name__ == "__main__":
    with user_errors():
        main()
