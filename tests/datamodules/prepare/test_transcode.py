"""Specification of ``transcode``: every frame, upright, resized; resumable and atomic."""

import csv
import json
import os
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from av.video.stream import VideoStream
from PIL import Image

from datamodules.decoding.frame_folder import scan_folder
from datamodules.decoding.read_frames import read_frames
from datamodules.decoding.video_scan import scan_video
from datamodules.prepare import transcode
from datamodules.prepare.copies import write_copy
from datamodules.prepare.transcode_settings import TranscodeSettings
from datamodules.video_list import VideoList
from tests.datamodules.prepare.conftest import Listed
from tests.small_disk import small_disk


def test_every_frame_is_kept_in_order(listed: Listed) -> None:
    assert listed.transcode() == 0
    copy = listed.output / "b" / "three.mp4"
    reds = read_frames(copy, range(14))[:, 0].double().mean(dim=(1, 2)) / 15
    assert reds.round().int().tolist() == list(range(14))
    assert scan_video(copy).header_frames == 14


def test_keyframes_come_often(listed: Listed) -> None:
    assert listed.transcode("--keyframe_interval=4") == 0
    assert (
        scan_video(listed.output / "b" / "three.mp4").keyframes >= 4
    )  # and more where scenes change


def test_the_short_side_is_shrunk_to_even_sizes_and_never_enlarged(listed: Listed) -> None:
    assert listed.transcode("--short_side=33") == 0
    facts = scan_video(listed.output / "a" / "one.mp4")
    assert (facts.width, facts.height) == (48, 32)
    assert TranscodeSettings(short_side=256).fit(96, 64) == (96, 64)


def test_colours_stay_whatever_their_range_and_matrix(listed: Listed) -> None:
    gradient = np.indices((64, 96)).sum(0)[..., None] * np.array([1, 1.5, 0.5]) + 10
    image = np.clip(gradient, 0, 255).astype(np.uint8)
    path = listed.add("full.mp4", 0, "train")
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25, options={"crf": "1"})
        assert isinstance(stream, VideoStream)
        stream.width, stream.height, stream.pix_fmt = 96, 64, "yuvj420p"
        stream.codec_context.colorspace, stream.codec_context.color_range = 1, 2
        for _ in range(9):
            frame = av.VideoFrame.from_ndarray(image, format="rgb24")
            container.mux(
                stream.encode(
                    frame.reformat(format="yuvj420p", dst_colorspace=1, dst_color_range=2)
                )
            )
        container.mux(stream.encode(None))
    assert listed.transcode("--crf=5") == 0
    copied = read_frames(listed.output / "full.mp4", [4])[0].permute(1, 2, 0).numpy()
    assert np.abs(copied.astype(int) - image).mean() < 2


def test_a_turned_video_is_stored_upright_and_without_sound(listed: Listed) -> None:
    plain = listed.folder / "a" / "one.mp4"
    turned = listed.add("turned.mov", 0, "train")
    with av.open(str(plain)) as source, av.open(str(turned), "w") as target:
        video = target.add_stream_from_template(source.streams.video[0])
        video.set_display_rotation(90)
        sound = target.add_stream("aac", rate=16000)
        silence = av.AudioFrame.from_ndarray(np.zeros((1, 1024), np.float32), "fltp", "mono")
        silence.sample_rate, silence.pts = 16000, 0
        for packet in source.demux(video=0):
            if packet.size:
                packet.stream = video
                target.mux(packet)
        target.mux(sound.encode(silence))
        target.mux(sound.encode(None))
    assert listed.transcode() == 0
    with av.open(str(listed.output / "turned.mp4")) as container:
        assert [stream.type for stream in container.streams] == ["video"]
    copied = read_frames(listed.output / "turned.mp4", [5])
    assert copied.shape == (1, 3, 96, 64)
    assert (copied.int() - read_frames(turned, [5]).int()).abs().double().mean() < 3


def test_images_are_written_as_a_folder_that_reads_the_same(listed: Listed) -> None:
    assert listed.transcode("--format=jpeg", "--jpeg_quality=98") == 0
    folder = listed.output / "b" / "three"
    assert sorted(path.name for path in folder.iterdir())[0::13] == ["000001.jpg", "000014.jpg"]
    assert scan_folder(folder).frames == 14
    again = VideoList(str(listed.output / "list.csv"), index_dir=str(listed.index))
    assert again.load_records("test").frames.tolist() == [14]


def test_folders_of_images_become_files(listed: Listed) -> None:
    folder = listed.add("frames/100218", 0, "train")
    folder.mkdir(parents=True)
    for number in range(1, 10):
        Image.new("RGB", (65, 49), (number * 20, 0, 0)).save(folder / f"{number:05d}.jpg")
    assert listed.transcode() == 0
    reds = read_frames(listed.output / "frames" / "100218.mp4", range(9))[:, 0].double()
    assert (reds.mean(dim=(1, 2)) / 20).round().int().tolist() == list(range(1, 10))


def test_frames_per_second_are_kept(listed: Listed) -> None:
    assert listed.transcode() == 0
    with av.open(str(listed.output / "a" / "one.mp4")) as container:
        assert container.streams.video[0].average_rate == Fraction(25)


