"""A trained run predicts videos without labels, with the names of its own classes."""

import csv
import shutil
from pathlib import Path

import pytest
import torch

from tests.experiments.cli.test_command_line import stopped_with
from tests.experiments.small_lists import list_arguments, write_short
from train import main

LINES = ("path,label", "0.mp4,", "1.mp4,", "2.mp4,")


@pytest.fixture(scope="module")
def trained(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A run trained on class folders a and b, with a random split."""
    folder = tmp_path_factory.mktemp("folders")
    for name in ("a", "b"):
        for number in range(4):
            (folder / "videos" / name).mkdir(parents=True, exist_ok=True)
            write_short(folder / "videos" / name / f"{number}.mp4")
    main(["fit", *list_arguments(folder / "videos", folder / "run")])
    return folder / "run"


@pytest.fixture
def run_of_a_and_b(trained: Path, tmp_path: Path) -> Path:
    """The test's own copy of this run."""
    return Path(shutil.copytree(trained, tmp_path / "run_of_a_and_b"))


def write_new(folder: Path, *lines: str) -> Path:
    """Write three videos and a csv of them."""
    for number in range(3):
        write_short(folder / f"{number}.mp4")
    (folder / "new.csv").write_text("\n".join(lines))
    return folder / "new.csv"


def go(subcommand: str, run_dir: Path, source: Path, *flags: str) -> None:
    """Run a subcommand with a run's own configuration and other videos."""
    config = run_dir / "config.yaml"
    place = f"--run_dir={run_dir}"
    main([subcommand, f"--config={config}", place, f"--data.source={source}", *flags])


def refused(subcommand: str, run_dir: Path, source: Path, *flags: str) -> str:
    """Run a subcommand that is refused; return the message."""
    with pytest.raises(SystemExit) as error:
        go(subcommand, run_dir, source, *flags)
    return stopped_with(error)


def predicted(run_dir: Path) -> tuple[list[str], set[str], list[str]]:
    """Read names of the videos, classes of the csv, and class names of the tensors."""
    file = run_dir / "predictions" / "new_1x1.csv"  # beside test_1x1.csv, which it leaves alone
    rows = list(csv.DictReader(file.open(newline="")))
    assert {row["label"] for row in rows} == {""}
    table = torch.load(file.with_suffix(".pt"), weights_only=True)
    assert table["labels"].tolist() == [-1] * len(rows)
    named = {row[key] for row in rows for key in row if key.startswith("top")}
    return [Path(row["path"]).name for row in rows], named, table["class_names"]


def test_all_new_videos_are_predicted_with_the_class_names_of_the_training(
    run_of_a_and_b: Path, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    go("predict", run_of_a_and_b, write_new(tmp_path, *LINES), "--data.num_classes=2")
    videos = ["0.mp4", "1.mp4", "2.mp4"]
    assert predicted(run_of_a_and_b) == (videos, {"a", "b"}, ["a", "b"])
    assert not [warning for warning in recwarn if "other data" in str(warning.message)]


def test_a_list_of_new_videos_needs_no_column_of_labels(
    run_of_a_and_b: Path, tmp_path: Path
) -> None:
    source = write_new(tmp_path, "path", "0.mp4", "2.mp4")
    go("predict", run_of_a_and_b, source, "--data.num_classes=2")
    assert predicted(run_of_a_and_b) == (["0.mp4", "2.mp4"], {"a", "b"}, ["a", "b"])


def test_a_column_of_splits_selects_the_videos(run_of_a_and_b: Path, tmp_path: Path) -> None:
    lines = ("path,label,split", "0.mp4,,test", "1.mp4,,train", "2.mp4,,test")
    go("predict", run_of_a_and_b, write_new(tmp_path, *lines), "--data.num_classes=2")
    assert predicted(run_of_a_and_b)[0] == ["0.mp4", "2.mp4"]


def test_a_run_of_groups_that_predicts_another_split_needs_neither(
    run_of_a_and_b: Path, tmp_path: Path
) -> None:
    flags = ("--data.num_classes=2", "--data.predict_split=val", "--data.group_column=person")
    held_out = "--data.test_groups=[Ada]"
    go("predict", run_of_a_and_b, write_new(tmp_path, *LINES), *flags, held_out)
    assert len(predicted(run_of_a_and_b)[0]) == 3


def test_a_run_of_another_data_set_predicts_a_list(run_dir: Path, tmp_path: Path) -> None:
    source, config = write_new(tmp_path, *LINES), f"--config={run_dir / 'config.yaml'}"
    data = ("--data=VideoList", "--data.root=null", f"--data.source={source}")
    folders = (f"--data.index_dir={tmp_path}", f"--run_dir={run_dir}")
    main(["predict", config, *data, "--data.num_classes=8", *folders])
    videos, named, class_names = predicted(run_dir)
    assert len(videos) == 3
    assert named < set(class_names)
    assert not set(class_names) & set(map(str, range(8)))


def test_a_wrong_number_of_classes_is_refused_with_the_right_one(
    run_of_a_and_b: Path, tmp_path: Path
) -> None:
    source = write_new(tmp_path, *LINES)
    for allow in ("true", "false"):
        flags = ("--data.num_classes=3", f"--allow_other_data={allow}")
        assert "give --data.num_classes 2" in refused("predict", run_of_a_and_b, source, *flags)
    assert "to predict, set data.num_classes" in refused("predict", run_of_a_and_b, source)


def test_new_videos_need_the_input_settings_of_the_training(
    run_of_a_and_b: Path, tmp_path: Path
) -> None:
    flags = ("--data.num_classes=2", "--data.num_segments=2")
    message = refused("predict", run_of_a_and_b, write_new(tmp_path, *LINES), *flags)
    assert "num_segments is 4 in the checkpoint and 2 here" in message


@pytest.mark.parametrize("subcommand", ["fit", "validate", "test"])
def test_a_subcommand_that_needs_labels_refuses_a_list_without(
    subcommand: str, run_of_a_and_b: Path, tmp_path: Path
) -> None:
    source = write_new(tmp_path, *LINES)
    flags = ("--data.num_classes=2", "--ckpt_path=last", "--trainer.max_epochs=2")
    message = refused(subcommand, run_of_a_and_b, source, *flags)
    assert (
        f"{source}: no video has a label (column 'label'), but {subcommand} needs labels" in message
    )


def test_the_classes_of_a_list_with_one_label_are_compared(
    run_of_a_and_b: Path, tmp_path: Path
) -> None:
    rows = (f"{line},test" for line in (*LINES[1:3], "2.mp4,1"))
    source = write_new(tmp_path, "path,label,split", *rows)
    message = refused("predict", run_of_a_and_b, source, "--data.num_classes=2")
    assert "class 0 is 'a' in the checkpoint and '0' here" in message
