"""The commands of python -m experiments.grid: list, run, report."""

from pathlib import Path

import pytest

from experiments.grid.commands import main
from experiments.session import read_metrics
from lightning_modules import RunError
from lightning_modules.checkpoints.versions import git_commit
from tests.conftest import REPOSITORY, TINY_SHAPES
from tests.experiments.grid.conftest import MakeGrid, calls_of, write_result

Output = pytest.CaptureFixture[str]

ROWS = "  A: {figures: {top1: 45.0}}\n  two words: {base: other.yaml}\n  Q: {quoted: true}\n"


def test_list_shows_states_figures_and_commands(
    make_grid: MakeGrid, tmp_path: Path, capsys: Output
) -> None:
    file = make_grid(ROWS).file
    write_result(tmp_path / "runs" / "base-seed0", 0.5)
    main(["list", str(file), "--runs", str(tmp_path / "runs")])
    title, *rows = capsys.readouterr().out.splitlines()
    assert title == f"Tiny, table 1a: What is tested  ({file})"
    assert [line.split()[0] for line in rows] == ["finished", "not", "quoted"]
    assert rows[0].split()[2:4] == ["paper", "45.0"]
    assert "seed 0: 50.0 %" in rows[0]
    assert f"python -m experiments.grid run {file} --rows 'two words'" in rows[1]


def test_list_s_commands_reproduce_what_was_asked_with_the_state_of_each_seed(
    make_grid: MakeGrid, tmp_path: Path, capsys: Output, monkeypatch: pytest.MonkeyPatch
) -> None:
    grid, runs = make_grid(ROWS), tmp_path / "others"
    write_result(runs / "base-seed1", 0.5)
    (runs / "base-seed4" / "checkpoints").mkdir(parents=True)
    (runs / "base-seed4" / "checkpoints" / "last.ckpt").touch()
    main(["list", str(grid.file), "--runs", str(runs), "--data.root", "/a b"])
    line = capsys.readouterr().out.splitlines()[1]
    assert "seed 1: 50.0 %  seed 4: stopped  python" in line
    command = f"run {grid.file} --rows A --seeds 1 4 --runs {runs} --data.root '/a b'"
    assert line.endswith(f"python -m experiments.grid {command}")
    monkeypatch.chdir(tmp_path)
    main(["list", str(grid.file)])
    assert capsys.readouterr().out.splitlines()[1].endswith("--rows A")


@pytest.mark.usefixtures("fake_train")
def test_list_s_commands_have_the_flags_that_the_runs_recorded(
    make_grid: MakeGrid, tmp_path: Path, capsys: Output
) -> None:
    file, runs = str(make_grid(ROWS).file), str(tmp_path / "runs")
    start = ["run", file, "--rows", "A", "--runs", runs]
    main([*start, "--data.source=/a b"])
    main([*start, "--data.source=/c", "--seeds", "1", "2"])
    capsys.readouterr()
    main(["list", file, "--runs", runs, "--data.root=/d"])
    first, further, second = capsys.readouterr().out.splitlines()[1:4]
    run = f"python -m experiments.grid run {file} --rows"
    note = "# with the flags of its runs"
    assert first.endswith(f"{run} A --runs {runs} '--data.source=/a b'  {note}")
    assert further.strip() == f"{run} A --seeds 1 2 --runs {runs} --data.source=/c  {note}"
    assert second.endswith(f"{run} 'two words' --runs {runs} --data.root=/d")


@pytest.mark.parametrize(
    ("dry", "override", "answer"),
    [
        ([], "model.netwrok.dropout: 0.1", r"--model\.netwrok\.dropout: no such option; did you "),
        (["--dry-run"], "data.batch_sise: 4", r".*batch_sise: .* mean --data\.batch_size\?$"),
    ],
)
def test_a_misspelt_override_is_refused_with_its_row_and_the_nearest_key(
    make_grid: MakeGrid, tmp_path: Path, dry: list[str], override: str, answer: str
) -> None:
    file = make_grid(f"  A: {{}}\n  B: {{overrides: {{{override}}}}}\n").file
    with pytest.raises(RunError, match=f"row B: {answer}"):
        main(["run", str(file), "--runs", str(tmp_path / "runs"), *dry])
    assert not (tmp_path / "runs").exists()


def test_labels_are_shown_as_they_are(make_grid: MakeGrid, tmp_path: Path, capsys: Output) -> None:
    file = make_grid("  'B [x]': {}\n").file
    main(["list", str(file), "--runs", str(tmp_path)])
    assert "B [x]" in capsys.readouterr().out


