"""Specification of ``verify``: what is wrong, what is only noted, and the report."""

import json
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

from datamodules.base import VideoDataModule
from datamodules.errors import DataError
from datamodules.lists.annotations import Annotations
from datamodules.lists.splitting import Split
from datamodules.prepare.command_line import main
from datamodules.prepare.verify import verify_lists, verify_videos
from datamodules.video_list import VideoList
from tests.datamodules.layouts import something_v2
from tests.datamodules.prepare.conftest import Listed


class Published(VideoDataModule):
    """A data set with official counts, whose test list is withheld, and which loses videos."""

    class_names = ("run", "jump")

    def __init__(self, folder: Path, videos: dict[Split, list[str]], official: int) -> None:
        super().__init__(index_dir=str(folder / "index"))
        self.videos = videos
        self.official = official

    def annotations(self, split: Split) -> Annotations:
        if split not in self.videos:
            raise DataError(f"{split}.csv: no such list")
        paths = self.videos[split]
        return Annotations(paths, [n % 2 for n in range(len(paths))], self.official)

    def missing_list(self, split: Split) -> Path | None:
        return self.index.file.parent / f"{split}.missing.txt"


def report_of(listed: Listed) -> dict[str, Any]:
    (file,) = listed.index.glob("*.verify.json")
    content: dict[str, Any] = json.loads(file.read_text())
    return content


def verdicts(listed: Listed) -> set[tuple[str, str, str]]:
    findings = report_of(listed)["findings"]
    return {(found["split"], found["kind"], found["verdict"]) for found in findings}


def test_missing_and_unreadable_videos_are_wrong(
    listed: Listed, capsys: pytest.CaptureFixture[str]
) -> None:
    (listed.folder / "a" / "one.mp4").write_text("no video")
    (listed.folder / "a" / "two.mp4").unlink()
    assert listed.run("verify") == 1
    assert {("train", "unreadable", "wrong"), ("val", "missing", "wrong")} <= verdicts(listed)
    assert f"{listed.folder / 'a' / 'one.mp4'}: does not decode" in capsys.readouterr().out


def test_the_report_lets_training_leave_out_what_is_unreadable(listed: Listed) -> None:
    damaged = listed.add("a/four.mp4", 0, "train")
    damaged.write_text("no video")
    assert listed.run("verify") == 1
    data = VideoList(str(listed.csv), index_dir=str(listed.index), skip_unreadable=True)
    assert data.load_records("train").frames.tolist() == [12]
    assert str(data.coverage["train"]) == "1 of 2 videos (1 skipped as unreadable)"


def test_the_report_is_written_for_people_too(listed: Listed) -> None:
    (listed.folder / "a" / "one.mp4").unlink()
    listed.run("verify")
    (file,) = listed.index.glob("*.verify.md")
    assert "- **train, missing**: 1 of 1 videos are missing" in file.read_text()
    assert f"`{listed.folder / 'a' / 'one.mp4'}`" in file.read_text()


def test_short_videos_and_classes_without_videos_are_noted(listed: Listed) -> None:
    assert listed.run("verify", "--data.num_segments=13") == 0
    assert {("train", "short", "noted"), ("train", "classes", "noted")} <= verdicts(listed)
    assert ("test", "short", "noted") not in verdicts(listed)


def test_headers_that_claim_other_counts_are_noted(listed: Listed, data_folder: Path) -> None:
    clip = data_folder / "ut_interaction" / "set1" / "0_1_4.avi"
    listed.add(str(clip), 0, "train")
    assert listed.run("verify", "--splits", "train") == 0
    (finding,) = [f for f in report_of(listed)["findings"] if f["kind"] == "header"]
    assert finding["verdict"] == "noted"
    assert finding["items"][0].startswith(f"{clip}: 108 frames decode, its header claims ")


