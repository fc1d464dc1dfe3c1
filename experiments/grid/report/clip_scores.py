"""The scores of every test clip by a row's trainings, for paired comparisons between rows."""

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from experiments.fuse import Scores, fuse_files, read_scores
from experiments.grid.report.paired import Correct
from experiments.grid.results import ReportLine, found_seeds
from experiments.grid.runs import row_runs
from experiments.grid.table import Grid, Row
from lightning_modules import RunError
from lightning_modules.metrics import label_ranks


@dataclass(frozen=True)
class ClipScores:
    """The scores of N clips by S trainings of one row.

    Attributes:
        seeds: The seeds of the trainings, (S,).
        paths: The clips, sorted, (N,).
        labels: Their classes, (N,).
        scores: (S, N, K).
        class_names: The K classes.
    """

    seeds: tuple[int, ...]
    paths: tuple[str, ...]
    labels: Tensor
    scores: Tensor
    class_names: tuple[str, ...]

    @property
    def correct(self) -> Correct:
        """Return whether each training classified each clip correctly, (S, N)."""
        ranks = torch.stack([label_ranks(scores, self.labels) for scores in self.scores])
        found: Correct = (ranks == 0).numpy()
        return found

    def within(self, classes: Sequence[str]) -> "ClipScores":
        """Keep the clips and the scores of some classes: a forced choice between them.

        Raises:
            RunError: If there is no such class.
        """
        if unknown := [name for name in classes if name not in self.class_names]:
            raise RunError(f"no class {unknown[0]!r}; there are {', '.join(self.class_names)}")
        numbers = torch.tensor([self.class_names.index(name) for name in classes])
        rows = torch.isin(self.labels, numbers).nonzero().flatten()
        labels = (self.labels[rows, None] == numbers).int().argmax(dim=1)
        paths = tuple(self.paths[row] for row in rows.tolist())
        scores = self.scores[:, rows][:, :, numbers]
        return ClipScores(self.seeds, paths, labels, scores, tuple(classes))


def read_clip_scores(grid: Grid, row: Row, protocol: str, runs_dir: Path) -> ClipScores | None:
    """Read the saved predictions of all trainings of a row that have them.

    The runs of ``repeat_over``, such as the folds of a cross-validation, together make one
    training, and so do the members of an ensemble, whose scores are added; a seed counts once all
    of them are finished.

    Returns:
        The scores; None if no training has predictions.

    Raises:
        RunError: If the trainings have predicted different clips, a clip is in two folds, or a
            clip has no label.
    """
    trainings: dict[int, Scores] = {}
    for seed in found_seeds(grid, row, runs_dir):
        runs = row_runs(grid, row, seed, runs_dir)
        found = [run.predictions_of_last(grid.predict_split, protocol) for run in runs]
        files = [file for file in found if file is not None]
        if len(files) == len(runs):
            parts = [fuse_files(files)] if row.ensemble else [read_scores(file) for file in files]
            trainings[seed] = _join(row, parts)
    if not trainings:
        return None
    first = next(iter(trainings.values()))
    for seed, one in trainings.items():
        same = (one.paths, one.class_names) == (first.paths, first.class_names)
        if not same or not torch.equal(one.labels, first.labels):
            raise RunError(
                f"row {row.label}: seed {seed} predicted other clips than seed "
                f"{next(iter(trainings))}; delete the runs of one list"
            )
    scores = torch.stack([one.scores for one in trainings.values()])
    names = tuple(first.class_names)
    return ClipScores(tuple(trainings), tuple(first.paths), first.labels, scores, names)


def scores_of_lines(
    grid: Grid, lines: Sequence[ReportLine], runs_dir: Path
) -> dict[tuple[str, str], ClipScores]:
    """Read the scores of the lines all of whose results have saved predictions.

    Args:
        grid: The table.
        lines: Its lines.
        runs_dir: Folder of all run folders.

    Returns:
        (row, protocol) -> scores.
    """
    found = {}
    for line in lines:
        try:
            scores = read_clip_scores(grid, line.row, line.protocol, runs_dir)
        except RunError:  # such as a damaged file; the row's results say so if they need it
            continue
        if scores is not None and scores.seeds == tuple(one.seed for one in line.results):
            found[line.row.label, line.protocol] = scores
    return found


def rows_of_other_weights(grid: Grid, lines: Sequence[ReportLine], runs_dir: Path) -> list[str]:
    """List the rows with saved predictions that are not of their runs' last checkpoints.

    Args:
        grid: The table.
        lines: Its lines.
        runs_dir: Folder of all run folders.
    """
    found = [
        line.row.label
        for line in lines
        for one in line.results
        for run in row_runs(grid, line.row, one.seed, runs_dir)
        if run.has_only_other_predictions(grid.predict_split, line.protocol)
    ]
    return list(dict.fromkeys(found))


def _join(row: Row, folds: Sequence[Scores]) -> Scores:
    """Put the clips of all folds into one table, sorted by path."""
    if any(fold.class_names != folds[0].class_names for fold in folds):
        raise RunError(f"row {row.label}: its runs have different classes")
    paths = [path for fold in folds for path in fold.paths]
    labels = torch.cat([fold.labels for fold in folds])
    order = sorted(range(len(paths)), key=paths.__getitem__)
    if len(set(paths)) < len(paths):
        raise RunError(f"row {row.label}: a clip is tested by two of its runs")
    if (labels < 0).any():
        raise RunError(f"row {row.label}: {paths[int(labels.argmin())]} has no label")
    scores = torch.cat([fold.scores for fold in folds])
    return Scores([paths[i] for i in order], labels[order], scores[order], folds[0].class_names)
