"""Turns rows into runs; a training that several tables show is run only once."""

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from experiments.grid.configuration import PRETRAINING, differences, read_configuration
from experiments.grid.table import Grid, Row
from experiments.session import Run
from lightning_modules import RunError

PRETRAIN_PROTOCOL = "1x1"
RESERVED = ("--run_dir", "--seed_everything", "--ckpt_path")


def expand(
    grids: Sequence[tuple[Grid, Sequence[str]]],
    seeds: Sequence[int],
    runs_dir: Path,
    flags: Sequence[str] = (),
) -> dict[str, Run]:
    """List all runs of the rows of grids, a pretraining before the runs that start from it.

    Args:
        grids: Grids, each with the labels of its rows to run.
        seeds: The seeds.
        runs_dir: Folder of all run folders.
        flags: The user's further command-line arguments of every run.

    Returns:
        The runs by name.

    Raises:
        RunError: If two different runs would have the same folder, or a flag is one that each run
            sets for itself.
    """
    for flag in flags:
        if flag.partition("=")[0] in RESERVED:
            raise RunError(f"{flag}: each run of a grid has its own; see --runs and --seeds")
    runs: dict[str, Run] = {}
    for grid, labels in grids:
        for seed, label in itertools.product(seeds, labels):
            for run in _with_pretraining(grid, grid.rows[label], seed, runs_dir):
                runs[run.name] = _merge(runs[run.name], run) if run.name in runs else run
    return {name: replace(run, flags=tuple(flags)) for name, run in runs.items()}


def row_runs(grid: Grid, row: Row, seed: int, runs_dir: Path) -> list[Run]:
    """List the runs that a row's result is computed from, with one seed.

    These are one run, or one for each value of ``repeat_over``; for an ensemble the runs of its
    members, with their predictions; none for a quoted row. Rows with the same configs, overrides
    and pretraining share a run, in whichever table they are.
    """
    if row.quoted:
        return []
    members = [grid.rows[label] for label in row.ensemble] or [row]
    runs = [run for member in members for run in _own_runs(member, seed, runs_dir)]
    if not (row.ensemble or grid.predictions):
        return runs
    files = tuple((grid.predict_split, protocol) for protocol in row.protocols)
    return [replace(run, predictions=files) for run in runs]


def _with_pretraining(grid: Grid, row: Row, seed: int, runs_dir: Path) -> Iterator[Run]:
    """List a row's runs, pretrainings first."""
    for member in [grid.rows[label] for label in row.ensemble] or [row]:
        if member.pretrain:
            yield _pretraining(member, seed, runs_dir)
    yield from row_runs(grid, row, seed, runs_dir)


def _own_runs(row: Row, seed: int, runs_dir: Path) -> list[Run]:
    repetitions = itertools.product(*row.repeat_over.values())
    return [
        _run(
            row,
            {**row.overrides, **dict(zip(row.repeat_over, values, strict=True))},
            seed,
            runs_dir,
        )
        for values in repetitions
    ]


def _run(row: Row, overrides: Mapping[str, Any], seed: int, runs_dir: Path) -> Run:
    words = [f"{key.rpartition('.')[2]}_{_word(overrides[key])}" for key in sorted(overrides)]
    arguments = [f"--{key}={_argument(overrides[key])}" for key in sorted(overrides)]
    arguments.append(f"--seed_everything={seed}")
    stated, pretraining = read_configuration(row.base, arguments), None
    if row.pretrain:
        first = _pretraining(row, seed, runs_dir)
        pretraining = first.run_dir
        stated |= {f"{PRETRAINING}{key}": value for key, value in first.configuration.items()}
        words.append(f"from_{_stem(row.pretrain)}")
    name = "-".join([_stem(row.base), *words, f"seed{seed}"])
    return Run(
        row.base,
        runs_dir / name,
        row.protocols,
        tuple(arguments),
        pretraining=pretraining,
        configuration=stated,
    )


def _pretraining(row: Row, seed: int, runs_dir: Path) -> Run:
    run_dir = runs_dir / f"{_stem(row.pretrain)}-seed{seed}"
    arguments = (f"--seed_everything={seed}",)
    stated = read_configuration(row.pretrain, arguments)
    return Run(row.pretrain, run_dir, (PRETRAIN_PROTOCOL,), arguments, configuration=stated)


def _merge(one: Run, other: Run) -> Run:
    if different := differences(
        one.configuration, other.configuration, ("in the first", "in the second")
    ):
        configs = (" ".join(map(str, run.configs)) for run in (one, other))
        raise RunError(
            f"two different rows would run in {one.run_dir}, of {' and '.join(configs)}: "
            f"{different[0]}; give one of them a base of another name"
        )
    protocols = tuple(dict.fromkeys(one.protocols + other.protocols))
    predictions = tuple(dict.fromkeys(one.predictions + other.predictions))
    return replace(one, protocols=protocols, predictions=predictions)


def _argument(value: Any) -> str:
    """Write a value of an override for the command line."""
    return value if isinstance(value, str) else json.dumps(value)


def _word(value: Any) -> str:
    return re.sub(r"[^a-z0-9.]+", "_", _argument(value).lower()).strip("_")


def _stem(configs: Sequence[Path]) -> str:
    return "-".join(config.stem for config in configs)
