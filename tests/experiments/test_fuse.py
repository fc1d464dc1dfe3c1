"""python -m experiments.fuse: ensembles, means over splits, submissions."""

from pathlib import Path

import pytest
import torch

from experiments.fuse import fuse_files, main, read_scores
from lightning_modules import RunError
from tests.experiments.grid.conftest import write_predictions

ONE = [[3.0, 1.0], [0.2, 0.0]]
TWO = [[0.0, 1.0], [0.0, 3.0]]


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
    assert capsys.readouterr().out == "top-1 100.00 %, top-5 100.00 %, 2 videos\n"


def test_videos_are_joined_by_name_not_by_place(tmp_path: Path, files: list[Path]) -> None:
    paths = ["1.mp4", "0.mp4"]
    other = write_predictions(tmp_path / "other.pt", TWO[::-1], [1, 0], paths)
    fused = fuse_files([files[0], other])
    assert torch.equal(fused.scores, fuse_files(files).scores)


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


def test_a_file_that_is_none_is_refused(tmp_path: Path) -> None:
    (tmp_path / "odd.pt").write_text("odd")
    for name, named in (("odd.pt", "not a prediction file"), ("no.pt", "no such file")):
        with pytest.raises(RunError, match=named):
            main([str(tmp_path / name)])


def test_as_many_weights_as_files(files: list[Path]) -> None:
    with pytest.raises(RunError, match="--weights: 1 for 2 files"):
        main([*map(str, files), "--weights", "1"])


def test_the_mean_over_splits(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    one = write_predictions(tmp_path / "1.pt", ONE, [0, 1], ["a.avi", "b.avi"])
    two = write_predictions(tmp_path / "2.pt", [[1.0, 0.0]], [0], ["c.avi"])
    main(["--mean", str(one), str(two)])
    top1, top5 = capsys.readouterr().out.splitlines()
    assert top1 == "top-1 75.00 %, the mean of 50.00, 100.00"
    assert top5 == "top-5 100.00 %, the mean of 100.00, 100.00"


def test_a_fused_file_can_be_fused_again(files: list[Path], tmp_path: Path) -> None:
    main([*map(str, files), "--output", str(tmp_path / "both.pt")])
    assert read_scores(tmp_path / "both.pt").accuracy(1) == 1.0


@pytest.mark.parametrize(
    ("version", "lines"),
    [("v1", ["7;b", "12;a"]), ("v2", ["7;1;3;0;2;4", "12;0;1;2;3;4"])],
)
def test_a_submission_of_unlabelled_videos(
    tmp_path: Path, version: str, lines: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    scores = [[3.0, 9.0, 2.0, 5.0, 1.0, 0.0], [9.0, 8.0, 7.0, 6.0, 5.0, 4.0]]
    paths = ["videos/7.webm", "frames/12"]
    file = write_predictions(tmp_path / "test.pt", scores, [-1, -1], paths)
    main([str(file), "--submission", version, str(tmp_path / "submission.csv")])
    assert (tmp_path / "submission.csv").read_text().splitlines() == lines
    assert "top-1" not in capsys.readouterr().out


@pytest.mark.parametrize(("version", "named"), [("v3", "write v1 or v2"), ("v2", "not a video of")])
def test_a_wrong_submission_is_refused(
    files: list[Path], tmp_path: Path, version: str, named: str
) -> None:
    odd = write_predictions(tmp_path / "odd.pt", ONE, [0, 1], ["a.mp4", "b.mp4"])
    with pytest.raises(RunError, match=named):
        main([str(odd), "--submission", version, str(tmp_path / "submission.csv")])
