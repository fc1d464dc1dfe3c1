"""python -m experiments.fuse: ensembles, means over splits, submissions."""

import os
from pathlib import Path
from typing import Any

import pytest
import torch

from experiments.fuse import fuse_files, main, read_scores
from lightning_modules import RunError
from lightning_modules.callbacks import PredictionsFile
from tests.conftest import Run
from tests.experiments.grid.conftest import write_predictions
from tests.small_disk import small_disk

ONE = [[3.0, 1.0], [0.2, 0.0]]
TWO = [[0.0, 1.0], [0.0, 3.0]]
HIDDEN = [-1, -1]
SOMETHING = ["7.webm", "12.webm"]


@pytest.fixture
def files(tmp_path: Path) -> list[Path]:
    """Two files that are each half right, on different videos."""
    return [
        write_predictions(tmp_path / "one.pt", ONE, [0, 1]),
        write_predictions(tmp_path / "two.pt", TWO, [0, 1]),
    ]


def test_scores_are_added(files: list[Path], capsys: pytest.CaptureFixture[str]) -> None:
    assert [read_scores(file).accuracy(1) for file in files] == [0.5, 0.5]
    main([str(file) for file in files])
    assert capsys.readouterr().out == "top-1 100.00 %, top-5 n/a, 2 videos\n"


def test_only_videos_with_labels_are_counted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    main([str(write_predictions(tmp_path / "some.pt", ONE, [0, -1]))])
    assert capsys.readouterr().out == "top-1 100.00 %, top-5 n/a, 1 video\n"


def test_videos_are_joined_by_name_not_by_place(tmp_path: Path, files: list[Path]) -> None:
    paths = ["1.mp4", "0.mp4"]
    other = write_predictions(tmp_path / "other.pt", TWO[::-1], [1, 0], paths)
    fused = fuse_files([files[0], other])
    assert torch.equal(fused.scores, fuse_files(files).scores)


