"""``python -m experiments.predict``: videos in, a table and files out."""

import csv
import re
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from datamodules import DataError
from datamodules.decoding.write_video import write_video
from experiments.fuse import read_scores
from experiments.inference import Recognizer
from experiments.predict import main
from lightning_modules import RunError
from tests.experiments.inference.conftest import Predict


def rows_of(file: Path) -> list[dict[str, str]]:
    """Read a csv."""
    with file.open(newline="") as stream:
        return list(csv.DictReader(stream))


def table_of(file: Path) -> dict[str, Any]:
    """Read tensors."""
    table: dict[str, Any] = torch.load(file, weights_only=True)
    return table


def test_a_video_needs_nothing_but_the_run(
    predict: Predict, recognizer: Recognizer, clip: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    folder = predict(clip)
    scores = recognizer(clip)
    (row,) = rows_of(folder / f"{clip.stem}_1x1.csv")
    assert [row[f"top{rank}"] for rank in range(1, 6)] == list(scores)[:5]
    printed = capsys.readouterr().out
    for name in list(scores)[:5]:
        assert re.search(rf"{name} +{100 * scores[name]:.1f} ", printed)
    table = read_scores(folder / f"{clip.stem}_1x1.pt")  # experiments.fuse takes it
    assert dict(zip(table.class_names, table.scores[0].softmax(0).tolist(), strict=True)) == (
        pytest.approx(scores)
    )


def test_folders_csvs_and_several_files_are_predicted(predict: Predict, videos: Path) -> None:
    (videos / "list.csv").write_text("path,label\na.mp4,\n")
    assert len(rows_of(predict(videos) / "videos_1x1.csv")) == 2
    assert len(rows_of(predict(videos / "list.csv") / "list_1x1.csv")) == 1
    both = rows_of(predict(videos / "a.mp4", videos / "deep", "--protocol=2x1") / "videos_2x1.csv")
    assert [Path(row["path"]).name for row in both] == ["a.mp4", "b.mp4"]


def test_windows_slide_over_the_video_to_its_end(
    predict: Predict, recognizer: Recognizer, clip: Path
) -> None:
    folder = predict(clip, "--window=11f", "--stride=4f")
    rows = rows_of(folder / f"{clip.stem}_1x1_windows.csv")
    spans = [(float(row["start"]), float(row["end"])) for row in rows]
    rate = 11 / (spans[0][1] - spans[0][0])
    assert [round(start * rate) for start, _ in spans] == [0, 4, 7]
    table = table_of(folder / f"{clip.stem}_1x1_windows.pt")
    assert table["scores"].shape == (3, 8)
    assert table["end"][-1].item() == pytest.approx(18 / rate)
    whole = table_of(predict(clip, "--window=18f") / f"{clip.stem}_1x1_windows.pt")
    torch.testing.assert_close(whole["scores"][0], recognizer.logits(clip))


def test_features_are_written_beside_the_scores(
    predict: Predict, recognizer: Recognizer, videos: Path
) -> None:
    table = table_of(predict(videos, "--features", "--stage=res3") / "videos_1x1_features.pt")
    assert table["frames"].shape == (2, 1, 4, 128)
    expected = recognizer.features(table["paths"][1], "res3")
    torch.testing.assert_close(table["clips"][1], expected.clip)


def test_predictions_of_another_checkpoint_or_video_never_take_their_place(
    predict: Predict, run_dir: Path, videos: Path
) -> None:
    folder = predict(videos)
    predict(videos)
    assert len(list(folder.glob("*.pt"))) == 1
    predict(videos / "a.mp4", videos / "a.mp4", run=run_dir / "checkpoints" / "last.ckpt")
    assert len(list(folder.glob("videos_1x1*.pt"))) == 2


def test_an_unreadable_video_is_named_and_the_others_are_predicted(
    predict: Predict, videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (videos / "b.mp4").write_text("hello")
    with pytest.raises(RunError, match="1 of 3 videos are left out"):
        predict(videos)
    assert f"left out: {videos / 'b.mp4'}: does not decode" in capsys.readouterr().err
    assert len(rows_of(tmp_path / "predictions" / "videos_1x1.csv")) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("{videos}/none.mp4",), "none.mp4: no such file or folder"),
        (("{videos}/notes.txt",), "notes.txt: does not decode"),
        (("{empty}",), "empty: holds no video, at any depth"),
        (("{videos}/a.mp4", "--window=100f"), "a.mp4: has 18 frames .* fewer than the 100"),
        (("{videos}/a.mp4", "--stage=res9"), "stage res9: is none of this network's"),
        (("{videos}/a.mp4", "--protocol=3"), "protocol='3': write <clips>x<crops>"),
    ],
)
def test_bad_input_is_one_line(
    arguments: tuple[str, ...], message: str, predict: Predict, videos: Path, tmp_path: Path
) -> None:
    (tmp_path / "empty").mkdir()
    (videos / "notes.txt").write_text("hello")
    given = [text.format(videos=videos, empty=tmp_path / "empty") for text in arguments]
    with pytest.raises((RunError, DataError), match=message):
        predict(*given)
    assert not (tmp_path / "predictions").exists()


def test_an_output_that_cannot_be_written_is_refused_before_any_work(
    predict: Predict, clip: Path, tmp_path: Path
) -> None:
    (tmp_path / "predictions").write_text("")
    with pytest.raises(RunError, match="predictions cannot be written; choose another folder"):
        predict(clip)


def test_seconds_need_a_frame_rate(predict: Predict, tmp_path: Path) -> None:
    frame = np.full((1, 32, 32, 3), 90, dtype=np.uint8)
    for number in range(4):
        write_video(tmp_path / "f" / f"{number}.png", frame, codec="png", pixel_format="rgb24")
    with pytest.raises(RunError, match="f: has no frame rate, so 1s cannot be measured in it"):
        predict(tmp_path / "f", "--window=1s")


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("--window=4",), "--window: 4: write seconds or frames"),
        (("--window=0s",), "--window: 0s: write seconds or frames"),
        (("--stride=4s",), "--stride: is of windows; give --window, too"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["clip.mp4", "--ckpt_path=runs/a", *arguments])
    assert capsys.readouterr().err.startswith(f"error: {message}")
