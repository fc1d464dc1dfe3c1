"""Specification of `video_scan` and what it makes possible: parts of a file, exactly as in order.

The frames of every file are compared with decoding the whole of it, whatever its headers say.
"""

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
import torch
from av.container import InputContainer
from av.video.frame import VideoFrame
from av.video.stream import VideoStream

from datamodules.decoding.build_index import MAX_ENTRIES
from datamodules.decoding.packet_cursor import decode_run
from datamodules.decoding.read_frames import decode_runs, read_frames
from datamodules.decoding.seek_index import NO_SEEK, SeekIndex
from datamodules.decoding.video_scan import scan_video
from datamodules.decoding.video_stream import open_video
from datamodules.decoding.write_video import write_video
from datamodules.errors import VideoDecodeError
from tests.datamodules.decoding.encoded import copy_packets, encode, noisy_frames
from tests.datamodules.decoding.exact import assert_exact, whole

Frames = Callable[..., np.ndarray]
GREY_STEP = 4
START = bytes([0, 0, 1])
PICTURE = START + b"\x65"  # H.264: an instantaneous refresh
ORIENTATION = (6, 47, 3)  # H.264: a message, on the orientation of the display, of three bytes
# Encoder, its options, ending. All but the first have frames that no other one refers to.
CODECS = {
    "h264 without b-frames": ("libx264", {"bf": "0", "g": "12"}, ".mp4"),
    "h264 pyramids": ("libx264", {"bf": "4", "b-pyramid": "normal", "g": "20"}, ".mp4"),
    "h264 open groups": ("libx264", {"bf": "3", "g": "10", "x264-params": "open-gop=1"}, ".mp4"),
    "h264 in one group": ("libx264", {"bf": "3", "g": "600"}, ".mkv"),
    "mpeg4": ("mpeg4", {"bf": "2", "g": "12", "b": "4M"}, ".avi"),
    "mpeg2": ("mpeg2video", {"bf": "2", "g": "9", "b": "4M"}, ".mpg"),
    "vp8": ("libvpx", {"g": "15", "deadline": "realtime"}, ".webm"),
    "vp9": ("libvpx-vp9", {"g": "15", "deadline": "realtime", "auto-alt-ref": "1"}, ".webm"),
    "hevc": ("libx265", {"g": "10", "x265-params": "log-level=none:open-gop=1"}, ".mp4"),
}


@pytest.fixture(params=CODECS)
def encoded(request: pytest.FixtureRequest, tmp_path: Path) -> Path:
    """Give 60 frames, each brighter than the last, in one codec after the other."""
    codec, options, ending = CODECS[request.param]
    path = tmp_path / f"steps{ending}"
    shades = np.arange(60, dtype=np.uint8)[:, None, None, None] * GREY_STEP
    frames = np.broadcast_to(shades, (60, 48, 64, 3))
    write_video(path, np.ascontiguousarray(frames), codec=codec, options=options)
    return path


def test_any_choice_of_frames_is_exact_in_every_codec(encoded: Path) -> None:
    facts = assert_exact(encoded)
    assert facts.seek_index
    frames = whole(encoded)
    for index in range(0, 60, 7):
        assert torch.equal(read_frames(encoded, [index], facts.seek_index), frames[[index]])


def test_all_frames_are_exact_in_every_codec(encoded: Path) -> None:
    facts = scan_video(encoded)
    assert torch.equal(read_frames(encoded, range(60), facts.seek_index), whole(encoded))


@pytest.mark.parametrize("start", [5, 12, 13, 29])
@pytest.mark.parametrize("group", ["12", "250"])
def test_a_file_cut_without_encoding_gets_a_seek_index(
    group: str, start: int, tmp_path: Path
) -> None:
    options = {"g": group, "bf": "3"}
    source = encode(tmp_path / "whole.mp4", "libx264", options=options, frames=noisy_frames(60))
    with av.open(str(source)) as container:
        times = sorted(packet.pts for packet in container.demux(video=0) if packet.pts is not None)
    path = cut_before(source, tmp_path / "cut.mp4", times[start])
    facts = assert_exact(path)
    assert facts.frames == 60 - start
    assert facts.seek_index


def cut_before(source: Path, target: Path, time: int) -> Path:
    """Copy from the keyframe before a time on, hidden up to it by an edit list, as ffmpeg does."""
    with av.open(str(source)) as container:
        packets: list[Any] = list(container.demux(video=0))
    first_dts = [p.dts for p in packets if p.is_keyframe and p.pts <= time][-1]

    def shift(number: int, packet: Any) -> bool:
        keep = bool(packet.dts >= first_dts)
        packet.pts -= time
        packet.dts -= time
        return keep

    return copy_packets(source, target, shift)


