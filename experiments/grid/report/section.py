"""A section of a report: a table with everything that is said about its rows."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path

from experiments.grid.grid_file import Grid
from experiments.grid.report.baseline import Comparison, compare_rows
from experiments.grid.report.costs import Costs, costs_of_rows
from experiments.grid.results import ReportLine, report_lines


@dataclass(frozen=True)
class Section:
    """A grid with its results.

    Attributes:
        grid: The grid.
        lines: A line for each row and protocol.
        comparisons: (row, protocol) -> its comparison with the baseline, of a grid with one.
        costs: Row -> what it costs, of a study of one's own or a grid with a baseline.
    """

    grid: Grid
    lines: Sequence[ReportLine]
    comparisons: Mapping[tuple[str, str], Comparison] = field(default_factory=dict)
    costs: Mapping[str, Costs] = field(default_factory=dict)

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
    section = Section(grid, report_lines(grid, runs_dir))
    if not section.is_study:
        return section
    return Section(
        grid,
        section.lines,
        compare_rows(grid, section.lines, runs_dir),
        costs_of_rows(grid, section.lines, runs_dir),
    )
