"""The report of a study of one's own: comparisons with a baseline, settings, costs, plots."""

import csv
import json
import math
import re
from pathlib import Path
from xml.etree import ElementTree

import pytest

from experiments.grid.report import write_report
from experiments.grid.report.baseline import welch
from experiments.grid.report.section import Section, read_section
from experiments.grid.report.tables import headings, rows_of
from experiments.grid.state import Record, write_record
from tests.conftest import Run
from tests.experiments.grid.conftest import MakeGrid, runs_of, write_predictions, write_result

HEAD = "caption: Which block?\nprotocols: [1x1]\nbase: base.yaml\nbaseline: A\n"
ROWS = """
  A: {}
  B|C: {overrides: {model.network: TSM, data.batch_size: 4}}
  D: {base: other.yaml}
"""
SVG = "{http://www.w3.org/2000/svg}"
SECOND = "base-batch_size_4-network_tsm"


def row(section: Section, label: str) -> dict[str, str]:
    found = [
        dict(zip(headings(section), texts, strict=True))
        for line, texts in zip(section.lines, rows_of(section), strict=True)
        if line.row.label == label
    ]
    return found[0]


@pytest.fixture
def runs(tmp_path: Path) -> Path:
    """Three rows; A and B|C with three seeds, D with one."""
    for seed, (a, b) in enumerate([(0.40, 0.50), (0.42, 0.53), (0.41, 0.51)]):
        write_result(tmp_path / "runs" / f"base-seed{seed}", a)
        write_result(tmp_path / "runs" / f"{SECOND}-seed{seed}", b)
    write_result(tmp_path / "runs" / "other-seed0", 0.44)
    return tmp_path / "runs"


def test_rows_are_compared_with_the_baseline_over_seeds(make_grid: MakeGrid, runs: Path) -> None:
    section = read_section(make_grid(ROWS, HEAD), runs)
    assert headings(section) == (
        *("row", "settings", "protocol", "top-1", "minus A", "top-5", "seeds", "videos"),
        *("params, M", "GMAC", "minutes", "commit"),
    )
    assert row(section, "A")["minus A"] == "baseline"
    assert re.fullmatch(r"\+10\.3 \[\+7\.\d, \+13\.\d\] seeds", row(section, "B|C")["minus A"])
    assert row(section, "D")["minus A"] == "+3.0"  # one seed has no interval


def test_rows_with_predictions_are_compared_clip_by_clip(make_grid: MakeGrid, runs: Path) -> None:
    right, wrong = [2.0, 1.0], [1.0, 2.0]
    scores = {"base": [right, wrong] * 20, SECOND: [right, right, right, wrong] * 10}
    for name, of_clips in scores.items():
        for seed in range(3):
            file = runs / f"{name}-seed{seed}" / "predictions" / "test_1x1.pt"
            write_predictions(file, of_clips, [0] * 40)
    section = read_section(make_grid(ROWS, HEAD), runs)
    cell = row(section, "B|C")["minus A"]
    assert re.fullmatch(r"\+25\.0 \[\+1\d\.\d, \+\d\d\.\d\]", cell)


def test_settings_are_those_that_differ(make_grid: MakeGrid, runs: Path) -> None:
    section = read_section(make_grid(ROWS, HEAD), runs)
    assert [row(section, label)["settings"] for label in ("A", "B|C", "D")] == [
        *("base", "base, network=TSM, batch_size=4", "other")
    ]


def test_minutes_are_those_of_all_attempts_at_the_fit(make_grid: MakeGrid, runs: Path) -> None:
    grid = make_grid(ROWS, HEAD)
    for seed, seconds in enumerate((60.0, 90.0, 0.0)):  # the third is of an older version
        run = runs_of(grid, runs, seeds=(seed,))[f"base-seed{seed}"]
        write_record(run, Record("finished", fit_seconds=seconds))
    assert row(read_section(grid, runs), "A")["minutes"] == "1.25"


def test_parameters_and_multiply_adds_are_those_of_the_checkpoint(
    make_grid: MakeGrid, tmp_path: Path, tiny_run: Run
) -> None:
    folder = tiny_run("fit", run_dir=tmp_path / "runs" / "base-seed0")
    file = folder / "metrics.json"
    entry = {"top1": 0.5, "top5": 1.0, "n_videos": 8}
    file.write_text(json.dumps({**json.loads(file.read_text()), "test_1x1": entry}))
    section = read_section(make_grid(ROWS, HEAD), tmp_path / "runs")
    costs = section.costs["A"]
    assert costs.parameters == pytest.approx(11.35, abs=0.01)
    assert costs.gigamacs == pytest.approx(0.15, abs=0.02)  # 4 frames of 32 x 32 pixels


def test_the_report_has_everything_in_all_its_files(
    make_grid: MakeGrid, runs: Path, tmp_path: Path
) -> None:
    markdown, table, page = write_report([make_grid(ROWS, HEAD)], runs, tmp_path / "report")
    assert markdown.read_text().startswith("# Results\n")
    assert "## Which block?" in markdown.read_text()
    lines = list(csv.DictReader(table.read_text().splitlines()))
    second = next(line for line in lines if line["row"] == "B|C")
    assert second["baseline"] == "A"
    assert float(second["minus_baseline"]) == pytest.approx(10.33, abs=0.01)
    assert float(second["low"]) < 10.33 < float(second["high"])
    (plot,) = re.findall(r"<svg.*?</svg>", page.read_text(), re.DOTALL)
    texts = [text.text for text in ElementTree.fromstring(plot).iter(f"{SVG}text")]
    assert {"A", "B|C", "D", "minus A, points"} <= set(texts)


def test_welch_s_interval_is_the_known_one() -> None:
    # Difference 3, standard error sqrt(1/3 + 4/3), 2.94 degrees of freedom, rounded down.
    found = welch([11, 12, 13], [7, 9, 11])
    assert (found.mean, found.low, found.high) == pytest.approx((3, -2.55, 8.55), abs=0.01)


def test_equal_values_of_few_seeds_give_no_interval() -> None:
    found = welch([0.5, 0.5], [0.4, 0.4])
    assert found.mean == pytest.approx(0.1)
    assert math.isnan(found.low)
    assert math.isnan(found.high)
