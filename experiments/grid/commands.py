"""list | run | report: the command line of grids.

argparse parses it, not jsonargparse as for train.py: unknown flags go to train.py, and
jsonargparse cannot pass unknown flags on.
"""

import argparse
import importlib
import shlex
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.table import Table

from datamodules.prepare.parser import OneLineParser
from datamodules.user_path import path_argument
from experiments.grid.check import refuse_wrong_rows
from experiments.grid.grid_file import find_grid, read_grid, shipped_grids
from experiments.grid.interruption import termination_as_interrupt
from experiments.grid.launcher import Launcher
from experiments.grid.listing import list_grids
from experiments.grid.local_launcher import LocalLauncher
from experiments.grid.report import write_report
from experiments.grid.report.section import read_section
from experiments.grid.report.tables import FURTHER, headings, rows_of
from experiments.grid.runner import Runner
from experiments.grid.runs import expand
from experiments.grid.state import refuse_other_configurations, refuse_other_flags
from experiments.grid.table import Grid
from experiments.session import Run
from lightning_modules import RunError
from lightning_modules.stop_signals import INTERRUPTED

REPORT_ONLY = {"commit", *FURTHER.values()}
"""Columns of results that are not printed after a run; reports have them."""

LOG_WIDTH = 300
"""Characters of a line of a table where there is no terminal."""


def main(args: list[str] | None = None) -> None:
    """Run one command.

    Raises:
        RunError: If a grid, a row or an option is wrong.
    """
    options, flags = _parser().parse_known_args(args)
    if flags and not flags[0].startswith("-"):
        raise RunError(f"{flags[0]}: flags for train.py come last, or as --flag=value")
    if flags and options.command == "report":
        raise RunError(f"{flags[0]}: only run and list take further flags, which go to train.py")
    grids = [read_grid(file) for file in _grid_files(options.grids)]
    if options.command == "list":
        list_grids(grids, options.runs, flags)
        if not options.grids:
            print("These are the grids that come with the code; name the file of your own study.")
    elif options.command == "report":
        for file in write_report(grids, options.runs, options.output or options.runs / "report"):
            print(file)
    else:
        run_grids(grids, options, flags)


def _grid_files(names: list[str]) -> list[Path]:
    if names == ["papers"]:
        return [file for file in shipped_grids() if "_table" in file.stem]
    return [find_grid(name) for name in names] or shipped_grids()


def _parser() -> argparse.ArgumentParser:
    parser = OneLineParser(
        prog="python -m experiments.grid",
        description="The papers' tables: run their rows, watch them, report the results.",
    )
    commands = parser.add_subparsers(dest="command", required=True)
    texts = {
        "list": "show every table and row: state and top-1 of each seed, and the command",
        "run": "train and test rows; finished ones are skipped, interrupted ones are resumed",
        "report": "write Markdown, CSV and an HTML page: paper, ours, difference",
    }
    for name, text in texts.items():
        command = commands.add_parser(name, help=text, description=text)
        number = "+" if name == "run" else "*"
        command.add_argument(
            "grids",
            nargs=number,
            help="names such as teinet_table1a, files, or papers for all tables of both papers",
        )
        command.add_argument(
            "--runs",
            type=path_argument,
            default="runs",
            help="folder of run folders; default: runs",
        )
        if name == "run":
            _add_run_options(command)
        if name == "report":
            command.add_argument(
                "--output",
                type=path_argument,
                help="files to write, without suffix; default: report in the folder of --runs",
            )
    return parser


def _add_run_options(run: argparse.ArgumentParser) -> None:
    run.epilog = "Any other flag goes to train.py for every row, such as --trainer.precision."
    run.add_argument("--rows", nargs="+", metavar="LABEL", help="default: all rows")
    run.add_argument("--seeds", type=int, nargs="+", default=[0], help="default: 0")
    run.add_argument(
        "--jobs", type=int, help="runs at once; default: one for each GPU, or one on the CPU"
    )
    run.add_argument("--gpus-per-run", type=int, default=1, help="on each machine; default: 1")
    run.add_argument(
        "--nodes-per-run", type=int, default=1, help="machines of a run, under SLURM; default: 1"
    )
    run.add_argument("--launcher", choices=["local", "slurm"], default="local")
    run.add_argument(
        "--slurm",
        nargs="+",
        default=[],
        metavar="NAME=VALUE",
        help="sbatch's parameters, as submitit names them: partition=gpu time=2880",
    )
    run.add_argument(
        "--dry-run",
        action="store_true",
        help="check the configuration of every row, and print what would be run",
    )
    run.add_argument(
        "--allow-other-flags",
        action="store_true",
        help="resume, or count as finished, runs that were started with other flags for train.py",
    )


