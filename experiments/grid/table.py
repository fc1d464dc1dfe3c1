"""A table: its rows, and how each is run."""

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any


@dataclass(frozen=True)
class Row:
    """A row of a table.

    Attributes:
        label: Its name in commands, unique in its grid.
        name: Its name in the paper.
        dataset: The data set of its training and tests.
        figures_dataset: The data set of the paper's figures. It differs from ``dataset`` if a
            table is repeated on other data; then only the order of the rows can be compared.
        base: The configs that it starts from; values of later ones replace those of earlier ones.
        overrides: Dotted key -> value; they replace values of the configs.
        protocols: Its test protocols; the paper's figures belong to the first.
        figures: The paper's figures: top1, top5 and test_top1 in per cent; params in millions;
            gflops of one view, with the number of ``views`` (null if the paper does not print
            it), or of all views if ``views`` is left out; latency in ms; throughput in videos
            per second; backbone, pretrain and frames as printed.
        note: A remark that a reader of the figures needs.
        quoted: Whether the paper quotes the row from another work; such a row is not run.
        ensemble: Labels of the rows whose scores are added.
        repeat_over: Dotted key -> values; the row is run with each, its result is the mean.
        pretrain: Configs of the run whose last checkpoint provides the row's initial weights.
    """

    label: str
    name: str
    dataset: str
    figures_dataset: str
    base: tuple[Path, ...] = ()
    overrides: Mapping[str, Any] = field(default_factory=dict)
    protocols: tuple[str, ...] = ()
    figures: Mapping[str, Any] = field(default_factory=dict)
    note: str = ""
    quoted: bool = False
    ensemble: tuple[str, ...] = ()
    repeat_over: Mapping[str, list[Any]] = field(default_factory=dict)
    pretrain: tuple[Path, ...] = ()


@dataclass(frozen=True)
class Grid:
    """A table.

    Attributes:
        file: Its YAML file.
        paper: The paper; empty for a study of one's own.
        table: The table's number in the paper; empty likewise.
        caption: The table's caption.
        predict_split: The split whose predictions ensembles use: the one that ``test`` evaluates.
        predictions: Whether every run saves its predictions of that split, for paired comparisons.
        rows: The rows by label, in the paper's order.
        baseline: Label of the row that reports compare the others with; empty for none.
    """

    file: Path
    paper: str
    table: str
    caption: str
    predict_split: str
    predictions: bool
    rows: Mapping[str, Row]
    baseline: str = ""

    @property
    def name(self) -> str:
        """Return its name in commands."""
        return self.file.stem

    @property
    def title(self) -> str:
        """Return its title in reports."""
        return f"{self.paper}, table {self.table}: {self.caption}" if self.paper else self.caption
