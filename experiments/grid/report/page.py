"""The HTML page of a report: tables and plots in one self-contained file."""

from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, FileSystemLoader, StrictUndefined

from experiments.grid.report import overview
from experiments.grid.report.plots import plots
from experiments.grid.report.remarks import remarks
from experiments.grid.report.section import Section
from experiments.grid.report.tables import datasets, headings, legend, rows_of, title
from experiments.grid.results import ReportLine

PLOT_LEGEND = (
    "In the plots, filled marks are ours, hollow ones the papers'; GFLOPs and throughput are the "
    "papers'."
)
STUDY_PLOT_LEGEND = (
    "In the plots, dots are seeds and bars their mean; differences whose interval excludes 0 are "
    "blue, the others grey."
)
TEMPLATE = "page.html"
TEXT_COLUMNS = {"row", "protocol", "seeds", "videos", "commit", "settings", "table", "data"}
"""Columns that are aligned to the left."""


def as_page(sections: Sequence[Section]) -> str:
    """Write all tables and plots as one page."""
    environment = Environment(
        loader=FileSystemLoader(Path(__file__).parent),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        keep_trailing_newline=True,
    )
    return environment.get_template(TEMPLATE).render(
        title=title(sections),
        legend=legend(sections),
        plot_legend=_plot_legend(sections),
        text_columns=TEXT_COLUMNS,
        overview={
            "title": overview.TITLE,
            "legend": overview.LEGEND,
            "headings": overview.HEADINGS,
            "rows": overview.overview(sections),
        },
        sections=[_section(section) for section in sections],
        zip=zip,
    )


def _plot_legend(sections: Sequence[Section]) -> str:
    parts = [PLOT_LEGEND] if any(section.grid.paper for section in sections) else []
    parts += [STUDY_PLOT_LEGEND] if any(section.is_study for section in sections) else []
    return " ".join(parts)


def _section(section: Section) -> dict[str, Any]:
    lines = section.lines
    return {
        "name": section.grid.name,
        "title": section.grid.title,
        "datasets": datasets(lines),
        "headings": headings(section),
        "rows": [
            {"kind": _kind(line), "name": line.row.name, "texts": texts}
            for line, texts in zip(lines, rows_of(section), strict=True)
        ],
        "remarks": remarks(section),
        "plots": plots(section),
    }


def _kind(line: ReportLine) -> str:
    """Return the CSS class of a row."""
    return "measured" if line.results else "quoted" if line.row.quoted else "unrun"
