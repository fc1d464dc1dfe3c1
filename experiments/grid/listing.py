"""The list of grids: every row with the state and score of each seed, and its command."""

import shlex
from collections.abc import Sequence
from pathlib import Path

from rich.console import Console
from rich.markup import escape

from experiments.grid.grid_file import find_grid
from experiments.grid.results import found_seeds, other_runs, read_result, row_state
from experiments.grid.runner import STYLES
from experiments.grid.runs import row_runs
from experiments.grid.state import recorded_flags
from experiments.grid.table import Grid, Row
from lightning_modules import RunError

USUAL_RUNS = Path("runs")
NOTE = "  # with the flags of its runs"
"""Behind a command with recorded flags; a shell takes it for a comment."""


def list_grids(grids: Sequence[Grid], runs_dir: Path, flags: Sequence[str]) -> None:
    """Print the rows of grids.

    Args:
        grids: The grids.
        runs_dir: Folder of all run folders.
        flags: The user's further arguments, for the commands of what has not been run yet; other
            runs can only be continued with the flags of their records.
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
            others = other_runs(grid, row, runs_dir)
            parts += [f"seed {seed}: another configuration" for seed in others]
            commands = [] if row.quoted else _commands(grid, name, row, runs_dir, flags)
            text = "  ".join([*parts, *commands[:1]]).rstrip()
            console.print(f"  {colour}{state:8}[/]  {escape(text)}")
            for command in commands[1:]:  # of seeds that have other flags
                console.print(f"  {'':8}  {escape(command)}")
            for text in others.values():
                console.print(f"  {'':8}  {escape(text)}")


def _of_seed(grid: Grid, row: Row, seed: int, runs_dir: Path) -> str:
    """Write a seed's state, and its top-1 under the first protocol."""
    state = row_state(grid, row, [seed], runs_dir)
    try:
        result = read_result(grid, row, row.protocols[0], seed, runs_dir)
    except RunError:  # such as a damaged prediction file
        result = None
    return f"seed {seed}: {state if result is None else f'{result.top1:.1f} %'}"


def _commands(grid: Grid, name: str, row: Row, runs_dir: Path, flags: Sequence[str]) -> list[str]:
    """Write the commands that run the row or continue it: one for all seeds of the same flags."""
    seeds_by_flags: dict[tuple[str, ...] | None, list[int]] = {}
    for seed in found_seeds(grid, row, runs_dir) or [0]:
        recorded = recorded_flags(row_runs(grid, row, seed, runs_dir))
        seeds_by_flags.setdefault(recorded, []).append(seed)
    return [
        _command(name, row, seeds, runs_dir, flags)
        if recorded is None
        else _command(name, row, seeds, runs_dir, recorded) + (NOTE if recorded else "")
        for recorded, seeds in seeds_by_flags.items()
    ]


def _command(
    name: str, row: Row, seeds: Sequence[int], runs_dir: Path, flags: Sequence[str]
) -> str:
    command = ["python", "-m", "experiments.grid", "run", name, "--rows", row.label]
    if list(seeds) != [0]:
        command += ["--seeds", *map(str, seeds)]
    if runs_dir != USUAL_RUNS.absolute():
        command += ["--runs", str(runs_dir)]
    return shlex.join([*command, *flags])
