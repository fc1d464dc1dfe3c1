"""What was measured, beside the paper's figures: seeds, splits, ensembles."""

from pathlib import Path

import pytest

from experiments.grid.results import ReportLine, report_lines
from tests.experiments.grid.conftest import MakeGrid, write_predictions, write_result


def line(make_grid: MakeGrid, runs: Path, row: str) -> ReportLine:
    return report_lines(make_grid(f"  A: {row}\n"), runs)[0]


def test_seeds_are_found_and_averaged(make_grid: MakeGrid, tmp_path: Path) -> None:
    for seed, top1 in ((0, 0.4), (1, 0.5), (7, 0.6)):
        write_result(tmp_path / f"base-seed{seed}", top1)
    found = line(make_grid, tmp_path, "{figures: {top1: 45.0, top5: 80.0}}")
    assert [one.seed for one in found.results] == [0, 1, 7]
    assert found.ours("top1") == pytest.approx(50)
    assert found.spread("top1") == pytest.approx(10)
    assert found.difference("top1") == pytest.approx(5)
    assert found.state == "finished"
    assert found.results[0].videos == 1000


def test_a_row_that_was_not_run_has_nothing(make_grid: MakeGrid, tmp_path: Path) -> None:
    found = line(make_grid, tmp_path, "{figures: {top1: 45.0}}")
    assert (found.state, found.results, found.ours("top1")) == ("not run", (), None)


def test_a_quoted_row_keeps_its_figures(make_grid: MakeGrid, tmp_path: Path) -> None:
    found = line(make_grid, tmp_path, "{quoted: true, figures: {top1: 45.0}}")
    assert (found.state, found.protocol, found.paper("top1")) == ("quoted", "", 45.0)


def test_splits_are_averaged_and_all_are_needed(make_grid: MakeGrid, tmp_path: Path) -> None:
    row = "{repeat_over: {data.split: [1, 2, 3]}}"
    for split, top1 in ((1, 0.3), (2, 0.5)):
        write_result(tmp_path / f"base-split_{split}-seed0", top1)
    unfinished = line(make_grid, tmp_path, row)
    assert (unfinished.state, unfinished.results) == ("stopped", ())
    write_result(tmp_path / "base-split_3-seed0", 0.7)
    (one,) = line(make_grid, tmp_path, row).results
    assert one.top1 == pytest.approx(50)
    assert one.videos == 3000


def test_the_paper_s_figure_belongs_to_the_first_protocol(
    make_grid: MakeGrid, tmp_path: Path
) -> None:
    grid = make_grid("  A: {protocols: [1x1, 10x3], figures: {top1: 45.0}}\n")
    first, second = report_lines(grid, tmp_path)
    assert (first.paper("top1"), second.paper("top1")) == (45.0, None)


def test_an_ensemble_is_fused_from_its_members_predictions(
    make_grid: MakeGrid, tmp_path: Path
) -> None:
    rows = "  A: {}\n  B: {base: other.yaml}\n  AB: {ensemble: [A, B]}\n"
    write_result(tmp_path / "base-seed0", 0.5)
    write_result(tmp_path / "other-seed0", 0.5)
    unfinished = report_lines(make_grid(rows), tmp_path)[2]
    assert (unfinished.state, unfinished.results) == ("stopped", ())
    for name, scores in (("base", [[3.0, 1.0], [0.2, 0.0]]), ("other", [[0.0, 1.0], [0.0, 3.0]])):
        write_predictions(
            tmp_path / f"{name}-seed0" / "predictions" / "test_1x1.pt", scores, [0, 1]
        )
    (one,) = report_lines(make_grid(rows), tmp_path)[2].results
    assert (one.top1, one.top5, one.videos) == (100.0, None, 2)  # of two classes


def test_gflops_count_all_views(make_grid: MakeGrid, tmp_path: Path) -> None:
    assert line(make_grid, tmp_path, "{figures: {gflops: 33, views: 30}}").gflops == 990
    assert line(make_grid, tmp_path, "{figures: {gflops: 990}}").gflops == 990
    assert line(make_grid, tmp_path, "{figures: {gflops: 33, views: null}}").gflops is None
    assert line(make_grid, tmp_path, "{figures: {top1: 1}}").gflops is None
