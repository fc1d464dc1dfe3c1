"""The list of grids: every row with the state and score of each seed, and its command."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from experiments.grid.grid_file import Grid, Row, find_grid
from experiments.grid.results import found_seeds, read_result, row_state
from experiments.grid.runner import STYLES
from lightning_modules import RunError

USUAL_RUNS = Path("runs")


def list_grids(grids: Sequence[Grid], runs_dir: Path, flags: Sequence[str]) -> None:
    """Print the rows of grids.

    Args:
        grids: The grids.
        runs_dir: Folder of all run folders.
        flags: The user's further arguments of every run, for the commands.
    """
    console = Console(soft_wrap=True, highlight=False)
    for grid in grids:
        name = grid.name if grid.file == find_grid(grid.name) else str(grid.file)
        console.print(f"[bold]{escape(grid.title)}[/]  ({escape(name)})")
        width = max(map(len, grid.rows))
        for row in grid.rows.values():
            seeds = found_seeds(grid, row, runs_dir)
            state = row_state(grid, row, seeds or [0], runs_dir)
            colour = f"[{STYLES[state]}]" if state in STYLES else "[default]"
            top1 = row.figures.get("top1")
            parts = [f"{row.label:{width}}"]
            if grid.paper:
                parts.append(f"{'' if top1 is None else f'paper {top1}':10}")
            parts += [_of_seed(grid, row, seed, runs_dir) for seed in seeds]
            if not row.quoted:
                parts.append(_command(name, row, seeds, runs_dir, flags))
            console.print(f"  {colour}{state:8}[/]  {escape('  '.join(parts).rstrip())}")


def _of_seed(grid: Grid, row: Row, seed: int, runs_dir: Path) -> str:
    """Write a seed's state, and its top-1 under the first protocol."""
    state = row_state(grid, row, [seed], runs_dir)
    try:
        result = read_result(grid, row, row.protocols[0], seed, runs_dir)
    except RunError:  # such as a damaged prediction file
        result = None
    return f"seed {seed}: {state if result is None else f'{result.top1:.1f} %'}"


def _command(
    name: str, row: Row, seeds: Sequence[int], runs_dir: Path, flags: Sequence[str]
) -> str:
    """Write the command that runs the row, or continues it, with what was asked for here."""
    command = ["python", "-m", "experiments.grid", "run", name, "--rows", row.label]
    if seeds and list(seeds) != [0]:
        command += ["--seeds", *map(str, seeds)]
    if runs_dir != USUAL_RUNS.absolute():
        command += ["--runs", str(runs_dir)]
    return shlex.join([*command, *flags])
