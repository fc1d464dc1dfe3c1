"""A run folder is never taken for a row whose configuration is another."""

import json
from pathlib import Path
from typing import Any

import pytest

from experiments.grid.commands import main
from experiments.grid.configuration import differences, read_configuration
from experiments.grid.grid_file import read_grid
from experiments.grid.report.clip_scores import read_clip_scores
from experiments.grid.runs import expand
from experiments.grid.state import Record, read_record, record_file, write_record
from experiments.grid.task import RunTask
from lightning_modules import RunError
from tests.experiments.grid.conftest import MakeGrid, runs_of, write_predictions, write_result

Output = pytest.CaptureFixture[str]
PRETRAINED = "  A: {pretrain: first.yaml}\n"


def stated(folder: Path, text: str) -> dict[str, Any]:
    (folder / "one.yaml").write_text(text)
    return read_configuration([folder / "one.yaml"], ["--model.x=1", "--seed_everything=0"])


@pytest.fixture
def finished(make_grid: MakeGrid, tmp_path: Path) -> Path:
    """The file of a grid with one row, whose run is finished and recorded."""
    return finish(make_grid("  A: {}\n").file, tmp_path / "runs")


def finish(file: Path, runs_dir: Path) -> Path:
    grid = read_grid(file)
    for run in expand([(grid, list(grid.rows))], [0], runs_dir).values():
        write_result(run.run_dir, 0.9)
        write_record(run, Record("finished"))
    return file


def shown_by(command: str, file: Path, runs: Path, capsys: Output) -> str:
    main([command, str(file), "--runs", str(runs)])
    printed = capsys.readouterr().out
    return printed if command == "list" else (runs / "report.md").read_text()


@pytest.mark.parametrize(
    ("text", "named"),
    [
        ("data: {crop_size: 64}", "data.crop_size is 32 there and 64 here"),
        ("data: {crop_size: 32, extra: true}", "data.extra is not stated there and True here"),
        ("data: {}", "data is not stated there and {} here"),
        ("seed_everything: 0", "data.crop_size is 32 there and not stated here"),
    ],
)
def test_any_other_value_is_a_difference(tmp_path: Path, text: str, named: str) -> None:
    there = stated(tmp_path, "data: {crop_size: 32}")
    assert named in differences(there, stated(tmp_path, text))


@pytest.mark.parametrize(
    "text",
    [
        "# A comment.\ndata: {num_workers: 2, crop_size: 32}",
        "run_dir: runs/x\ndata:\n  crop_size: 32\n  index_dir: elsewhere\n",
    ],
)
def test_what_changes_no_result_is_no_difference(tmp_path: Path, text: str) -> None:
    there = stated(tmp_path, "data: {crop_size: 32, num_workers: 0}")
    assert differences(there, stated(tmp_path, text)) == []


def test_the_content_of_a_file_that_a_config_names_counts(tmp_path: Path) -> None:
    (tmp_path / "data.yaml").write_text("{crop_size: 32, more: data.yaml}")  # no endless loop
    there = stated(tmp_path, "data: data.yaml")
    (tmp_path / "data.yaml").write_text("{crop_size: 64, more: data.yaml}")
    here = stated(tmp_path, "data: data.yaml")
    assert differences(there, here) == ["data.crop_size is 32 there and 64 here"]


def test_data_that_were_moved_are_no_difference_and_other_data_are(tmp_path: Path) -> None:
    old, new = tmp_path / "old" / "clips.csv", tmp_path / "new" / "clips.csv"
    there, here = ({"data.init_args.source": str(place)} for place in (old, new))
    new.parent.mkdir()
    new.touch()
    assert differences(there, here) == []
    old.parent.mkdir()
    old.touch()  # two files of one name
    assert differences(there, here) == [f"data.init_args.source is {old} there and {new} here"]


@pytest.mark.parametrize("more", [[], ["--allow-other-flags"]])
def test_a_run_of_another_study_is_not_counted_as_finished(
    finished: Path, tmp_path: Path, more: list[str]
) -> None:
    config = tmp_path / "base.yaml"
    config.write_text(config.read_text() + "trainer: {max_epochs: 2}\n")
    named = (
        r"base-seed0 holds a run of another configuration: trainer\.max_epochs is 50 there and 2 "
        "here; give another --runs or a base of another name, or delete the run"
    )
    with pytest.raises(RunError, match=named):
        main(["run", str(finished), "--runs", str(tmp_path / "runs"), "--dry-run", *more])