def test_the_copied_list_names_the_copies_and_keeps_its_columns(listed: Listed) -> None:
    assert listed.transcode() == 0
    rows = list(csv.DictReader((listed.output / "list.csv").open()))
    assert [row["path"] for row in rows] == ["a/one.mp4", "a/two.mp4", "b/three.mp4"]
    assert rows[2]["note"] == "said of b/three.mp4"


def test_a_list_with_semicolons_and_blanks_is_copied_too(listed: Listed) -> None:
    text = listed.csv.read_text().replace(",", " ; ").replace("path", "Path")
    listed.csv.write_text("\ufeff" + text + "\n;;;;\n")
    assert listed.transcode() == 0
    copied = VideoList(str(listed.output / "list.csv"), index_dir=str(listed.index))
    assert copied.paths == [
        str(listed.output / name) for name in ("a/one.mp4", "a/two.mp4", "b/three.mp4")
    ]
    assert copied.splits.tolist() == ["train", "val", "test"]


def test_finished_copies_are_skipped_and_outdated_ones_replaced(listed: Listed) -> None:
    listed.transcode()
    first, second = listed.output / "a" / "one.mp4", listed.output / "a" / "two.mp4"
    before = [path.stat().st_mtime_ns for path in (first, second)]
    later = second.stat().st_mtime_ns + 1
    os.utime(listed.folder / "a" / "two.mp4", ns=(later, later))
    assert listed.transcode() == 0
    after = [path.stat().st_mtime_ns for path in (first, second)]
    assert after[0] == before[0]
    assert after[1] > before[1]


def test_an_interrupted_run_is_continued(
    listed: Listed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def stop_at_the_second(source: Path, *rest: object) -> None:
        if source.name == "two.mp4":
            raise KeyboardInterrupt
        write_copy(source, *rest)  # type: ignore[arg-type]

    with monkeypatch.context() as patch:
        patch.setattr(transcode, "write_copy", stop_at_the_second)
        assert listed.transcode("--jobs=1") == 130
    assert capsys.readouterr().err.strip().endswith("the same command continues from there")
    kept = listed.output / "a" / "one.mp4"
    before = kept.stat().st_mtime_ns
    assert sorted(path.name for path in (listed.output / "a").iterdir()) == ["one.mp4"]
    assert listed.transcode() == 0
    assert kept.stat().st_mtime_ns == before
    assert (listed.output / "a" / "two.mp4").exists()


def test_a_video_that_fails_is_listed_and_others_go_on(
    listed: Listed, capsys: pytest.CaptureFixture[str]
) -> None:
    damaged = listed.folder / "a" / "one.mp4"
    damaged.write_text("no video")
    (listed.folder / "a" / "two.mp4").unlink()
    assert listed.transcode() == 1
    assert [path.name for path in listed.output.rglob("*.mp4")] == ["three.mp4"]
    shown = capsys.readouterr().out
    assert f"{damaged}: does not decode" in shown
    assert "two.mp4: is missing" in shown


def test_a_copy_that_lacks_frames_is_refused(
    listed: Listed, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr("datamodules.prepare.copies.count_frames", lambda path: 11)
    assert listed.transcode() == 1
    assert "one.mp4: has 12 frames, its copy 11" in capsys.readouterr().out
    assert not list(listed.output.rglob("*.mp4"))


def test_the_record_tells_settings_versions_and_quality(listed: Listed) -> None:
    listed.transcode("--crf=12")
    record = json.loads((listed.output / "transcode.json").read_text())
    assert record["settings"]["crf"] == 12
    assert record["versions"]["av"] == av.__version__
    assert record["psnr"]["least_db"] > 35
    assert (record["videos"], record["frames"], record["failed"]) == (3, 12 + 13 + 14, [])


def test_a_full_disk_is_one_line(listed: Listed, capsys: pytest.CaptureFixture[str]) -> None:
    listed.run("index")
    with small_disk():
        assert listed.transcode() == 1
    message = capsys.readouterr().err
    assert message.startswith(f"error: {listed.output / 'transcode.json'}: cannot be written (")
    assert message.endswith("; make room, or choose another place\n")


def test_copies_of_other_settings_are_not_mixed(
    listed: Listed, capsys: pytest.CaptureFixture[str]
) -> None:
    listed.transcode()
    assert listed.transcode("--crf=30") == 1
    assert "were made with other settings" in capsys.readouterr().err


def test_two_videos_of_one_name_are_refused(
    listed: Listed, capsys: pytest.CaptureFixture[str]
) -> None:
    listed.add("a/one.avi", 0, "train").write_bytes(b"")
    assert listed.transcode() == 1
    assert "copies of both would be" in capsys.readouterr().err


def test_the_sources_are_never_overwritten(
    listed: Listed, capsys: pytest.CaptureFixture[str]
) -> None:
    listed.output = listed.folder
    assert listed.transcode() == 1
    assert "choose an output elsewhere" in capsys.readouterr().err


@pytest.mark.parametrize("option", ["--crf=52", "--short_side=0", "--jpeg_quality=0"])
def test_impossible_settings_are_refused(option: str, listed: Listed) -> None:
    assert listed.transcode(option) == 1
    assert not listed.output.exists()
