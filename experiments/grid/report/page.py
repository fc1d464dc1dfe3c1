"""The HTML page of a report: tables and plots in one file that needs no other."""

from collections.abc import Sequence
from html import escape

from experiments.grid.grid_file import Grid
from experiments.grid.report.svg import Point, scatter
from experiments.grid.report.tables import LEGEND, Tables, datasets, headings, remarks, rows_of
from experiments.grid.results import Line

STYLE = """
body { font: 15px/1.45 system-ui, sans-serif; max-width: 72rem; margin: 2rem auto; padding: 0 1rem;
  color: #1a1a1a; background: #fff; }
table { border-collapse: collapse; margin: .8rem 0; display: block; overflow-x: auto; }
th, td { padding: .25rem .6rem; border-bottom: 1px solid #ddd; text-align: left; }
td.number { text-align: right; font-variant-numeric: tabular-nums; }
tr.quoted, tr.unrun { color: #777; }
.plots { display: flex; flex-wrap: wrap; gap: 1rem; }
svg { width: 32rem; max-width: 100%; height: auto; border: 1px solid #eee; }
svg text { font: 11px system-ui, sans-serif; fill: #333; }
svg .title { font-weight: 600; font-size: 13px; text-anchor: middle; }
svg .middle { text-anchor: middle; } svg .end { text-anchor: end; }
svg .label { font-size: 9.5px; fill: #555; }
svg .axis { stroke: #333; fill: none; } svg .grid { stroke: #eee; }
svg .equal { stroke: #999; stroke-dasharray: 4 4; } svg .bar { stroke: #1f5fa8; }
svg .ours { fill: #1f5fa8; stroke: #1f5fa8; } svg .paper { fill: #fff; stroke: #c2560a; }
"""
TEXT_COLUMNS = {"row", "protocol", "seeds", "videos", "commit"}


def as_page(tables: Tables) -> str:
    """Write all tables and plots as one page."""
    links = "".join(
        f'<li><a href="#{escape(grid.name)}">{escape(grid.title)}</a></li>' for grid, _ in tables
    )
    body = "\n".join(_section(grid, lines) for grid, lines in tables)
    return (
        '<!doctype html>\n<html lang="en"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width"><title>Results</title>'
        f"<style>{STYLE}</style></head><body>\n<h1>Results beside the papers'</h1>\n"
        f"<p>{escape(LEGEND)} In the plots, filled marks are ours, hollow ones the papers'; "
        f"GFLOPs and throughput are the papers'.</p>\n<ul>{links}</ul>\n{body}\n</body></html>\n"
    )


def _section(grid: Grid, lines: Sequence[Line]) -> str:
    names = headings(lines)
    head = "".join(f"<th>{escape(name)}</th>" for name in names)
    rows = "\n".join(
        _row(line, names, texts) for line, texts in zip(lines, rows_of(lines), strict=True)
    )
    items = "".join(f"<li>{escape(remark)}</li>" for remark in remarks(lines))
    return (
        f'<h2 id="{escape(grid.name)}">{escape(grid.title)}</h2>\n'
        f"<p>{escape(datasets(lines))}</p>\n<table><thead><tr>{head}</tr>"
        f"</thead><tbody>\n{rows}\n</tbody></table>\n{f'<ul>{items}</ul>' if items else ''}\n"
        f'<div class="plots">{"".join(plots(lines))}</div>'
    )


def _row(line: Line, names: Sequence[str], texts: Sequence[str]) -> str:
    kind = "" if line.measured else "quoted" if line.row.quoted else "unrun"
    parts = []
    for name, text in zip(names, texts, strict=True):
        number = "" if name in TEXT_COLUMNS else ' class="number"'
        parts.append(f"<td{number}>{escape(text)}</td>")
    return f'<tr class="{kind}" title="{escape(line.row.name)}">{"".join(parts)}</tr>'


def plots(lines: Sequence[Line]) -> list[str]:
    """Draw what a table's figures allow, each data set by itself."""
    drawn = []
    for dataset in dict.fromkeys(line.row.dataset for line in lines):
        some = [line for line in lines if line.row.dataset == dataset]
        by_gflops = [point for line in some for point in _points(line, line.gflops)]
        by_speed = [point for line in some for point in _points(line, line.paper("throughput"))]
        pairs = [
            Point(both[1], both[0], line.row.label, True, line.spread("top1") or 0.0)
            for line in some
            if (both := line.both("top1"))
        ]
        where = f"{dataset}: top-1 against" if dataset else "top-1 against"
        if by_gflops:
            title = "GFLOPs of all views of a video"
            drawn.append(
                scatter(by_gflops, f"{where} GFLOPs", title, "top-1, %", logarithmic_x=True)
            )
        if by_speed:
            title = "videos per second, as the paper prints"
            drawn.append(scatter(by_speed, f"{where} throughput", title, "top-1, %"))
        if pairs:
            same = all(line.comparable for line in some)
            labels = ("top-1 of the paper, %", "ours, %")
            drawn.append(scatter(pairs, f"{where} the paper's", *labels, diagonal=same))
    return drawn


def _points(line: Line, x: float | None) -> list[Point]:
    if x is None:
        return []
    points = []
    paper, measured = line.paper("top1"), line.ours("top1")
    if measured is not None:
        points.append(Point(x, measured, line.row.label, True, line.spread("top1") or 0.0))
    if paper is not None and line.comparable:
        points.append(Point(x, paper, line.row.label, False))
    return points
