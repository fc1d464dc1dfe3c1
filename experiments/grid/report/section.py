"""A section of a report: a table with everything that is said about its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from experiments.grid.report.baseline import Comparison, compare_rows
from experiments.grid.report.clip_scores import rows_of_other_weights, scores_of_lines
from experiments.grid.report.costs import Costs, costs_of_rows
from experiments.grid.report.rank_agreement import Agreement, agreements
from experiments.grid.results import ReportLine, other_runs, report_lines, unrecorded_seeds
from experiments.grid.table import Grid


@dataclass(frozen=True)
class Section:
    """A grid with its results.

    Attributes:
        grid: The grid.
        lines: A line for each row and protocol.
        agreements: How well our order agrees with the paper's, for each data set.
        comparisons: (row, protocol) -> its comparison with the baseline, of a grid with one.
        costs: Row -> what it costs, of a study of one's own or a grid with a baseline.
        of_other_weights: Rows whose saved predictions are not of their last checkpoints.
        of_other_configurations: Row -> a folder with a run of another configuration, which does
            not count, and one difference.
        unrecorded: Rows with runs whose records do not state their configuration.
    """

    grid: Grid
    lines: Sequence[ReportLine]
    agreements: Sequence[Agreement] = ()
    comparisons: Mapping[tuple[str, str], Comparison] = field(default_factory=dict)
    costs: Mapping[str, Costs] = field(default_factory=dict)
    of_other_weights: Sequence[str] = ()
    of_other_configurations: Mapping[str, str] = field(default_factory=dict)
    unrecorded: Sequence[str] = ()

    @property
    def is_study(self) -> bool:
        """Whether rows are compared with each other, and not only with a paper."""
        return bool(self.grid.baseline) or not self.grid.paper


def read_section(grid: Grid, runs_dir: Path) -> Section:
    """Collect the results of a grid.

    Args:
        grid: The grid.
        runs_dir: Folder of all run folders.
    """
    lines = report_lines(grid, runs_dir)
    scores = scores_of_lines(grid, lines, runs_dir)
    section = Section(
        grid,
        lines,
        agreements(lines, scores),
        of_other_configurations={
            label: text
            for label, row in grid.rows.items()
            for text in other_runs(grid, row, runs_dir).values()
        },
        unrecorded=[
            label for label, row in grid.rows.items() if unrecorded_seeds(grid, row, runs_dir)
        ],
    )
    if not section.is_study:
        return section
    return replace(
        section,
        comparisons=compare_rows(grid, lines, scores),
        costs=costs_of_rows(grid, lines, runs_dir),
        of_other_weights=rows_of_other_weights(grid, lines, runs_dir),
    )
