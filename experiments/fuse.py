"""Adds the scores of several prediction files of the same videos: ensembles such as 16 + 8 frames.

python -m experiments.fuse runs/a/predictions/val_1x1.pt runs/b/predictions/val_1x1.pt
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from statistics import fmean
from typing import Any, Literal, get_args

import torch
from torch import Tensor

from experiments.submission import Version, write_submission
from experiments.user_errors import user_errors
from lightning_modules import RunError

Kind = Literal["logits", "softmax"]
KEYS = {"paths", "labels", "scores", "class_names"}


@dataclass(frozen=True)
class Scores:
    """Scores of n videos for K classes.

    Attributes:
        paths: The videos.
        labels: Their classes, (n,), -1 where unknown.
        scores: Logits or, fused so, sums of probabilities, (n, K).
        class_names: The classes.
    """

    paths: list[str]
    labels: Tensor
    scores: Tensor
    class_names: list[str]

    def accuracy(self, k: int) -> float:
        """Give the share of the labelled videos whose class is among the k best, 0-1.

        Raises:
            RunError: If no video has a label.
        """
        known = self.labels >= 0
        if not known.any():
            raise RunError("the videos have no labels; only a submission can be made of them")
        best = self.scores[known].topk(min(k, len(self.class_names))).indices
        return float((best == self.labels[known, None]).any(dim=1).float().mean())


def read_scores(file: Path) -> Scores:
    """Read a prediction file.

    Raises:
        RunError: If it is missing or not one.
    """
    if not file.is_file():
        raise RunError(f"{file}: no such file; python train.py predict writes predictions/*.pt")
    try:
        table: Any = torch.load(file, weights_only=True, map_location="cpu")
    except Exception:
        table = None
    if not isinstance(table, dict) or not table.keys() >= KEYS:
        raise RunError(f"{file}: not a prediction file; python train.py predict writes them")
    return Scores(**{key: table[key] for key in KEYS})


def fuse_files(
    files: Sequence[Path], weights: Sequence[float] | None = None, kind: Kind = "logits"
) -> Scores:
    """Add the scores of the same videos.

    Args:
        files: Prediction files.
        weights: Of the files; None for the same of all.
        kind: Whether ``logits`` are added or ``softmax`` probabilities; the papers say neither.

    Raises:
        RunError: If they are not of the same videos, classes and labels.
    """
    tables = [read_scores(file) for file in files]
    first = tables[0]
    order = {path: row for row, path in enumerate(first.paths)}
    fused = torch.zeros_like(first.scores, dtype=torch.float64)
    for file, table, weight in zip(files, tables, weights or [1.0] * len(files), strict=True):
        _require_same(files[0], first, file, table)
        rows = torch.tensor([order[path] for path in table.paths])
        scores = table.scores.double()
        if kind == "softmax":
            scores = scores.softmax(dim=1)
        fused[rows] += weight * scores
    return Scores(first.paths, first.labels, fused, first.class_names)


def _require_same(first_file: Path, first: Scores, file: Path, table: Scores) -> None:
    if table.class_names != first.class_names:
        raise RunError(f"{file}: has other classes than {first_file}, or in another order")
    if len(set(table.paths)) < len(table.paths):
        raise RunError(f"{file}: has a video twice")
    if odd := set(table.paths) ^ set(first.paths):
        raise RunError(
            f"{file} and {first_file}: only one of them has {min(odd)}; predict the same split"
        )
    labels = dict(zip(first.paths, first.labels.tolist(), strict=True))
    for path, label in zip(table.paths, table.labels.tolist(), strict=True):
        if label != labels[path]:
            raise RunError(f"{file} and {first_file}: differ in the label of {path}")


def main(args: list[str] | None = None) -> None:
    """Fuse, print the accuracy, write what was asked for."""
    options = _read_arguments(args)
    if options.mean:
        for k in (1, 5):
            shares = [read_scores(file).accuracy(k) for file in options.files]
            single = ", ".join(f"{100 * share:.2f}" for share in shares)
            print(f"top-{k} {100 * fmean(shares):.2f} %, the mean of {single}")
        return
    if options.weights and len(options.weights) != len(options.files):
        raise RunError(f"--weights: {len(options.weights)} for {len(options.files)} files")
    fused = fuse_files(options.files, options.weights, options.kind)
    if (fused.labels >= 0).any():
        top1, top5 = (100 * fused.accuracy(k) for k in (1, 5))
        print(f"top-1 {top1:.2f} %, top-5 {top5:.2f} %, {len(fused.paths)} videos")
    if options.output:
        torch.save(vars(fused), options.output)
    if options.submission:
        version, file = options.submission[0], Path(options.submission[1])
        if version not in get_args(Version):
            raise RunError(f"--submission {version}: write v1 or v2, then the file")
        rows = write_submission(file, fused.paths, fused.scores, fused.class_names, version)
        print(f"{file}: {rows} videos")


def _read_arguments(args: list[str] | None) -> argparse.Namespace:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("files", nargs="+", type=Path, help="predictions/*.pt of the same videos")
    parser.add_argument("--weights", type=float, nargs="+", help="of the files; default: the same")
    parser.add_argument("--kind", choices=get_args(Kind), default="logits", help="what is added")
    parser.add_argument(
        "--mean",
        action="store_true",
        help="fuse nothing: the mean accuracy of files of different videos, such as three splits",
    )
    parser.add_argument("--output", type=Path, help="write the fused scores here, as a .pt")
    parser.add_argument(
        "--submission",
        nargs=2,
        metavar=("v1|v2", "FILE"),
        help="write a file for the test server of Something-Something V1 or V2",
    )
    return parser.parse_args(args)


if __name__ == "__main__":
    with user_errors():
        main()