def run_grids(grids: Sequence[Grid], options: argparse.Namespace, flags: list[str]) -> None:
    """Run rows of grids and print their results.

    Args:
        grids: The grids.
        options: The options of ``run``.
        flags: Further flags for train.py.

    Raises:
        RunError: If an option is wrong, or a run did not finish.
    """
    chosen = _choose(grids, options.rows)
    if options.jobs is not None and options.jobs < 1:
        raise RunError(f"--jobs {options.jobs}: must be at least 1")
    if options.gpus_per_run < 1:
        raise RunError(f"--gpus-per-run {options.gpus_per_run}: must be at least 1")
    flags = [*flags, *_machines(options)]
    runs = expand(chosen, options.seeds, options.runs, flags)
    refuse_other_configurations(runs.values())
    if not options.allow_other_flags:
        refuse_other_flags(runs.values())
    refuse_wrong_rows(chosen, options.runs, flags)
    if options.dry_run:
        _print_plan(runs, options)
        return
    console = Console() if sys.stdout.isatty() else Console(width=LOG_WIDTH)
    runner = Runner(runs, _launcher(options), console)
    try:
        with termination_as_interrupt():
            finished = runner.execute()
    except KeyboardInterrupt:
        console.print("Stopped. The same command continues from the last checkpoints.")
        sys.exit(INTERRUPTED)
    for grid, labels in chosen:
        _print_results(console, grid, labels, options.runs)
    if not finished:
        _print_reasons(console, runner)
        names = ", ".join(name for name, one in runner.progress.items() if one.state != "finished")
        raise RunError(
            f"not finished: {names}; the reasons are above; the same command tries them again"
        )


def _print_reasons(console: Console, runner: Runner) -> None:
    for name, one in runner.progress.items():
        if one.state != "finished":
            console.print(f"{name}: {one.state}: {one.message}", markup=False, soft_wrap=True)


def _machines(options: argparse.Namespace) -> list[str]:
    """Give the flags of train.py for runs that use several machines."""
    if options.nodes_per_run < 1:
        raise RunError(f"--nodes-per-run {options.nodes_per_run}: must be at least 1")
    if options.nodes_per_run == 1:
        return []
    if options.launcher != "slurm":
        raise RunError("--nodes-per-run: several machines need --launcher slurm")
    return [
        f"--trainer.num_nodes={options.nodes_per_run}",
        f"--trainer.devices={options.gpus_per_run}",
    ]


def _choose(grids: Sequence[Grid], wanted: list[str] | None) -> list[tuple[Grid, list[str]]]:
    """List each grid's rows to run."""
    runnable = {
        grid.name: [label for label, row in grid.rows.items() if not row.quoted] for grid in grids
    }
    names = ", ".join(str(grid.file) for grid in grids)
    for label in wanted or []:
        if not any(label in grid.rows for grid in grids):
            known = ", ".join(dict.fromkeys(label for grid in grids for label in grid.rows))
            raise RunError(f"{names}: has no row {label}; it has {known}")
        if not any(label in labels for labels in runnable.values()):
            raise RunError(f"{names}: the paper only quotes {label}; there is nothing to run")
    return [
        (grid, [label for label in runnable[grid.name] if wanted is None or label in wanted])
        for grid in grids
    ]


def _launcher(options: argparse.Namespace) -> Launcher:
    if options.launcher == "local":
        return LocalLauncher(options.jobs, options.gpus_per_run)
    slurm_launcher = _import_slurm_launcher()
    slurm_launcher.require_slurm()
    return slurm_launcher.SlurmLauncher(_executor(options), options.jobs)


def _import_slurm_launcher() -> Any:
    """Import the SLURM launcher only when needed: submitit is optional."""
    try:
        return importlib.import_module("experiments.grid.slurm_launcher")
    except ModuleNotFoundError as error:
        raise RunError(f"--launcher slurm needs submitit, see requirements.txt: {error}") from None


def _executor(options: argparse.Namespace) -> Any:
    parameters: dict[str, Any] = {}
    for text in options.slurm:
        name, equals, value = text.partition("=")
        if not equals:
            raise RunError(f"--slurm {text}: write NAME=VALUE, such as partition=gpu")
        parameters[name] = int(value) if value.isdigit() else value
    folder = options.runs / "grid" / "slurm"
    return _import_slurm_launcher().slurm_executor(
        folder, parameters, options.gpus_per_run, options.nodes_per_run
    )


def _print_plan(runs: dict[str, Run], options: argparse.Namespace) -> None:
    for run in runs.values():
        steps = run.missing_steps()
        details = f", after {run.pretraining.name}" if run.pretraining else ""
        details += f", {options.gpus_per_run} GPUs visible" if options.gpus_per_run > 1 else ""
        print(f"# {run.name}{details}{'' if steps else ': finished'}")
        for arguments in steps:
            print(shlex.join(["python", "train.py", *arguments]))
        if steps and options.launcher == "slurm":
            print(_import_slurm_launcher().sbatch_script(_executor(options), run))


def _print_results(console: Console, grid: Grid, labels: list[str], runs_dir: Path) -> None:
    section = read_section(grid, runs_dir)
    chosen = [
        text
        for line, text in zip(section.lines, rows_of(section), strict=True)
        if line.row.label in labels
    ]
    names = [name for name in headings(section) if name not in REPORT_ONLY]
    table = Table(title=escape(grid.title))
    rows = [dict(zip(headings(section), texts, strict=True)) for texts in chosen]
    used = [name for name in names if any(row[name] for row in rows)]
    for name in used:
        table.add_column(escape(name), overflow="fold")
    for row in rows:
        table.add_row(*(escape(row[name]) for name in used))
    console.print(table)