@pytest.mark.parametrize("mean", [[], ["--mean"]])
def test_other_protocols_are_refused_unless_they_are_asked_for(
    files: list[Path], mean: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    for file, protocol in zip(files, ("1x1", "10x3"), strict=True):
        torch.save({**torch.load(file), "origin": {"protocol": protocol}}, file)
    command = [*map(str, files), *mean]
    with pytest.raises(RunError, match=r"two\.pt is of protocol 10x3, .*one\.pt of 1x1: predict"):
        main(command)
    main([*command, "--mixed-protocols"])
    assert "top-1" in capsys.readouterr().out


def test_a_fused_file_keeps_the_protocol_of_its_files(files: list[Path], tmp_path: Path) -> None:
    origins = [
        {"protocol": "10x3", "split": "val", "data": "sthv1", "weights": weights}
        for weights in ("1f", "2e")
    ]
    for file, origin in zip(files, origins, strict=True):
        torch.save({**torch.load(file), "origin": origin}, file)
    fused, one_view = tmp_path / "fused.pt", tmp_path / "one_view.pt"
    main([*map(str, files), f"--output={fused}"])
    assert torch.load(fused)["origin"] == {"protocol": "10x3", "split": "val", "data": "sthv1"}
    torch.save({**torch.load(files[0]), "origin": {"protocol": "1x1"}}, one_view)
    with pytest.raises(RunError, match=r"one_view\.pt is of protocol 1x1, .*fused\.pt of 10x3"):
        main([str(fused), str(one_view)])
    mixed = tmp_path / "mixed.pt"
    main([str(fused), str(one_view), "--mixed-protocols", f"--output={mixed}"])
    for file, protocol in ((fused, "10x3"), (one_view, "1x1")):
        with pytest.raises(RunError, match=rf"is of protocol {protocol}, .*mixed\.pt of 10x3\+1x1"):
            main([str(mixed), str(file)])


def test_weights_and_probabilities(files: list[Path]) -> None:
    assert fuse_files(files, [1.0, 0.0]).scores.tolist() == torch.tensor(ONE).tolist()
    total = fuse_files(files, kind="softmax").scores.sum(dim=1)
    assert total.tolist() == pytest.approx([2.0, 2.0])


@pytest.mark.parametrize(
    ("change", "named"),
    [
        ({"labels": [1, 1]}, "differ in the label of 0.mp4"),
        ({"paths": ["0.mp4", "2.mp4"]}, "only one of them has 1.mp4"),
        ({"paths": ["0.mp4", "0.mp4"]}, "has a video twice"),
        ({"scores": [[0.0, 1.0, 2.0], [0.0, 3.0, 1.0]]}, "has other classes"),
    ],
)
def test_files_that_do_not_belong_together_are_refused(
    files: list[Path], tmp_path: Path, change: dict[str, list[str]], named: str
) -> None:
    arguments = {"scores": TWO, "labels": [0, 1], **change}
    odd = write_predictions(tmp_path / "odd.pt", **arguments)  # type: ignore[arg-type]
    with pytest.raises(RunError, match=named):
        main([str(files[0]), str(odd)])


def test_a_file_without_predictions_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.pt").write_text("odd")
    for name, named in (("odd.pt", "not a prediction file"), ("no.pt", "no such file")):
        with pytest.raises(RunError, match=named):
            main([str(tmp_path / name)])


@pytest.mark.parametrize(
    "change",
    [
        {"scores": torch.tensor(ONE[:1])},
        {"scores": torch.tensor([[3.0], [0.2]])},
        {"scores": ONE},
        {"labels": torch.tensor([0])},
        {"labels": torch.tensor([0, 1, 0])},
        {"paths": ["0.mp4"]},
        {"paths": None},
        {"class_names": ["a", "b", "c"]},
    ],
    ids=[
        *("a video's scores are missing", "a class's scores are missing", "no tensor"),
        *("a label is missing", "a label too many", "a path is missing", "no paths", "other names"),
    ],
)
def test_a_prediction_file_with_parts_that_do_not_fit_is_refused(
    files: list[Path], change: dict[str, Any]
) -> None:
    torch.save({**torch.load(files[1], weights_only=True), **change}, files[1])
    with pytest.raises(RunError, match=r"two\.pt: not a prediction file"):
        main([*map(str, files)])


@pytest.mark.parametrize("score", [float("nan"), float("inf"), -float("inf")])
@pytest.mark.parametrize("options", [[], ["--mean"], ["--kind", "softmax"]])
def test_scores_that_are_not_finite_are_refused(
    files: list[Path],
    tmp_path: Path,
    score: float,
    options: list[str],
    capsys: pytest.CaptureFixture[str],
) -> None:
    odd = write_predictions(tmp_path / "odd.pt", [[3.0, 1.0], [1.0, score]], [0, 1])
    with pytest.raises(RunError, match=r"odd\.pt: has scores .* first for 1\.mp4"):
        main([str(files[0]), str(odd), *options])
    assert not capsys.readouterr().out


def test_as_many_weights_as_files(files: list[Path]) -> None:
    with pytest.raises(RunError, match="--weights: 1 for 2 files"):
        main([*map(str, files), "--weights", "1"])


def test_weights_are_finite(files: list[Path]) -> None:
    with pytest.raises(RunError, match=r"--weights 1\.0 nan: must be finite"):
        main([*map(str, files), "--weights", "1", "nan"])


def test_the_mean_over_splits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = write_predictions(tmp_path / "1.pt", ONE, [0, 1], ["a.avi", "b.avi"])
    two = write_predictions(tmp_path / "2.pt", [[1.0, 0.0]], [0], ["c.avi"])
    main(["--mean", str(one), str(two)])
    (top1,) = capsys.readouterr().out.splitlines()  # top-5 of two classes says nothing
    assert top1 == "top-1 75.00 %, the mean of 50.00, 100.00"


@pytest.mark.parametrize(
    "options",
    [["--output", "x.pt"], ["--submission", "v1", "x.csv"], ["--weights", "1", "2"]],
    ids=lambda options: options[0],
)
def test_the_mean_goes_with_nothing_that_fuses(
    files: list[Path],
    options: list[str],
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.chdir(tmp_path)
    with pytest.raises(RunError, match=f"{options[0]}: cannot be used with --mean"):
        main([*map(str, files), "--mean", *options])
    assert not capsys.readouterr().out
    assert sorted(tmp_path.iterdir()) == files


def test_without_labels_the_scores_are_kept_or_nothing_is_done(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_predictions(tmp_path / "new.pt", ONE, HIDDEN)
    with pytest.raises(RunError, match=r"these videos have no labels, .* add --output or"):
        main([str(file)])
    main([str(file), "--output", str(tmp_path / "fused.pt")])
    assert capsys.readouterr().out == f"{tmp_path / 'fused.pt'}: 2 videos\n"


def test_a_fused_file_can_be_fused_again(files: list[Path], tmp_path: Path) -> None:
    main([*map(str, files), "--output", str(tmp_path / "both.pt")])
    assert read_scores(tmp_path / "both.pt").accuracy(1) == 1.0


def test_the_folder_of_a_fused_file_is_made(files: list[Path], tmp_path: Path) -> None:
    output = tmp_path / "no" / "such" / "x.pt"
    main([*map(str, files), "--output", str(output)])
    assert read_scores(output).accuracy(1) == 1.0


def test_output_and_submission_need_two_places(tmp_path: Path) -> None:
    file = write_predictions(tmp_path / "one.pt", ONE, HIDDEN, SOMETHING)
    both = str(tmp_path / "both")
    with pytest.raises(RunError, match=r"--output and --submission: both are .*both; choose two"):
        main([str(file), "--output", both, "--submission", "v1", both])
    assert list(tmp_path.iterdir()) == [file]


@pytest.mark.parametrize("options", [["--output"], ["--submission", "v1"]], ids=str)
@pytest.mark.parametrize("place", [".", "one.pt/x", "one.pt/x/y", "pipe"])
def test_a_place_where_nothing_can_be_written_is_refused(
    tmp_path: Path, options: list[str], place: str, capsys: pytest.CaptureFixture[str]
) -> None:
    file = write_predictions(tmp_path / "one.pt", ONE, HIDDEN, SOMETHING)
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(RunError, match=r"cannot be written \("):
        main([str(file), *options, str(tmp_path / place)])
    assert not capsys.readouterr().out
    assert sorted(tmp_path.iterdir()) == [file, tmp_path / "pipe"]
    assert (tmp_path / "pipe").is_fifo()


def test_a_fused_file_is_written_completely_or_not_at_all(
    files: list[Path], tmp_path: Path
) -> None:
    with small_disk(), pytest.raises(RunError, match=r"two\.pt: cannot be written \("):
        main([*map(str, files), "--output", str(files[1])])
    assert read_scores(files[1]).scores.tolist() == TWO
    assert sorted(tmp_path.iterdir()) == files


def test_predictions_are_written_completely_or_not_at_all(
    run_dir: Path,
    tiny_run: Run,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    folder = run_dir / "predictions"
    tiny_run("predict", "--ckpt_path=last")
    before = {file.name: file.read_bytes() for file in folder.iterdir()}
    assert before.keys() == {"test_1x1.csv", "test_1x1.pt"}
    write = PredictionsFile.on_predict_end

    def write_on_a_small_disk(*args: Any) -> None:
        with small_disk():
            write(*args)

    monkeypatch.setattr(PredictionsFile, "on_predict_end", write_on_a_small_disk)
    with pytest.raises(SystemExit, match="cannot be written"):
        tiny_run("predict", "--ckpt_path=last")
    assert {file.name: file.read_bytes() for file in folder.iterdir()} == before
    capsys.readouterr()
    main([str(folder / "test_1x1.pt")])
    assert capsys.readouterr().out.endswith(" 8 videos\n")


@pytest.mark.parametrize(
    ("version", "lines"),
    [("v1", ["7;b", "12;a"]), ("v2", ["7;1;3;0;2;4", "12;0;1;2;3;4"])],
)
def test_a_submission_of_unlabelled_videos(
    tmp_path: Path, version: str, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    scores = [[3.0, 9.0, 2.0, 5.0, 1.0, 0.0], [9.0, 8.0, 7.0, 6.0, 5.0, 4.0]]
    paths = ["videos/7.webm", "frames/12"]
    file = write_predictions(tmp_path / "test.pt", scores, HIDDEN, paths)
    main([str(file), "--submission", version, str(tmp_path / "submission.csv")])
    assert (tmp_path / "submission.csv").read_text().splitlines() == lines
    assert "top-1" not in capsys.readouterr().out


@pytest.mark.parametrize(
    ("version", "labels", "paths", "named"),
    [
        ("v9", HIDDEN, SOMETHING, "--submission v9: write v1 or v2"),
        ("v2", HIDDEN, ["a.mp4", "b.mp4"], "a.mp4: not a video of"),
        ("v1", [0, 1], SOMETHING, "2 of 2 videos have labels, such as 7.webm, .*hidden test list"),
        ("v1", [-1, 1], SOMETHING, "1 of 2 videos have labels, such as 12.webm"),
    ],
)
def test_a_wrong_submission_is_refused_before_anything_is_written(
    tmp_path: Path,
    version: str,
    labels: list[int],
    paths: list[str],
    named: str,
    capsys: pytest.CaptureFixture[str],
) -> None:
    file = write_predictions(tmp_path / "odd.pt", ONE, labels, paths)
    both = ["--output", str(tmp_path / "x.pt"), "--submission", version, str(tmp_path / "x.csv")]
    with pytest.raises(RunError, match=named):
        main([str(file), *both])
    assert not capsys.readouterr().out
    assert list(tmp_path.iterdir()) == [file]


def test_the_usage_names_the_command(capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit):
        main(["--help"])
    assert capsys.readouterr().out.startswith("usage: python -m experiments.fuse ")


def test_options_are_not_abbreviated(files: list[Path]) -> None:
    with pytest.raises(SystemExit):
        main([*map(str, files), "--me"])
