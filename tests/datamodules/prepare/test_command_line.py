"""Specification of the command line: what it takes, what it says, and its exit status."""

import subprocess
import sys
from pathlib import Path

import pytest

from datamodules.prepare.command_line import main
from tests.conftest import REPOSITORY
from tests.datamodules.prepare.conftest import Listed


@pytest.mark.slow
def test_the_process_ends_with_status_1_where_something_is_wrong(listed: Listed) -> None:
    assert listed.run("verify") == 0
    command = [sys.executable, "-m", "datamodules.prepare", "verify", *listed.data()]
    (listed.folder / "a" / "one.mp4").unlink()
    finished = subprocess.run(command, cwd=REPOSITORY, capture_output=True, text=True)
    assert finished.returncode == 1
    assert "1 of 1 videos are missing" in " ".join(finished.stdout.split())


def test_an_experiment_names_the_data_and_the_rest_of_it_is_ignored(
    listed: Listed, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    experiment = tmp_path / "experiment.yaml"
    experiment.write_text(
        f"run_dir: runs/x\ntrainer: {{max_epochs: 3}}\nmodel: {{network: {{class_path: X}}}}\n"
        f"data:\n  class_path: VideoList\n  init_args:\n    source: {listed.csv}\n"
        "    num_segments: 13\n"
    )
    assert main(["index", f"--config={experiment}", f"--data.index_dir={listed.index}"]) == 0
    assert "under 13 frames" in capsys.readouterr().out


def test_an_experiment_may_keep_its_data_in_a_file_of_its_own(
    listed: Listed, tmp_path: Path
) -> None:
    (tmp_path / "data.yaml").write_text(
        f"class_path: VideoList\ninit_args: {{source: {listed.csv}, index_dir: {listed.index}}}\n"
    )
    (tmp_path / "experiment.yaml").write_text("data: data.yaml\n")
    assert main(["index", "--config", str(tmp_path / "experiment.yaml")]) == 0


@pytest.mark.parametrize(
    ("content", "reason"), [("trainer: {}\n", "has no section data"), ("a: [", "is not YAML")]
)
def test_a_config_that_names_no_data_is_refused(
    content: str, reason: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "experiment.yaml").write_text(content)
    assert main(["index", "--config", str(tmp_path / "experiment.yaml")]) == 1
    message = capsys.readouterr().err
    assert reason in message
    assert message.count("\n") == 1


def test_an_unknown_data_set_lists_the_known_ones(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["verify", "--data", "Kinetics"])
    assert caught.value.code == 2
    message = capsys.readouterr().err
    assert "--data: no class Kinetics; did you mean Kinetics400? there are" in message
    assert "Kinetics400" in message
    assert "VideoList" in message


def test_a_data_set_must_be_named(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main(["verify"])
    assert caught.value.code == 2
    assert "--data or --config must name one of HMDB51, " in capsys.readouterr().err


@pytest.mark.parametrize(
    "arguments", [["--splits", "dev"], ["--jobs", "0"], ["--data.sauce", "x"], ["--colour"]]
)
def test_bad_usage_ends_with_status_2(arguments: list[str], listed: Listed) -> None:
    with pytest.raises(SystemExit) as caught:
        listed.run("verify", *arguments)
    assert caught.value.code == 2


def test_an_error_of_a_data_set_is_reported_in_one_line(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["verify", "--data=VideoList", "--data.source=absent.csv"]) == 1
    message = capsys.readouterr().err
    file = Path.cwd() / "absent.csv"
    assert message == f"error: {file}: no such csv; give its path, or a folder of class folders\n"


@pytest.mark.parametrize("command", ["index", "verify", "transcode"])
def test_help_is_given(command: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as caught:
        main([command, "--help"])
    assert caught.value.code == 0
    assert "--splits" in capsys.readouterr().out