def test_list_without_names_shows_every_shipped_table(tmp_path: Path, capsys: Output) -> None:
    main(["list", "--runs", str(tmp_path)])
    listed = capsys.readouterr().out
    assert "(teinet_table6)" in listed
    assert "(tsi_table4d)" in listed
    assert "name the file of your own study" in listed


@pytest.mark.usefixtures("fake_train")
def test_run_runs_the_chosen_rows_and_shows_them_beside_the_paper(
    make_grid: MakeGrid, tmp_path: Path, capsys: Output
) -> None:
    main(["run", str(make_grid(ROWS).file), "--rows", "A", "--runs", str(tmp_path), "--seeds", "3"])
    assert calls_of(tmp_path, "base-seed3") == ["fit", "test last"]
    assert not (tmp_path / "other-seed3").exists()
    shown = capsys.readouterr().out
    assert "+5.0" in shown


@pytest.mark.usefixtures("fake_train")
def test_a_failure_names_each_run_with_its_reason_and_its_log(
    make_grid: MakeGrid, tmp_path: Path, capsys: Output
) -> None:
    with pytest.raises(
        RunError, match="not finished: base-seed0, other-seed0; the reasons are above"
    ):
        main(["run", str(make_grid(ROWS).file), "--runs", str(tmp_path), "--fail=fit"])
    *_, first, second = capsys.readouterr().out.splitlines()
    for line, name in ((first, "base-seed0"), (second, "other-seed0")):
        log = tmp_path / "grid" / f"{name}.log"
        assert line == f"{name}: failed: error: out of luck (log: {log})"


def test_a_dry_run_prints_the_commands_and_does_nothing(
    make_grid: MakeGrid, tmp_path: Path, capsys: Output
) -> None:
    rows = "  A: {overrides: {model.network: TSM}}\n  B: {base: other.yaml}\n"
    rows += "  AB: {ensemble: [A, B]}\n"
    runs = tmp_path / "runs"
    command = ["run", str(make_grid(rows).file), "--rows", "A", "AB", "--runs", str(runs)]
    main([*command, "--dry-run", "--trainer.devices", "8"])
    printed = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert [line[2] for line in printed if line[0] == "python"] == ["fit", "test", "predict"] * 2
    fit = printed[1]
    assert fit[:3] == ["python", "train.py", "fit"]
    assert fit[-2:] == ["--trainer.devices", "8"]
    assert "--model.network=TSM" in fit
    assert not runs.exists()


def test_a_dry_run_shows_the_sbatch_script(
    make_grid: MakeGrid, tmp_path: Path, capsys: Output
) -> None:
    command = ["run", str(make_grid(ROWS).file), "--rows", "A", "--runs", str(tmp_path)]
    main([*command, "--dry-run", "--launcher", "slurm", "--slurm", "partition=gpu"])
    assert "#SBATCH --partition=gpu" in capsys.readouterr().out


def test_a_run_on_several_machines_is_told_so(
    make_grid: MakeGrid, tmp_path: Path, capsys: Output
) -> None:
    command = ["run", str(make_grid(ROWS).file), "--rows", "A", "--runs", str(tmp_path)]
    machines = ["--launcher", "slurm", "--nodes-per-run", "2", "--gpus-per-run", "4"]
    main([*command, "--dry-run", *machines])
    shown = capsys.readouterr().out
    assert {"#SBATCH --nodes=2", "#SBATCH --gpus-per-node=4"} <= set(shown.splitlines())
    assert shown.count("--trainer.num_nodes=2 --trainer.devices=4") == 2


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["run", "nowhere"], r"nowhere\.yaml: no such grid"),
        (["run", "--trainer.max_epochs", "1", "GRID"], "flags for train.py come after the grids"),
        (["run", "GRID", "GRID", "--rows", "Z", "--dry-run"], "has no row Z"),
        (["run", "GRID", "--rows", "Z"], "has no row Z; it has A, two words, Q"),
        (["run", "GRID", "--rows", "Q"], "only quotes Q"),
        (["run", "GRID", "--jobs", "0"], "--jobs 0"),
        (["run", "GRID", "--gpus-per-run", "0"], "--gpus-per-run 0"),
        (["run", "GRID", "--launcher", "slurm"], "no srun here"),
        (
            ["run", "GRID", "--launcher", "slurm", "--dry-run", "--slurm", "gpu"],
            "write NAME=VALUE",
        ),
        (["report", "--row", "A"], "only run and list take further flags"),
        (["run", "GRID", "--nodes-per-run", "0"], "--nodes-per-run 0"),
        (["run", "GRID", "--nodes-per-run", "2"], "several machines need --launcher slurm"),
    ],
)
def test_a_mistake_is_named_in_one_line(
    make_grid: MakeGrid, tmp_path: Path, arguments: list[str], named: str
) -> None:
    file = str(make_grid(ROWS).file)
    arguments = [file if argument == "GRID" else argument for argument in arguments]
    with pytest.raises(RunError, match=named) as error:
        main([*arguments, "--runs", str(tmp_path / "runs")])
    assert "\n" not in str(error.value)


