"""A run folder that was moved tests by its own config; the same list gives the same results."""

import shutil
from pathlib import Path

import pytest
import yaml

from experiments.session import read_metrics
from tests.experiments.runs import SMALL_NETWORK
from tests.experiments.small_lists import list_arguments, write_list
from train import main


@pytest.fixture
def run_dir(tmp_path: Path) -> Path:
    """A run of two classes, beside the folder of its list and its index."""
    (tmp_path / "here").mkdir()
    source = write_list(tmp_path / "here", {"kick": 0, "hug": 1})
    main(["fit", *list_arguments(source, tmp_path / "run"), SMALL_NETWORK])
    main(["test", *list_arguments(source, tmp_path / "run"), SMALL_NETWORK])
    return tmp_path / "run"


def test_a_moved_run_and_list_test_at_once_and_give_the_same_result(
    run_dir: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    before = read_metrics(run_dir)
    moved = run_dir.rename(tmp_path / "moved")
    (tmp_path / "here").rename(tmp_path / "there")
    config = f"--config={moved / 'config.yaml'}"
    main(["test", config, f"--data.source={tmp_path / 'there' / 'list.csv'}"])
    assert read_metrics(moved) == before
    assert not run_dir.exists()
    assert (tmp_path / "data" / "index").exists()  # the old one has moved away


def test_a_list_of_another_name_is_the_same_list(run_dir: Path, tmp_path: Path) -> None:
    before = read_metrics(run_dir)
    source = (tmp_path / "here" / "list.csv").rename(tmp_path / "here" / "renamed.csv")
    main(["test", *list_arguments(source, run_dir), SMALL_NETWORK])
    after = read_metrics(run_dir)
    assert after.keys() == before.keys()
    name, checksum = before["test_1x1"]["data"].rsplit("-", 1)
    assert (name, after["test_1x1"]["data"]) == ("list", f"renamed-{checksum}")
    assert {**after["test_1x1"], "data": ""} == {**before["test_1x1"], "data": ""}


def test_a_copied_run_writes_into_its_own_folder(run_dir: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(run_dir, tmp_path / "copy"))
    before = (run_dir / "metrics.json").read_bytes()
    main(["test", f"--config={copied / 'config.yaml'}", "--data.protocol=2x1"])
    assert "test_2x1" in read_metrics(copied)
    assert (run_dir / "metrics.json").read_bytes() == before


def test_a_run_dir_that_is_given_is_used(run_dir: Path, tmp_path: Path) -> None:
    copied = Path(shutil.copytree(run_dir, tmp_path / "copy"))
    other = tmp_path / "other"
    shutil.copytree(run_dir / "checkpoints", other / "checkpoints")
    main(["test", f"--config={copied / 'config.yaml'}", f"--run_dir={other}"])
    assert "test_1x1" in read_metrics(other)
    assert yaml.safe_load((copied / "config.yaml").read_text())["run_dir"] == str(run_dir)


def test_another_list_of_the_same_name_is_other_data(run_dir: Path, tmp_path: Path) -> None:
    (tmp_path / "other").mkdir()
    other = write_list(tmp_path / "other", {"kick": 0, "hug": 1}, videos=6)
    main(
        [
            *("test", *list_arguments(other, run_dir), SMALL_NETWORK),
            "--allow_other_data=true",
        ]
    )
    metrics = read_metrics(run_dir)
    assert metrics["test"]["data"] != metrics["test_1x1"]["data"]
    assert metrics["test"]["list"] != metrics["test_1x1"]["list"]
