"""A path means the same to every part of a run, at every step, from every working folder."""

import json
from pathlib import Path

import pytest
import yaml

from datamodules.prepare.command_line import main as prepare
from experiments.fuse import main as fuse
from experiments.grid.commands import main as grid
from tests.conftest import Run
from tests.experiments.cli.test_command_line import stopped_with
from tests.experiments.runs import SMALL_NETWORK
from tests.experiments.small_lists import SETTINGS, write_list
from train import main

ODD_NAMES = ("run:1", "50%", "a b", "-run", "lr={0.1}=x", "a: b #c", "[x]", "price$", "ü'\"")


@pytest.fixture(autouse=True)
def home(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty home folder; the working folder is another one."""
    home = tmp_path / "home"
    for folder in (home, tmp_path / "work", tmp_path / "other"):
        folder.mkdir()
    monkeypatch.setenv("HOME", str(home))
    monkeypatch.setenv("RUNS", str(home / "runs"))
    monkeypatch.delenv("NOWHERE", raising=False)
    monkeypatch.chdir(tmp_path / "work")
    return home


def assert_complete(run_dir: Path) -> None:
    """Check that a fit and a test of best.ckpt have left all their files in one folder."""
    assert (run_dir / "config.yaml").is_file()
    assert list(run_dir.glob("events.out.tfevents.*"))
    checkpoints = {file.name for file in (run_dir / "checkpoints").iterdir()}
    assert checkpoints == {"best.ckpt", "last.ckpt"}
    assert {"train", "val", "test"} <= json.loads((run_dir / "metrics.json").read_text()).keys()


@pytest.mark.parametrize("given", ["~/runs/one", "$RUNS/one", "${RUNS}/one", "../home/runs/one"])
def test_a_run_folder_is_the_same_to_every_part(given: str, tiny_run: Run, home: Path) -> None:
    for command in (["fit"], ["test", "--ckpt_path=best"]):
        tiny_run(*command, SMALL_NETWORK, run_dir=Path(given))
    assert_complete(home / "runs" / "one")
    assert not list(Path.cwd().iterdir())


@pytest.mark.parametrize("name", ODD_NAMES)
def test_a_run_folder_may_have_any_name(name: str, tiny_run: Run) -> None:
    for command in (["fit"], ["test", "--ckpt_path=best"]):
        tiny_run(*command, SMALL_NETWORK, run_dir=Path(name))
    assert [path.name for path in Path.cwd().iterdir()] == [name]
    assert_complete(Path.cwd() / name)


@pytest.mark.parametrize("name", ["videos:1", "a: b", "50%d", "-videos"])
def test_a_folder_of_videos_may_have_any_name(name: str, tmp_path: Path) -> None:
    Path(name).mkdir()
    write_list(Path(name).absolute(), {"kick": 0, "hug": 1})
    small = [f"--data.{setting}" for setting in SETTINGS]
    common = ["--data=VideoList", f"--data.source={name}/list.csv", "--data.index_dir=~/index"]
    assert prepare(["verify", *common, *small]) == 0
    quick = ["--trainer.max_epochs=1", "--trainer.accelerator=cpu", "--checkpoint.monitor=null"]
    main(["fit", *common, *small, *quick, SMALL_NETWORK, "--run_dir=run"])
    main(["predict", "--config=run/config.yaml"])
    assert (Path("run") / "predictions" / "test_1x1.pt").is_file()
    assert (tmp_path / "home" / "index" / "videos.sqlite").is_file()


def test_a_run_is_found_from_another_working_folder(
    tiny_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    tiny_run("fit", SMALL_NETWORK, "--data.root=shapes", run_dir=Path("run"))
    monkeypatch.chdir(tmp_path / "other")
    main(["test", "--config=../work/run/config.yaml"])
    assert_complete(tmp_path / "work" / "run")
    assert not list(Path.cwd().iterdir())


def test_weights_checkpoints_and_configs_below_home_are_found(run_dir: Path, home: Path) -> None:
    run_dir.rename(home / "old")
    main(
        [
            "test",
            "--config=~/old/config.yaml",
            "--run_dir=~/old",
            "--ckpt_path=$HOME/old/checkpoints/last.ckpt",
        ]
    )
    weights = "--model.network.weights=~/old/checkpoints/last.ckpt"
    main(["fit", "--config=~/old/config.yaml", "--run_dir=~/new", weights])
    config = yaml.safe_load((home / "new" / "config.yaml").read_text())
    stated = config["model"]["network"]["init_args"]["weights"]
    assert stated == str(home / "old" / "checkpoints" / "last.ckpt")


def test_predictions_below_home_are_fused(run_dir: Path, home: Path, tiny_run: Run) -> None:
    tiny_run("predict", "--ckpt_path=last")
    (run_dir / "predictions").rename(home / "predictions")
    fuse(["~/predictions/test_1x1.pt", "--output=~/fused.pt"])
    assert (home / "fused.pt").is_file()


def test_a_grid_and_its_runs_may_lie_below_home(
    home: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    grid(["run", "moving_shapes", "--rows", "TSN", "--runs", "~/runs", "--dry-run"])
    assert f"--run_dir={home / 'runs'}/" in capsys.readouterr().out
    with pytest.raises(ValueError, match=f"{home}/mine.yaml: no such grid"):
        grid(["list", "~/mine.yaml"])


@pytest.mark.parametrize(
    ("argument", "named"),
    [
        ("--run_dir=s3://bucket/run", "--run_dir=s3://bucket/run: URLs are not supported"),
        ("--run_dir=a::b", "a::b: fsspec, which opens it, splits paths at '::'"),
        ("--run_dir=$NOWHERE/run", "--run_dir=$NOWHERE/run: $NOWHERE is not set"),
        ("--run_dir=", "--run_dir is empty"),
        ("--data.root=gs://bucket", "--data.root=gs://bucket: URLs are not supported"),
        ("--data.index_dir=", "--data.index_dir is empty"),
        ("--ckpt_path=https://host/last.ckpt", "--ckpt_path=https://host/last.ckpt: URLs"),
        ("--model.network.weights=https://host/a.pth", "https://host/a.pth: URLs"),
        ("--config=https://host/a.yaml", "--config=https://host/a.yaml: URLs"),
    ],
)
def test_what_cannot_be_used_is_refused_by_name_before_any_work(
    argument: str, named: str, tiny_run: Run, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as error:
        tiny_run("fit", argument)
    assert named in stopped_with(error)
    assert not (tmp_path / "run").exists()
    assert not list(Path.cwd().iterdir())
