"""The HTML page of a report: tables and plots in one self-contained file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from experiments.grid.grid_file import Grid
from experiments.grid.report.plots import plots
from experiments.grid.report.remarks import remarks
from experiments.grid.report.tables import LEGEND, TITLE, Tables, datasets, headings, rows_of
from experiments.grid.results import ReportLine

TEMPLATE = "page.html"
TEXT_COLUMNS = {"row", "protocol", "seeds", "videos", "commit"}
"""Columns that are aligned to the left."""


def as_page(tables: Tables) -> str:
    """Write all tables and plots as one page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(TEMPLATE).render(
        title=TITLE,
        legend=LEGEND,
        text_columns=TEXT_COLUMNS,
        sections=[_section(grid, lines) for grid, lines in tables],
        zip=zip,
    )


def _section(grid: Grid, lines: Sequence[ReportLine]) -> dict[str, Any]:
    return {
        "name": grid.name,
        "title": grid.title,
        "datasets": datasets(lines),
        "headings": headings(lines),
        "rows": [
            {"kind": _kind(line), "name": line.row.name, "texts": texts}
            for line, texts in zip(lines, rows_of(lines), strict=True)
        ],
        "remarks": remarks(lines),
        "plots": plots(lines),
    }


def _kind(line: ReportLine) -> str:
    """Return the CSS class of a row."""
    return "measured" if line.results else "quoted" if line.row.quoted else "unrun"