@pytest.mark.parametrize("damage", ["cut", "cut with a proper end", "another size", "no image"])
def test_every_image_of_a_folder_is_decoded(damage: str, listed: Listed) -> None:
    folder = listed.add("frames", 0, "train")
    folder.mkdir()
    noise = np.random.default_rng(0).integers(256, size=(48, 64, 3), dtype=np.uint8)
    for number in range(1, 10):
        Image.fromarray(noise).save(folder / f"{number:05d}.jpg")
    assert listed.run("verify") == 0
    image = folder / "00007.jpg"
    whole = image.read_bytes()
    if damage == "another size":
        Image.fromarray(noise[:40]).save(image)
    elif damage == "no image":
        image.write_text("")
    else:
        image.write_bytes(whole[: len(whole) // 2] + (b"\xff\xd9" if "end" in damage else b""))
    assert listed.run("verify") == 1
    assert str(folder) in report_of(listed)["unreadable"]
    (finding,) = [f for f in report_of(listed)["findings"] if f["kind"] == "unreadable"]
    assert finding["items"][0].startswith(f"{image}: ")


def test_lists_are_checked_without_videos(
    listed: Listed, capsys: pytest.CaptureFixture[str]
) -> None:
    for video in listed.folder.rglob("*.mp4"):
        video.unlink()
    assert listed.run("verify", "--lists_only") == 0
    assert "1 of 2 classes have no video listed" in " ".join(capsys.readouterr().out.split())
    assert not list(listed.folder.rglob("*.verify.json"))


def test_a_withheld_test_list_is_noted_and_other_splits_go_on(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    data = Published(tmp_path, {"train": ["a", "b"], "val": ["c", "d"]}, official=2)
    assert verify_lists(data, [])
    assert "test.csv: no such list" in " ".join(capsys.readouterr().out.split())


@pytest.mark.parametrize("split", ["train", "test"])
def test_a_list_that_is_needed_or_asked_for_is_wrong_if_absent(
    split: Split, tmp_path: Path
) -> None:
    videos: dict[Split, list[str]] = {"train": ["a", "b"], "val": ["c", "d"], "test": ["e", "f"]}
    del videos[split]
    assert not verify_lists(Published(tmp_path, videos, official=2), ["train", "val", "test"])


def test_a_data_set_without_any_list_is_refused(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"train\.csv: no such list"):
        verify_lists(Published(tmp_path, {}, official=2), [])


def test_a_count_other_than_the_official_one_is_wrong(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert not verify_lists(Published(tmp_path, {"val": ["a", "b"]}, official=19906), ["val"])
    assert "2 videos listed, 19,906 in the official list" in " ".join(
        capsys.readouterr().out.split()
    )


@pytest.mark.parametrize(("options", "status"), [([], 1), (["--data.check_counts=false"], 0)])
@pytest.mark.parametrize("lists_only", [["--lists_only"], []])
def test_a_subset_is_wrong_unless_counts_are_not_to_be_checked(
    lists_only: list[str],
    options: list[str],
    status: int,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    root = something_v2(tmp_path / "data", (5, 8))["root"]
    data = ["--data=SomethingSomethingV2", f"--data.root={root}"]
    given = [*data, f"--data.index_dir={tmp_path / 'index'}", "--splits", "train", "val"]
    assert main(["verify", *given, *options, *lists_only]) == status
    shown = " ".join(capsys.readouterr().out.split())
    if not status:
        assert "2 videos listed, 168,913 in the official list" in shown
        assert "findings are wrong" not in shown


def test_videos_without_label_are_of_no_class(
    listed: Listed, capsys: pytest.CaptureFixture[str]
) -> None:
    listed.csv.write_text("path,label,split\na/one.mp4,0,train\nb/three.mp4,,test\n")
    assert listed.run("verify", "--lists_only", "--data.num_classes=2") == 0
    (row,) = [line for line in capsys.readouterr().out.splitlines() if "of 2 │" in line]
    assert [cell.strip() for cell in row.split("│")[2:4]] == ["1 of 2", "0 of 2"]


def test_missing_videos_are_noted_where_a_data_set_loses_them(
    listed: Listed, tmp_path: Path
) -> None:
    there = str(listed.folder / "a" / "one.mp4")
    data = Published(tmp_path, {"val": [there, str(tmp_path / "expired.mp4")]}, official=2)
    assert verify_videos(data, ["val"], jobs=1)
    report = json.loads(data.report_file.read_text())
    assert report["unreadable"] == {}
    texts = [finding["text"] for finding in report["findings"]]
    assert "1 of 2 videos are missing" in texts


def test_all_videos_missing_is_wrong_everywhere(tmp_path: Path) -> None:
    data = Published(tmp_path, {"val": [str(tmp_path / "x"), str(tmp_path / "y")]}, official=2)
    assert not verify_videos(data, ["val"], jobs=1)


def test_relative_paths_are_reported_like_others(
    listed: Listed, monkeypatch: pytest.MonkeyPatch
) -> None:
    (listed.folder / "a" / "one.mp4").write_text("no video")
    monkeypatch.chdir(listed.folder)
    arguments = ["--data=VideoList", "--data.source=list.csv", f"--data.index_dir={listed.index}"]
    assert main(["verify", *arguments]) == 1
    (file,) = listed.index.glob("*.verify.json")
    assert list(json.loads(file.read_text())["unreadable"]) == [
        str(listed.folder / "a" / "one.mp4")
    ]


def test_images_that_are_not_read_are_counted(listed: Listed) -> None:
    folder = listed.add("frames", 0, "train")
    folder.mkdir()
    for name in ("img_1.png", "img_2.png", "flow_x_1.png", "._img_1.png"):
        Image.new("RGB", (64, 48)).save(folder / name)
    assert listed.run("verify") == 0
    (finding,) = [f for f in report_of(listed)["findings"] if f["kind"] == "other images"]
    assert finding["verdict"] == "noted"
    assert finding["text"].startswith("2 images in 1 folders are not read")


def test_a_png_named_jpg_is_no_damaged_jpeg(listed: Listed) -> None:
    folder = listed.add("frames", 0, "train")
    folder.mkdir()
    Image.new("RGB", (64, 48)).save(folder / "00001.jpg", "PNG")
    assert listed.run("verify") == 0


def test_what_is_not_read_is_noted_with_the_counts_of_a_training(
    tmp_path: Path, listed: Listed
) -> None:
    clip = (listed.folder / "a" / "one.mp4").read_bytes()
    root = tmp_path / "folders"
    for name in ("run/a.mp4", "jump/b.mp4", "sit/c.mp4", "run/p1/d.mp4", "run/e.xyz", "@eaDir/f"):
        (root / name).parent.mkdir(parents=True, exist_ok=True)
        (root / name).write_bytes(clip)
    data = VideoList(str(root), index_dir=str(listed.index))
    assert verify_videos(data, [], jobs=1)
    (finding,) = [f for f in report_of(listed)["findings"] if f["kind"] == "not read"]
    assert (finding["split"], finding["verdict"]) == ("all", "noted")
    assert finding["text"] == str(data.ignored)
    assert data.ignored.as_dict() == {
        "hidden or system folders": 1,
        "files of unknown endings": 1,
        "videos deeper than <class>/<video>": 1,
    }


def test_what_is_not_read_of_a_published_data_set_is_noted(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    root = Path(something_v2(tmp_path / "data", (5, 8))["root"])
    (root / "300.webm.part").touch()
    data = [f"--data.root={root}", f"--data.index_dir={tmp_path / 'index'}"]
    counts = ["--data.check_counts=false", "--splits", "train", "val", "--lists_only"]
    assert main(["verify", "--data=SomethingSomethingV2", *data, *counts]) == 0
    shown = capsys.readouterr().out
    assert "4 files of unknown endings" in shown
    assert ".part" in shown


def test_one_video_in_the_lists_of_train_and_test_is_refused(tmp_path: Path) -> None:
    data = Published(tmp_path, {"train": ["a", "b"], "val": ["c"], "test": ["b"]}, official=2)
    with pytest.raises(DataError, match="b: is in the lists of train and test"):
        verify_lists(data, [])
