"""``python -m experiments.predict``: videos in, a table and files out."""

import csv
import re
import shutil
from pathlib import Path
from typing import Any
from unittest.mock import Mock

import numpy as np
import pytest
import torch
from numpy.typing import NDArray

from datamodules import DataError, VideoList
from datamodules.decoding.video import scan
from datamodules.decoding.write_video import write_video
from datamodules.packs import find
from datamodules.prepare.pack import pack_videos
from experiments.fuse import read_scores
from experiments.inference import Features, Recognizer
from experiments.inference.files import PredictionFiles
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


def test_videos_of_the_same_name_are_told_apart(
    predict: Predict, videos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    shutil.move(videos / "deep" / "er" / "b.mp4", videos / "deep" / "er" / "a.mp4")
    predict(videos)
    printed = capsys.readouterr().out
    assert re.search(r"^a\.mp4 ", printed, re.MULTILINE)
    assert re.search(r"^deep/er/a\.mp4 ", printed, re.MULTILINE)


def test_labels_of_a_csv_are_counted_as_classes_of_the_network(
    predict: Predict, recognizer: Recognizer, videos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    best, *_, worst = recognizer(videos / "a.mp4")
    shutil.copy(videos / "a.mp4", videos / "c.mp4")
    rows = f"path,label\na.mp4,{best}\ndeep/er/b.mp4,{worst}\na.mp4,\nc.mp4,cat\n"
    (videos / "new.csv").write_text(rows)
    folder = predict(videos / "new.csv")
    printed = capsys.readouterr().out
    assert "1 label not counted, because the network has no such class: 'cat'" in printed
    told = "top-1 50.00 %, mean class accuracy 50.00 % (2 of 3 videos have a label, 2 of 8 classes)"
    assert told in printed
    assert [row["label"] for row in rows_of(folder / "new_1x1.csv")] == [best, worst, ""]
    names = recognizer.class_names
    expected = [names.index(best), names.index(worst), -1]
    assert table_of(folder / "new_1x1.pt")["labels"].tolist() == expected
    (videos / "new.csv").write_text(f"{rows}a.mp4,{worst}\n")
    with pytest.raises(DataError, match=r"line 6: .*a.mp4 has two labels"):
        predict(videos / "new.csv")


def test_windows_slide_over_the_video_to_its_end(
    predict: Predict, recognizer: Recognizer, clip: Path
) -> None:
    folder = predict(clip, "--window=11f", "--stride=4f")
    rows = rows_of(folder / f"{clip.stem}_1x1_windows_11f_4f.csv")
    spans = [(int(row["start_frame"]), int(row["end_frame"])) for row in rows]
    assert spans == [(0, 11), (4, 15), (7, 18)]
    rate = scan(clip).fps
    assert [float(row["start"]) for row in rows] == pytest.approx([0, 4 / rate, 7 / rate], abs=1e-3)
    table = table_of(folder / f"{clip.stem}_1x1_windows_11f_4f.pt")
    assert table["scores"].shape == (3, 8)
    assert table["end"][-1].item() == pytest.approx(18 / rate)
    whole = table_of(predict(clip, "--window=18f") / f"{clip.stem}_1x1_windows_18f_18f.pt")
    torch.testing.assert_close(whole["scores"][0], recognizer.logits(clip))
    assert len(list(folder.glob("*_windows_*.csv"))) == 2


def test_a_video_that_is_shorter_than_a_window_is_one_window_and_counted(
    predict: Predict, videos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    write_video(videos / "long.mp4", np.full((40, 32, 32, 3), 90, dtype=np.uint8))
    rows = rows_of(predict(videos, "--window=30f") / "videos_1x1_windows_30f_30f.csv")
    assert [int(row["end_frame"]) for row in rows] == [18, 18, 30, 40]
    assert "2 of 3 videos are shorter than --window 30f" in capsys.readouterr().out


def test_features_are_written_beside_the_scores(
    predict: Predict, recognizer: Recognizer, videos: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = predict(videos, "--features", "--stage=res3") / "videos_1x1_features_res3.pt"
    assert str(file) in capsys.readouterr().out
    table = table_of(file)
    assert table["frames"].shape == (2, 1, 4, 128)
    assert table["stage"] == "res3"
    expected = recognizer.features(table["paths"][1], "res3")
    torch.testing.assert_close(table["clips"][1], expected.clip)
    last = table_of(predict(videos, "--features") / "videos_1x1_features_classifier_input.pt")
    torch.testing.assert_close(last["clips"][1], recognizer.features(table["paths"][1]).clip)
    assert file.is_file()


def test_an_interrupted_prediction_goes_on_where_it_was(
    predict: Predict,
    recognizer: Recognizer,
    videos: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    arguments = (videos, "--features", "--window=11f", "--render")
    scored: list[Path] = []
    score = Recognizer.features_of_views

    def interrupted(self: Recognizer, views: torch.Tensor, stage: str | None = None) -> Features:
        scored.append(videos)
        if len(scored) == 2:
            raise KeyboardInterrupt
        return score(self, views, stage)

    monkeypatch.setattr(Recognizer, "features_of_views", interrupted)
    with pytest.raises(KeyboardInterrupt):
        predict(*arguments)
    assert "keeps what was predicted" in capsys.readouterr().out
    folder = predict(*arguments)
    assert "1 of 2 videos were predicted before; going on" in capsys.readouterr().out
    assert len(scored) == 3
    resumed = {file.name: file.read_bytes() for file in folder.glob("*.*")}
    assert {path.name for path in folder.iterdir() if path.is_dir()} == {
        "videos_1x1_render_11f_11f"
    }
    predict(*arguments)
    assert resumed == {file.name: file.read_bytes() for file in folder.glob("*.*")}


def test_a_video_that_has_changed_since_an_interruption_is_predicted_again(
    predict: Predict, videos: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    grey = np.full((9, 32, 32, 3), 90, dtype=np.uint8)
    for number in range(2):
        write_image(videos / "frames" / f"{number}.png", grey)
    with monkeypatch.context() as patch:
        patch.setattr(PredictionFiles, "write", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            predict(videos)
    write_video(videos / "a.mp4", grey)
    write_image(videos / "frames" / "1.png", grey + 1)
    scored: list[int] = []
    score = Recognizer.logits_of_views

    def counted(self: Recognizer, views: torch.Tensor) -> torch.Tensor:
        scored.append(len(views))
        return score(self, views)

    monkeypatch.setattr(Recognizer, "logits_of_views", counted)
    assert len(rows_of(predict(videos) / "videos_1x1.csv")) == 3
    assert len(scored) == 2


def test_a_pack_that_was_written_anew_since_an_interruption_is_predicted_again(
    predict: Predict, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = tmp_path / "pack"
    write_pack(pack, grey=90)
    with monkeypatch.context() as patch:
        patch.setattr(PredictionFiles, "write", Mock(side_effect=KeyboardInterrupt))
        with pytest.raises(KeyboardInterrupt):
            predict(pack / "list.csv")
    shutil.rmtree(pack)
    write_pack(pack, grey=200)
    monkeypatch.setattr(find, "_open_packs", {})  # as in a new process
    (row,) = rows_of(predict(pack / "list.csv") / "list_1x1.csv")
    (pack / "other.csv").write_text((pack / "list.csv").read_text())
    (fresh,) = rows_of(predict(pack / "other.csv") / "other_1x1.csv")
    assert row == fresh


def write_pack(folder: Path, grey: int) -> None:
    """Pack one video of a given grey."""
    loose = folder.parent / "loose"
    write_video(loose / "a.mp4", np.full((9, 32, 32, 3), grey, dtype=np.uint8))
    (loose / "list.csv").write_text("path,label\na.mp4,0\n")
    settings: dict[str, Any] = {"num_classes": 2, "val_fraction": 0, "test_fraction": 0}
    data = VideoList(str(loose / "list.csv"), index_dir=str(folder.parent / "index"), **settings)
    assert pack_videos(data, (), None, folder)


def write_image(file: Path, frames: NDArray[np.uint8]) -> None:
    """Write the first frame as an image."""
    write_video(file, frames[:1], codec="png", pixel_format="rgb24")


def test_predictions_of_another_list_or_checkpoint_never_take_the_place_of_others(
    predict: Predict, run_dir: Path, videos: Path
) -> None:
    last = run_dir / "checkpoints" / "last.ckpt"
    folder = predict(videos, run=last)
    first = (folder / "videos_1x1.pt").read_bytes()
    predict(videos, run=last)
    assert len(list(folder.glob("*.pt"))) == 1
    predict(videos / "a.mp4", videos / "a.mp4", run=last)  # another list of the name videos
    assert len(list(folder.glob("videos_1x1*.pt"))) == 2
    predict(videos, run=run_dir / "checkpoints" / "best.ckpt")
    assert len(list(folder.glob("videos_1x1*.pt"))) == 3
    train_on(last)
    predict(videos / "a.mp4", videos / "a.mp4", run=last)  # other weights and another list
    assert (folder / "videos_1x1.pt").read_bytes() == first


def train_on(checkpoint: Path) -> None:
    """Let a checkpoint hold other weights."""
    content = torch.load(checkpoint, weights_only=True)
    for value in content["state_dict"].values():
        if value.is_floating_point():
            value.mul_(1.01)
    torch.save(content, checkpoint)


def test_all_files_of_one_name_are_of_the_same_weights(
    predict: Predict, run_dir: Path, clip: Path
) -> None:
    last = run_dir / "checkpoints" / "last.ckpt"
    folder = predict(clip, "--features", "--window=11f", "--render", run=last)
    endings = {path.name.removeprefix(f"{clip.stem}_1x1") for path in folder.iterdir()}
    assert len(endings) == 6
    step = table_of(folder / f"{clip.stem}_1x1.pt")["origin"]["step"]
    train_on(last)
    predict(clip, run=last)
    names = {path.name for path in folder.iterdir()}
    assert names >= {f"{clip.stem}_1x1.csv", f"{clip.stem}_1x1.pt"}
    former = {name for name in names if name.startswith(f"{clip.stem}_1x1-step{step}-")}
    assert len(former) == 6
    assert len(names) == 8


def test_renderings_in_a_folder_of_videos_are_no_videos(
    videos: Path, trained_once: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    options = [f"--ckpt_path={trained_once}", "--device=cpu", f"--output={videos / 'out'}"]
    main([str(videos), "--render", *options])
    capsys.readouterr()
    main([str(videos), *options])
    assert "2 videos of earlier predictions are ignored" in capsys.readouterr().out
    assert len(rows_of(videos / "out" / "videos_1x1.csv")) == 2


def test_an_unreadable_video_is_named_and_the_others_are_predicted(
    predict: Predict, videos: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (videos / "b.mp4").write_text("hello")
    with pytest.raises(RunError, match="1 of 3 videos could not be predicted"):
        predict(videos)
    assert f"left out: {videos / 'b.mp4'}: does not decode" in capsys.readouterr().err
    assert len(rows_of(tmp_path / "predictions" / "videos_1x1.csv")) == 2


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("{videos}/none.mp4",), "none.mp4: no such file or folder"),
        (("{videos}/notes.txt",), "notes.txt: does not decode"),
        (("{empty}",), "empty: holds no video, at any depth"),
        (("{videos}/a.mp4", "--render", "--stage=res9"), "stage res9: is none of this network's"),
        (("{videos}/a.mp4", "--render", "--stage=res5"), "--stage res5: its output is no map"),
        (("{videos}/a.mp4", "--window=4f", "--stride=5f"), "--stride 5f exceeds --window 4f"),
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
        (("--stride=4s",), "--stride: needs --window"),
        (("--stage=res4",), "--stage: needs --features or --render"),
    ],
)
def test_wrong_usage_is_one_line(
    arguments: tuple[str, ...], message: str, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit):
        main(["clip.mp4", "--ckpt_path=runs/a", *arguments])
    assert capsys.readouterr().err.startswith(f"error: {message}")
