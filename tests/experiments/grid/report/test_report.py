"""The report's three files."""

import csv
import re
from html.parser import HTMLParser
from pathlib import Path
from xml.etree import ElementTree

import pytest

from experiments.grid.grid_file import read_grid, shipped_grids
from experiments.grid.report import write_report
from tests.experiments.grid.conftest import HEAD, MakeGrid, write_predictions, write_result

SVG = "{http://www.w3.org/2000/svg}"
ROWS = """
  A: {figures: {top1: 45.0, top5: 80.0, gflops: 33, throughput: 10.5}, note: "5 < 6"}
  B|C: {base: other.yaml, figures: {top1: 50.0, gflops: 33, views: 30}}
  D: {base: first.yaml, figures: {top1: 55.0}}
  E: {overrides: {data.x: 1}, figures: {top1: 56.0}}
  Q: {quoted: true, figures: {top1: 60.0, gflops: 5}}
"""


@pytest.fixture
def report(make_grid: MakeGrid, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> dict[str, str]:
    """A report of three runs, one of them with two seeds, written from another working folder."""
    monkeypatch.chdir(tmp_path)
    runs = tmp_path / "runs"
    write_result(runs / "base-seed0", 0.40)
    write_result(runs / "base-seed1", 0.42)
    write_result(runs / "other-seed0", 0.5)
    write_result(runs / "first-seed0", 0.54)
    files = write_report([make_grid(ROWS)], runs, tmp_path / "docs" / "results")
    return {file.suffix: file.read_text() for file in files}


def test_markdown_has_ours_beside_the_paper_s(report: dict[str, str]) -> None:
    text = report[".md"]
    assert "| A | 1x1 | 45.0 | 41.0 ± 1.4 | -4.0 | 80.0 | 90.0 ± 0.0 | 0 1 | 1,000 |" in text
    assert "| 0123456789-dirty |" in text
    assert "| B/C | 1x1 | 50.0 | 50.0 | +0.0 |" in text
    assert "| E | 1x1 | 56.0 | not run |" in text
    assert "| Q |  | 60.0 | quoted |" in text
    assert "- A: 5 < 6." in text
    assert "| Tiny, table 1a | Shapes | 3 | +1.00 | +1.00 |  |" in text


def orders(files: list[Path]) -> tuple[str, str]:
    """Return the correlations of the first table, as Markdown and as HTML."""
    markdown, _, page = (file.read_text() for file in files)
    (line,) = re.findall(r"^\| Tiny, table 1a \| .*$", markdown, re.MULTILINE)
    (row,) = re.findall(r"<tr><td>Tiny, table 1a</td>.*?</tr>", page)
    return line, row


@pytest.fixture
def predicted(tmp_path: Path) -> Path:
    """Runs of three rows: always wrong; right with seed 1 and wrong with seed 0; always right."""
    runs, right = tmp_path / "runs", [2.0, 1.0]
    for name, correct in {"base": (0, 0), "other": (0, 1), "first": (1, 1)}.items():
        for seed, share in enumerate(correct):
            folder = runs / f"{name}-seed{seed}"
            write_result(folder, float(share))
            scores = [right if share else right[::-1]] * 20
            write_predictions(folder / "predictions" / "test_1x1.pt", scores, [0] * 20)
    return runs


THREE = """
  A: {figures: {top1: 45.0}}
  B: {base: other.yaml, figures: {top1: 50.0}}
  C: {base: first.yaml, figures: {top1: 55.0}}
"""


def test_the_correlation_with_the_paper_has_an_interval_over_clips_and_seeds(
    make_grid: MakeGrid, predicted: Path, tmp_path: Path
) -> None:
    # A resample draws B's wrong seed twice, or the right one twice, with probability 1/4 each: B
    # then equals A or C, and rho is sqrt(3)/2.
    grid = make_grid(THREE, f"{HEAD}predictions: true\n")
    line, row = orders(write_report([grid], predicted, tmp_path / "report"))
    cells = ["+1.00 [+0.87, +1.00]", "+1.00", "+0.87, +0.87"]
    assert line == f"| Tiny, table 1a | Shapes | 3 | {' | '.join(cells)} |"
    assert re.findall(r"<td[^>]*>([^<]*)</td>", row) == ["Tiny, table 1a", "Shapes", "3", *cells]


def test_without_predictions_of_all_rows_there_is_no_interval(
    make_grid: MakeGrid, predicted: Path, tmp_path: Path
) -> None:
    (predicted / "first-seed1" / "predictions" / "test_1x1.pt").unlink()
    line, _ = orders(write_report([make_grid(THREE)], predicted, tmp_path / "report"))
    assert "| +1.00 | +1.00 | +0.87, +0.87 |" in line


def test_csv_has_a_line_for_each_seed(report: dict[str, str]) -> None:
    rows = list(csv.DictReader(report[".csv"].splitlines()))
    assert [(row["row"], row["seed"], row["ours_top1"]) for row in rows[:3]] == [
        ("A", "0", "40.0"),
        ("A", "1", "42.0"),
        ("B|C", "0", "50.0"),
    ]
    assert rows[0]["paper_throughput"] == "10.5"
    assert (rows[-1]["state"], rows[-1]["ours_top1"]) == ("quoted", "")


class Tags(HTMLParser):
    """Checks that tags close in order."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: object) -> None:
        if tag != "meta":
            self.open.append(tag)

    def handle_startendtag(self, tag: str, attrs: object) -> None:
        """Opens and closes itself."""

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


def test_the_page_closes_its_tags_and_needs_no_other_file(report: dict[str, str]) -> None:
    page, tags = report[".html"], Tags()
    tags.feed(page)
    assert tags.open == []
    assert not re.search(r"(src|href)=\"(?!#)", page)
    assert "5 &lt; 6" in page


def test_rows_of_the_page_show_which_were_not_run(report: dict[str, str]) -> None:
    kinds = re.findall(r'<tr class="(\w+)" title="([^"]+)"><td>', report[".html"])
    assert kinds == [
        *((("measured", row)) for row in ("A", "B|C", "D")),
        ("unrun", "E"),
        ("quoted", "Q"),
    ]
    assert '<td class="number">41.0 ± 1.4</td>' in report[".html"]
    assert "<td>1,000</td>" in report[".html"]


def test_plots_of_a_page_share_an_id_only_for_the_same_definition(report: dict[str, str]) -> None:
    plots = re.findall(r"<svg.*?</svg>", report[".html"], re.DOTALL)
    elements = [element for plot in plots for element in ElementTree.fromstring(plot).iter()]
    named: dict[str, set[str]] = {}
    for element in elements:
        if name := element.get("id"):
            named.setdefault(name, set()).add(ElementTree.tostring(element, "unicode").strip())
    assert named
    assert all(len(definitions) == 1 for definitions in named.values())


def test_plots_show_gflops_throughput_and_ours_against_the_paper(report: dict[str, str]) -> None:
    plots = re.findall(r"<svg.*?</svg>", report[".html"], re.DOTALL)
    trees = [ElementTree.fromstring(plot) for plot in plots]
    titles = [tree.findtext("{*}title") for tree in trees]
    assert titles == [
        "Shapes: top-1 against GFLOPs",
        "Shapes: top-1 against throughput",
        "Shapes: top-1 against the paper's",
    ]
    marks = [[group.get("class") for group in tree.iter(f"{SVG}g")] for tree in trees]
    assert [(m.count("paper"), m.count("ours")) for m in marks] == [(3, 2), (1, 1), (0, 3)]


def test_every_shipped_table_can_be_reported_without_any_run(tmp_path: Path) -> None:
    grids = [read_grid(file) for file in shipped_grids()]
    markdown, table, page = write_report(grids, tmp_path / "runs", tmp_path / "results")
    rows = sum(len(row.protocols or ("",)) for grid in grids for row in grid.rows.values())
    assert len(list(csv.reader(table.read_text().splitlines()))) == 1 + rows
    assert "TEINet, table 1a" in markdown.read_text()
    sections = markdown.read_text().split("\n## ")[1:]
    of_papers = [one for one in sections if ", table " in one.splitlines()[0]]
    differs = {("repeated on" in one, "| difference |" in one) for one in of_papers}
    assert differs == {(False, True), (True, False)}  # none where the data are others
    for plot in re.findall(r"<svg.*?</svg>", page.read_text(), re.DOTALL):
        ElementTree.fromstring(plot)