@pytest.mark.parametrize(("codec", "ending"), [("mjpeg", ".mov"), ("libx264", ".mp4")])
def test_a_scan_opens_a_file_of_any_number_of_keyframes_a_bounded_number_of_times(
    codec: str, ending: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pixel_format = "yuvj420p" if codec == "mjpeg" else "yuv420p"
    path = tmp_path / f"keyframes{ending}"
    frames = np.zeros((1500, 16, 16, 3), dtype=np.uint8)
    frames[:, 4, 4, 0] = np.arange(1500) % 200
    write_video(path, frames, codec=codec, pixel_format=pixel_format, options={"g": "1"})
    opened: list[Path] = []

    @contextmanager
    def count(path: Path) -> Iterator[tuple[InputContainer, VideoStream]]:
        opened.append(path)
        with open_video(path) as opening:
            yield opening

    for module in ("build_index", "read_frames", "video_scan"):
        monkeypatch.setattr(f"datamodules.decoding.{module}.open_video", count)
    facts = scan_video(path)
    assert len(opened) < MAX_ENTRIES + 10
    assert (facts.frames, facts.keyframes) == (1500, 1500)
    wanted = [0, 1, 700, 701, 1498, 1499]
    assert torch.equal(read_frames(path, wanted, facts.seek_index), whole(path)[wanted])


@pytest.mark.parametrize(
    ("codec", "options", "ending", "most"),
    [
        ("libx264", {"g": "60", "bf": "3"}, ".mp4", 60),
        ("mpeg4", {"g": "12", "bf": "0"}, ".avi", 330),  # headers may change unseen
        (
            "mpeg4",
            {"g": "60", "bf": "2", "sc_threshold": "1000000"},
            ".avi",
            260,
        ),  # a half of the B-frames is left out
    ],
)
def test_a_scan_decodes_few_frames_again(
    codec: str, options: dict[str, str], ending: str, most: int, tmp_path: Path,
    numbered_frames: Frames, monkeypatch: pytest.MonkeyPatch,
) -> None:  # fmt: skip
    path = tmp_path / f"long{ending}"
    write_video(path, numbered_frames(300, 32, 32), codec=codec, options=options)
    again: list[int] = []

    def count(*arguments: Any, **named: Any) -> Iterator[VideoFrame]:
        for frame in decode_run(*arguments, **named):
            again.append(1)
            yield frame

    for module in ("build_index", "read_frames"):
        monkeypatch.setattr(f"datamodules.decoding.{module}.decode_run", count)
    assert scan_video(path).frames == 300
    assert 0 < len(again) < most


def test_b_frames_of_every_kind_are_read_before_they_are_trusted(
    tmp_path: Path, numbered_frames: Frames, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "pairs.avi"
    options = {"bf": "2", "g": "60", "sc_threshold": "1000000"}
    write_video(path, numbered_frames(300, 32, 32), codec="mpeg4", options=options)
    assert scan_video(path).seek_index
    rare = 298  # the one B-frame that stands alone, as the file ends with a keyframe

    def break_rare(*arguments: Any) -> Iterator[tuple[int, VideoFrame]]:
        for index, frame in decode_runs(*arguments):
            if index != rare:
                yield index, frame

    monkeypatch.setattr("datamodules.decoding.build_index.decode_runs", break_rare)
    assert scan_video(path).seek_index == b""


def test_the_frames_are_those_that_were_encoded(encoded: Path) -> None:
    wanted = [59, 3, 31, 30, 58, 7]
    greys = (
        read_frames(encoded, wanted, scan_video(encoded).seek_index).double().mean(dim=(1, 2, 3))
    )
    assert (greys / GREY_STEP).round().int().tolist() == wanted


def test_only_what_is_needed_is_decoded(tmp_path: Path, numbered_frames: Frames) -> None:
    path = tmp_path / "groups.mp4"
    options = {"g": "10", "bf": "0", "sc_threshold": "0"}
    write_video(path, numbered_frames(120, 32, 32), options=options)
    index = SeekIndex.from_bytes(scan_video(path).seek_index)
    runs = [(run.entry.frame, run.packets) for run in index.plan([2, 95, 5, 97])]
    assert runs == [(0, [2, 5]), (90, [95, 97])]


def test_a_container_is_asked_for_a_far_frame(tmp_path: Path, numbered_frames: Frames) -> None:
    path = tmp_path / "long.mp4"
    options = {"g": "10", "sc_threshold": "0"}
    write_video(path, numbered_frames(200, 32, 32), options=options)
    facts = scan_video(path)
    entries = SeekIndex.from_bytes(facts.seek_index).entries
    assert [entry.frame for entry in entries] == list(range(0, 200, 10))
    assert all(entry.time != NO_SEEK for entry in entries[1:])
    assert torch.equal(read_frames(path, [195], facts.seek_index), whole(path)[[195]])


def test_a_keyframe_that_is_none_is_not_begun_with(tmp_path: Path, numbered_frames: Frames) -> None:
    first, second = tmp_path / "first.h264", tmp_path / "second.h264"
    for path, frames in (
        (first, numbered_frames(20, 32, 32)),
        (second, numbered_frames(5, 32, 32)),
    ):
        write_video(path, frames, options={"g": "10", "bf": "0"})
    joined = tmp_path / "joined.h264"
    joined.write_bytes(first.read_bytes() + second.read_bytes())
    assert_exact(joined)


@pytest.mark.parametrize("angle", [90, 180, 270])
def test_frames_are_turned_as_players_turn_them(angle: int, tmp_path: Path) -> None:
    path = tmp_path / "turned.mp4"
    image = np.zeros((16, 32, 3), dtype=np.uint8)
    image[:8, :8] = 255  # top left
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=5, options={"crf": "0"})
        stream.width, stream.height, stream.pix_fmt = 32, 16, "yuv420p"
        stream.set_display_rotation(angle)
        for _ in range(4):
            container.mux(stream.encode(VideoFrame.from_ndarray(image, format="rgb24")))
        container.mux(stream.encode(None))
    facts = scan_video(path)
    expected = np.rot90(image, angle // 90)  # counter-clockwise, as display matrices count
    assert (facts.height, facts.width) == expected.shape[:2]
    for seek_index in (b"", facts.seek_index):
        shown = read_frames(path, [2, 3], seek_index)[0].permute(1, 2, 0).numpy()
        assert shown.shape == expected.shape
        assert np.abs(shown.astype(int) - expected).max() < 4


def test_a_size_that_changes_by_turning_midway_is_refused(
    tmp_path: Path, numbered_frames: Frames
) -> None:
    path = tmp_path / "upright.h264"
    write_video(path, numbered_frames(6, 32, 48), options={"g": "1"})
    upright = path.read_bytes()
    upside_down, turned = (  # each picture asks to be turned
        upright.replace(PICTURE, START + bytes([*ORIENTATION, turn, 0, 0x14, 0x80]) + PICTURE)
        for turn in (0x10, 0x08)
    )
    path.write_bytes(turned)
    facts = scan_video(path)
    assert (facts.frames, facts.width, facts.height) == (6, 32, 48)
    path.write_bytes(upright + upside_down)
    assert scan_video(path).frames == 12
    path.write_bytes(upright + turned)
    with pytest.raises(VideoDecodeError) as caught:
        scan_video(path)
    assert str(caught.value).startswith(f"{path}: the size of its frames changes midway")


def test_an_edit_list_hides_frames_from_all_readers(
    tmp_path: Path, numbered_frames: Frames
) -> None:
    whole_file, cut = tmp_path / "whole.mp4", tmp_path / "cut.mp4"
    write_video(whole_file, numbered_frames(50, 32, 32), options={"g": "50", "bf": "2"})
    with av.open(str(whole_file)) as source, av.open(str(cut), "w") as target:
        stream = source.streams.video[0]
        copy = target.add_stream_from_template(stream)
        for packet in source.demux(stream):
            if packet.dts is not None and packet.pts is not None:
                packet.pts -= 12_800  # before zero: the muxer writes an edit list
                packet.dts -= 12_800
                packet.stream = copy
                target.mux(packet)
    facts = assert_exact(cut)
    assert facts.frames < 50


def test_frames_of_uneven_duration_count_one_by_one(tmp_path: Path) -> None:
    path = tmp_path / "uneven.mkv"
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=1000, options={"bf": "2"})
        stream.width, stream.height, stream.pix_fmt = 32, 32, "yuv420p"
        time = 0
        for index in range(40):
            image = np.full((32, 32, 3), index * 6, dtype=np.uint8)
            frame = VideoFrame.from_ndarray(image, format="rgb24")
            frame.pts, time = time, time + (1 if index % 3 else 97)
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    assert assert_exact(path).frames == 40


def test_a_file_that_changed_since_is_still_told_right(
    tmp_path: Path, numbered_frames: Frames
) -> None:
    path = tmp_path / "clip.mp4"
    write_video(path, numbered_frames(80, 32, 32), options={"g": "10", "bf": "0"})
    seek_index = scan_video(path).seek_index
    write_video(path, numbered_frames(80, 32, 32), options={"g": "80", "bf": "3"})
    with pytest.raises(VideoDecodeError, match=r"clip\.mp4"):
        read_frames(path, [75, 20], seek_index)


@pytest.mark.parametrize("ending", [".avi", ".mp4"])
def test_a_file_cut_in_half_is_refused(
    ending: str, tmp_path: Path, numbered_frames: Frames
) -> None:
    path = tmp_path / f"cut{ending}"
    codec = "mpeg4" if ending == ".avi" else "libx264"
    options = {"g": "1"} | ({"movflags": "faststart"} if ending == ".mp4" else {})
    frames = np.random.default_rng(0).integers(0, 255, (64, 64, 64, 3), dtype=np.uint8)
    write_video(path, frames, codec=codec, options=options)
    assert scan_video(path).frames == 64
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])
    with pytest.raises(VideoDecodeError) as caught:
        scan_video(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_all_wanted_frames_come_in_one_pass(encoded: Path) -> None:
    index = SeekIndex.from_bytes(scan_video(encoded).seek_index)
    for first in range(60):
        wanted = {first, (first + 17) % 60, (first * 7) % 60}
        given = [index for index, _ in decode_runs(encoded, index, wanted)]
        assert sorted(given) == sorted(wanted)
