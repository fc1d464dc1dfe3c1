"""`python -m experiments.compare`: rows of a grid side by side, from saved predictions."""

from pathlib import Path

import pytest
from torch.utils.tensorboard import SummaryWriter

from datamodules import DataError
from experiments.compare.__main__ import main
from lightning_modules import RunError
from tests.experiments.grid.conftest import HEAD, write_predictions

ROWS = """predictions: true
rows:
  plain: {}
  better: {overrides: {model.size: 2}}
  best: {overrides: {model.size: 3}}
"""
RIGHT = {"plain": 10, "better": 16, "best": 20}
FOLDERS = {"plain": "base", "better": "base-size_2", "best": "base-size_3"}
CLIPS = 40


@pytest.fixture
def grid(tmp_path: Path) -> Path:
    """A grid of three rows, two of which have predictions of two seeds: half a, half b."""
    (tmp_path / "grids").mkdir()
    (tmp_path / "base.yaml").write_text("{}\n")
    file = tmp_path / "grids" / "tiny.yaml"
    file.write_text(HEAD + ROWS)
    for label in ("plain", "better"):
        for seed in (0, 1):
            write_run(tmp_path, label, seed, RIGHT[label] + 2 * seed)
    return file


def write_run(folder: Path, label: str, seed: int, right: int, first: str = "0") -> None:
    """Write the predictions of a run that is right for the first clips of each of two classes."""
    labels = [number % 2 for number in range(CLIPS)]
    scores = [
        [float((label == 0) == (number // 2 < right)), float((label == 1) == (number // 2 < right))]
        for number, label in enumerate(labels)
    ]
    paths = [f"{first}{number:02}.mp4" for number in range(CLIPS)]
    file = folder / "runs" / f"{FOLDERS[label]}-seed{seed}" / "predictions" / "test_1x1.pt"
    write_predictions(file, scores, labels, paths)


def compare(grid: Path, *arguments: str) -> None:
    """Run the program with the grid's own runs."""
    main([str(grid), f"--runs={grid.parents[1] / 'runs'}", *arguments])


def cells(text: str, label: str) -> list[str]:
    """Read the cells of a line of a table."""
    (line,) = [line for line in text.splitlines() if line.startswith(f"| {label} |")]
    return [cell.strip() for cell in line.strip("|").split("|")]


def test_every_row_has_its_mean_its_spread_and_its_difference_to_the_baseline(
    grid: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compare(grid, "--baseline=plain")
    said = capsys.readouterr().out
    assert cells(said, "plain") == ["plain", "0 1", "55.0 ± 7.1", ""]
    name, seeds, top1, difference = cells(said, "better")
    assert (name, seeds, top1) == ("better", "0 1", "85.0 ± 7.1")
    assert difference.startswith("**+30.0 [+")
    assert "40 test clips, 2 classes, protocol `1x1`" in said


def test_the_baseline_is_the_grid_s_unless_another_is_given(
    grid: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(RunError, match="names no baseline; give one of its rows as --baseline"):
        compare(grid)
    grid.write_text(grid.read_text().replace("predictions: true", "baseline: better"))
    compare(grid)
    assert "difference to better" in capsys.readouterr().out


def test_rows_without_predictions_are_named(grid: Path, capsys: pytest.CaptureFixture[str]) -> None:
    compare(grid, "--baseline=plain", "--steps", "best:better", "better:plain")
    said = capsys.readouterr().out
    assert "No predictions yet: best." in said
    assert "best - better" not in said
    assert cells(said, "better - plain")[2] == "12, 0, 0.00049; 12, 0, 0.00049"


def test_a_pair_of_classes_is_a_forced_choice(
    grid: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    compare(grid, "--baseline=plain", "--choices", "a:b")
    assert cells(capsys.readouterr().out, "better")[-1] == "85.0 ± 7.1"


def test_a_file_gets_its_pictures_beside_it(grid: Path) -> None:
    folder = grid.parents[1]
    for seed in (0, 1):
        with SummaryWriter(str(folder / "runs" / f"base-seed{seed}")) as writer:
            for epoch in range(3):
                writer.add_scalar("train/top1", 0.2 * epoch, epoch)
    output = folder / "docs" / "tiny.md"
    arguments = ("--choices", "a:b", "--confusion", "plain", f"--output={output}")
    compare(grid, "--baseline=plain", *arguments)
    assert cells(output.read_text(), "plain")[1] == "0 1"
    pictures = ["tiny_confusion_plain.png", "tiny_curves.png"]
    assert sorted(path.name for path in output.parent.glob("*.png")) == pictures


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["--baseline=worst"], "has no row worst to compare; it has plain, better, best"),
        (["--baseline=best"], "the row best has no predictions yet"),
        (["--baseline=plain", "--choices", "a:z"], "no class 'z'"),
        (["--baseline=plain", "--confusion", "worst"], "has no row worst to compare"),
        (["--baseline=plain", "--steps", "better:worst"], "has no row worst to compare"),
        (["--baseline=plain", "--confusion", "plain"], "--confusion: .*--choices .*add both"),
        (["--baseline=plain", "--confusion", "plain", "--choices", "a:b"], "--output; add both"),
        (["--baseline=plain", "--confusion", "plain", "--output=x.md"], "--choices .*add both"),
    ],
)
def test_what_cannot_be_compared_is_refused(arguments: list[str], message: str, grid: Path) -> None:
    with pytest.raises(RunError, match=message):
        compare(grid, *arguments)


def test_a_protocol_that_does_not_exist_is_refused(grid: Path) -> None:
    with pytest.raises(DataError, match="10x5"):
        compare(grid, "--baseline=plain", "--protocol=10x5")


def test_a_file_that_cannot_be_written_is_one_line(grid: Path) -> None:
    place = grid / "below_a_file" / "y.md"
    with pytest.raises(RunError, match=r"y\.md: cannot be written \(.*\)") as error:
        compare(grid, "--baseline=plain", f"--output={place}")
    assert "\n" not in str(error.value)


def test_rows_whose_labels_are_no_file_names_get_pictures_of_their_own(grid: Path) -> None:
    text = grid.read_text().replace("plain:", "a/b:").replace("better:", "a b + c:")
    grid.write_text(text)
    output = grid.parents[1] / "docs" / "tiny.md"
    rows = ("--choices", "a:b", "--confusion", "a/b", "a b + c")
    compare(grid, "--baseline=a/b", *rows, f"--output={output}")
    assert sorted(path.name for path in output.parent.glob("*.png")) == [
        "tiny_confusion_a b + c.png",
        "tiny_confusion_a%2Fb.png",
    ]


def test_rows_with_predictions_of_other_clips_are_refused(grid: Path) -> None:
    write_run(grid.parents[1], "best", 0, RIGHT["best"], first="other")
    with pytest.raises(RunError, match="rows plain and best predicted other clips"):
        compare(grid, "--baseline=plain")