def test_the_same_holds_for_overrides_whose_folders_have_one_name(
    make_grid: MakeGrid, tmp_path: Path, capsys: Output
) -> None:
    file = finish(make_grid("  A: {overrides: {data.label_offset: -1}}\n").file, tmp_path / "runs")
    assert "seed 0: 90.0 %" in shown_by("list", file, tmp_path / "runs", capsys)
    file.write_text(file.read_text().replace("-1", "1"))
    assert "90.0 %" not in shown_by("list", file, tmp_path / "runs", capsys)
    with pytest.raises(RunError, match=r"data\.label_offset is -1 there and 1 here"):
        main(["run", str(file), "--runs", str(tmp_path / "runs")])


def test_list_and_report_name_a_run_of_another_configuration_and_leave_it_out(
    finished: Path, tmp_path: Path, capsys: Output
) -> None:
    runs, config = tmp_path / "runs", tmp_path / "base.yaml"
    assert "| 90.0 |" in shown_by("report", finished, runs, capsys)
    config.write_text(config.read_text().replace("TSN", "TSM"))
    shown = shown_by("list", finished, runs, capsys)
    assert "not run   A" in shown
    assert "seed 0: another configuration" in shown
    assert f"{runs / 'base-seed0'}: model.network is TSN there and TSM here" in shown
    report = shown_by("report", finished, runs, capsys)
    assert "90.0" not in report
    assert "A: a run of another configuration is in its folder and is not counted" in report


def test_its_predictions_are_not_compared(finished: Path, tmp_path: Path) -> None:
    runs, config = tmp_path / "runs", tmp_path / "base.yaml"
    write_predictions(runs / "base-seed0" / "predictions" / "test_1x1.pt", [[1.0, 0.0]], [0])
    for text, seeds in ((config.read_text(), (0,)), ("model: {network: TSM}\n", None)):
        config.write_text(text)
        grid = read_grid(finished)
        scores = read_clip_scores(grid, grid.rows["A"], "1x1", runs)
        assert (scores and scores.seeds) == seeds


def test_a_row_is_another_if_its_pretraining_is(make_grid: MakeGrid, tmp_path: Path) -> None:
    file = finish(make_grid(PRETRAINED).file, tmp_path / "runs")
    (tmp_path / "first.yaml").write_text("model: {network: TSM}\n")
    with pytest.raises(RunError, match=r"first-seed0 holds a run of another configuration"):
        main(["run", str(file), "--runs", str(tmp_path / "runs")])
    record_file(runs_of(read_grid(file), tmp_path / "runs")["first-seed0"]).unlink()
    with pytest.raises(RunError, match=r"base-from_first-seed0 holds .*pretraining\.data is"):
        main(["run", str(file), "--runs", str(tmp_path / "runs")])


def test_a_comment_in_a_config_changes_nothing(
    finished: Path, tmp_path: Path, capsys: Output
) -> None:
    config = tmp_path / "base.yaml"
    config.write_text(f"# Another comment.\n{config.read_text()}")
    assert "seed 0: 90.0 %" in shown_by("list", finished, tmp_path / "runs", capsys)


def test_records_without_a_configuration_count_and_are_named(
    finished: Path, tmp_path: Path, capsys: Output
) -> None:
    runs = tmp_path / "runs"
    assert "before configurations" not in shown_by("report", finished, runs, capsys)
    (run,) = runs_of(read_grid(finished), runs).values()
    record = json.loads(record_file(run).read_text())
    del record["configuration"]
    record_file(run).write_text(json.dumps(record))
    assert "seed 0: 90.0 %" in shown_by("list", finished, runs, capsys)
    report = shown_by("report", finished, runs, capsys)
    assert "90.0" in report
    assert "- A: made before configurations were recorded" in report


def test_a_run_that_failed_before_its_first_checkpoint_can_be_mended(
    make_grid: MakeGrid, tmp_path: Path, capsys: Output
) -> None:
    file, runs = make_grid("  A: {}\n").file, tmp_path / "runs"
    (run,) = runs_of(read_grid(file), runs).values()
    write_record(run, Record("failed"))
    (tmp_path / "base.yaml").write_text("model: {network: TSM}\n")
    shown = shown_by("list", file, runs, capsys)
    assert "failed    A" in shown
    assert "another configuration" not in shown


def test_a_config_that_was_edited_before_its_run_started_fails_the_run(
    make_grid: MakeGrid, fake_train: Path, tmp_path: Path
) -> None:
    runs = runs_of(make_grid(PRETRAINED), tmp_path / "runs")
    run = runs["base-from_first-seed0"]
    (tmp_path / "base.yaml").write_text("data: MovingShapes\nmodel: {network: TSM}\n")
    record = RunTask(run)()
    assert record.state == "failed"
    assert record.message == (
        "its configs were edited after the grid started: model.network is TSN before and TSM now"
    )
    assert not run.run_dir.exists()
    assert RunTask(runs["first-seed0"])().state == "finished"
    recorded = read_record(runs["first-seed0"])
    assert recorded is not None
    assert recorded.configuration == runs["first-seed0"].configuration
