"""From rows to runs: what is to be trained, once, however many tables show it."""

import itertools
import json
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

from experiments.grid.grid_file import Grid, Row
from experiments.session import Experiment
from lightning_modules import RunError

PRETRAIN_PROTOCOL = "1x1"
RESERVED = ("--run_dir", "--seed_everything", "--ckpt_path")


@dataclass(frozen=True)
class Job:
    """A training with its tests and predictions.

    Attributes:
        name: Of its run folder.
        experiment: What is run.
        after: Name of the job whose checkpoint it starts from.
        flags: The user's further arguments, which are no part of the row.
    """

    name: str
    experiment: Experiment
    after: str | None = None
    flags: tuple[str, ...] = ()


def runs_of(row: Row, seed: int, runs: Path) -> list[Job]:
    """List a row's runs with one seed: one, or one for each value that it is repeated over.

    Rows with the same configs, overrides and pretraining share a run, in whichever table they are.

    Args:
        row: A row that is neither quoted nor an ensemble.
        seed: The seed.
        runs: Folder of all run folders.
    """
    combinations = itertools.product(*row.repeat_over.values())
    return [
        _job(row, {**row.overrides, **dict(zip(row.repeat_over, values, strict=True))}, seed, runs)
        for values in combinations
    ]


def expand(
    grids: Sequence[tuple[Grid, Sequence[str]]],
    seeds: Sequence[int],
    runs: Path,
    extra: Sequence[str] = (),
) -> dict[str, Job]:
    """List all runs of the rows of grids, what others start from first.

    Args:
        grids: Grids, each with the labels of its rows to run.
        seeds: The seeds.
        runs: Folder of all run folders.
        extra: Further command-line arguments of every run.

    Raises:
        RunError: If two different runs would have one folder, or an argument is not the user's.
    """
    for argument in extra:
        if argument.partition("=")[0] in RESERVED:
            raise RunError(f"{argument}: each run of a grid has its own; see --runs and --seeds")
    jobs: dict[str, Job] = {}
    for grid, labels in grids:
        for seed, label in itertools.product(seeds, labels):
            for job in _needed(grid, grid.rows[label], seed, runs):
                jobs[job.name] = _merge(jobs[job.name], job) if job.name in jobs else job
    return {name: _complete(job, extra, runs) for name, job in jobs.items()}


def row_jobs(grid: Grid, row: Row, seed: int, runs: Path) -> list[Job]:
    """List what a row's result is made of: its own runs, or an ensemble's with its predictions."""
    if row.quoted:
        return []
    if not row.ensemble:
        return runs_of(row, seed, runs)
    files = tuple((grid.predict_split, protocol) for protocol in row.protocols)
    return [
        replace(job, experiment=replace(job.experiment, predictions=files))
        for label in row.ensemble
        for job in runs_of(grid.rows[label], seed, runs)
    ]


def _needed(grid: Grid, row: Row, seed: int, runs: Path) -> Iterator[Job]:
    """List a row's jobs, each after what it starts from."""
    for member in [grid.rows[label] for label in row.ensemble] or [row]:
        if member.pretrain:
            yield _pretraining(member, seed, runs)
    yield from row_jobs(grid, row, seed, runs)


def _complete(job: Job, extra: Sequence[str], runs: Path) -> Job:
    """Add everybody's arguments, and the weights last: no argument may replace them."""
    overrides = (*job.experiment.overrides, *extra)
    if job.after is not None:
        checkpoint = runs / job.after / "checkpoints" / "last.ckpt"
        overrides += (f"--model.network.weights={checkpoint}",)
    experiment = replace(job.experiment, overrides=overrides)
    return replace(job, experiment=experiment, flags=tuple(extra))


def _pretraining(row: Row, seed: int, runs: Path) -> Job:
    name = f"{_stem(row.pretrain)}-seed{seed}"
    overrides = (f"--seed_everything={seed}",)
    return Job(name, Experiment(row.pretrain, runs / name, (PRETRAIN_PROTOCOL,), overrides))


def _job(row: Row, overrides: Mapping[str, Any], seed: int, runs: Path) -> Job:
    words = [f"{key.rpartition('.')[2]}_{_word(overrides[key])}" for key in sorted(overrides)]
    arguments = [f"--{key}={as_argument(overrides[key])}" for key in sorted(overrides)]
    after = None
    if row.pretrain:
        after = _pretraining(row, seed, runs).name
        words.append(f"from_{_stem(row.pretrain)}")
    name = "-".join([_stem(row.base), *words, f"seed{seed}"])
    arguments.append(f"--seed_everything={seed}")
    return Job(name, Experiment(row.base, runs / name, row.protocols, tuple(arguments)), after)


def _merge(one: Job, other: Job) -> Job:
    first, second = one.experiment, other.experiment
    if (first.configs, first.overrides) != (second.configs, second.overrides):
        raise RunError(
            f"two different rows would run in {first.run_dir}: {' '.join(first.overrides)} and "
            f"{' '.join(second.overrides)}; rename a config"
        )
    protocols = tuple(dict.fromkeys(first.protocols + second.protocols))
    predictions = tuple(dict.fromkeys(first.predictions + second.predictions))
    experiment = replace(first, protocols=protocols, predictions=predictions)
    return replace(one, experiment=experiment)


def as_argument(value: Any) -> str:
    """Write a value of an override for the command line."""
    return value if isinstance(value, str) else json.dumps(value)


def _word(value: Any) -> str:
    return re.sub(r"[^a-z0-9.]+", "_", as_argument(value).lower()).strip("_")


def _stem(configs: Sequence[Path]) -> str:
    return "-".join(config.stem for config in configs)