@pytest.mark.slow
@pytest.mark.usefixtures("fake_train")
def test_a_run_with_other_flags_is_not_counted_as_the_row(
    make_grid: MakeGrid, tmp_path: Path, capsys: Output
) -> None:
    file, runs = str(make_grid("  A: {}\n").file), tmp_path / "runs"
    command = ["run", file, "--runs", str(runs)]
    main([*command, "--trainer.max_epochs=1"])
    with pytest.raises(RunError, match=r"base-seed0 was run with --trainer.max_epochs=1, this"):
        main(command)
    main([*command, "--trainer.max_epochs=1"])  # it is finished
    main([*command, "--allow-other-flags"])
    assert calls_of(runs, "base-seed0") == ["fit", "test last"]
    main(["report", file, "--runs", str(runs), "--output", str(tmp_path / "results.md")])
    assert "- A: run with --trainer.max_epochs=1." in (tmp_path / "results.md").read_text()


@pytest.mark.slow
@pytest.mark.usefixtures("fake_train")
def test_flags_that_all_rows_had_are_reported_once(make_grid: MakeGrid, tmp_path: Path) -> None:
    file, runs = str(make_grid("  A: {}\n  B: {base: other.yaml}\n").file), tmp_path / "runs"
    main(["run", file, "--runs", str(runs), "--trainer.max_epochs=1"])
    main(["report", file, "--runs", str(runs), "--output", str(tmp_path / "results.md")])
    report = (tmp_path / "results.md").read_text()
    assert "- All rows: run with --trainer.max_epochs=1.\n" in report
    assert report.count("run with") == 1


def test_a_report_is_written_beside_the_runs_unless_told_otherwise(
    make_grid: MakeGrid, tmp_path: Path, capsys: Output
) -> None:
    main(["report", str(make_grid(ROWS).file), "--runs", str(tmp_path / "runs")])
    files = [tmp_path / "runs" / f"report.{ending}" for ending in ("md", "csv", "html")]
    assert capsys.readouterr().out.split() == list(map(str, files))
    assert all(file.is_file() for file in files)


def test_a_report_that_cannot_be_written_is_one_line(make_grid: MakeGrid, tmp_path: Path) -> None:
    file = make_grid("  A: {}\n").file
    with pytest.raises(RunError, match=r"--output .*base\.yaml/x: File exists"):
        main(["report", str(file), "--output", str(tmp_path / "base.yaml" / "x")])


@pytest.mark.slow
def test_a_flag_that_train_py_does_not_know_is_refused_before_any_run(
    make_grid: MakeGrid, tmp_path: Path
) -> None:
    file = make_grid("  A: {base: other.yaml}\n").file
    (tmp_path / "other.yaml").write_text((REPOSITORY / "experiments" / "demo.yaml").read_text())
    command = ["run", str(file), "--runs", str(tmp_path / "runs")]
    with pytest.raises(RunError, match="dryrun"):
        main([*command, "--dryrun"])
    assert not (tmp_path / "runs").exists()


def test_a_row_is_trained_tested_and_reported_without_any_stand_in(
    make_grid: MakeGrid, shapes_root: Path, tmp_path: Path
) -> None:
    grid = make_grid("  A: {overrides: {model.network: TSM}}\n")
    runs = tmp_path / "runs"
    arguments = [*TINY_SHAPES, f"--data.root={shapes_root}", "--model.network.backbone=resnet18"]
    arguments += ["--trainer.max_epochs=1", "--trainer.accelerator=cpu"]
    main(["run", str(grid.file), "--runs", str(runs), "--jobs", "1", *arguments])
    run_dir = runs / "base-network_tsm-seed0"
    assert (run_dir / "checkpoints" / "last.ckpt").is_file()
    assert {read_metrics(run_dir)[name]["commit"] for name in ("val", "test")} == {git_commit()}
    main(["report", str(grid.file), "--runs", str(runs), "--output", str(tmp_path / "results")])
    (line,) = (tmp_path / "results.csv").read_text().splitlines()[1:]
    assert line.startswith("Tiny,1a,A,A,Shapes,finished,1x1,0,")
