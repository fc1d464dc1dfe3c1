"""Reports: tables of several grids as Markdown, CSV and one HTML page."""

from collections.abc import Sequence
from pathlib import Path

from experiments.grid.grid_file import Grid
from experiments.grid.report.page import as_page
from experiments.grid.report.tables import as_csv, as_markdown
from experiments.grid.results import table_lines

__all__ = ["write_report"]


def write_report(grids: Sequence[Grid], runs: Path, output: Path) -> list[Path]:
    """Write a report.

    Args:
        grids: The tables.
        runs: Folder of all run folders.
        output: The files' path without ending.

    Returns:
        The files.
    """
    tables = [(grid, table_lines(grid, runs)) for grid in grids]
    output.parent.mkdir(parents=True, exist_ok=True)
    texts = {".md": as_markdown(tables), ".csv": as_csv(tables), ".html": as_page(tables)}
    files = []
    for ending, text in texts.items():
        file = output.with_name(output.name + ending)
        file.write_text(text)
        files.append(file)
    return files
