"""Specification of `starts`: where decoding can start is read from packets, and doubts are noticed.

Whatever the bitstream says or hides, the frames that a reader gets are those of decoding in order.
"""

import re
from itertools import pairwise
from pathlib import Path

import pytest

from datamodules.decoding.bitstream.frame_numbers import FrameNumbers, frame_number_bits
from datamodules.decoding.bitstream.starts import Starts, make_starts
from datamodules.decoding.seek_index import SeekIndex
from datamodules.decoding.video_stream import open_video, read_packets
from tests.datamodules.decoding.encoded import encode, noisy_frames
from tests.datamodules.decoding.exact import assert_exact

FIXED = {"sc_threshold": "0"}
START_CODE = re.compile(rb"\x00\x00\x01")
SLICE, REFERENCE = 1, 0x60

# Encoder, its options, ending, packets at which decoding can start.
CLEAR = {
    "h264 mp4": ("libx264", {"g": "10", "bf": "2", **FIXED}, ".mp4", {0, 10, 20}),
    "h264 in transport stream": ("libx264", {"g": "10", "bf": "0", **FIXED}, ".ts", {0, 10, 20}),
    "h264 pyramids": (
        "libx264",
        {"g": "15", "bf": "4", "x264-params": "b-pyramid=normal", **FIXED},
        ".mkv",
        {0, 15},
    ),
    "h264 slices": (
        "libx264",
        {"g": "15", "bf": "0", "x264-params": "slices=3", **FIXED},
        ".mkv",
        {0, 15},
    ),
    "hevc": ("libx265", {"x265-params": "keyint=10:min-keyint=10:open-gop=0"}, ".mp4", {0, 10, 20}),
    "vp9": (
        "libvpx-vp9",
        {"g": "10", "deadline": "realtime", "cpu-used": "8"},
        ".webm",
        {0, 10, 20},
    ),
}
# What makes a stream doubtful, or at least its keyframes after the first.
DOUBTFUL = {
    "h264 open groups": ("libx264", {"g": "10", "bf": "3", "x264-params": "open-gop=1"}, ".mkv"),
    "hevc layers": ("libx265", {"x265-params": "keyint=10:temporal-layers=3"}, ".mp4"),
    "vp8": ("libvpx", {"g": "10", "deadline": "realtime"}, ".webm"),
}


def starts_of(path: Path) -> Starts | None:
    """Read the packets of a file."""
    with open_video(path) as (container, stream):
        starts = make_starts(stream.codec_context)
        for packet in read_packets(container, stream):
            if starts:
                starts.take(bytes(packet), is_keyframe=packet.is_keyframe)
        return starts


def safe_starts(path: Path) -> frozenset[int]:
    """Return the packets at which the bitstream says that decoding can start."""
    starts = starts_of(path)
    return starts.safe() if starts else frozenset()


def entries(path: Path) -> list[int]:
    """Return the packets at which a reader starts; none without a seek index."""
    packed = assert_exact(path).seek_index
    return [entry.packet for entry in SeekIndex.from_bytes(packed).entries] if packed else []


@pytest.mark.parametrize("kind", CLEAR)
def test_starts_are_read_from_the_bitstream(kind: str, tmp_path: Path) -> None:
    codec, options, ending, expected = CLEAR[kind]
    path = encode(tmp_path / f"clip{ending}", codec, options=options)
    assert safe_starts(path) == expected
    assert set(entries(path)) == expected


@pytest.mark.parametrize("kind", DOUBTFUL)
def test_keyframes_that_are_no_clear_starts_are_tried_by_decoding(
    kind: str, tmp_path: Path
) -> None:
    codec, options, ending = DOUBTFUL[kind]
    path = encode(tmp_path / f"clip{ending}", codec, options=options)
    assert safe_starts(path) <= {0}
    assert len(entries(path)) > 1


def test_the_leading_pictures_of_an_open_group_belong_to_the_entry_before(tmp_path: Path) -> None:
    options = {"x265-params": "keyint=10:min-keyint=10:open-gop=1:bframes=3"}
    path = encode(tmp_path / "clip.mp4", "libx265", options=options, frames=noisy_frames(40))
    assert len(safe_starts(path)) > 2
    assert len(entries(path)) > 2


def test_parameters_that_change_are_a_doubt(tmp_path: Path) -> None:
    parts = [
        encode(
            tmp_path / f"{offset}.h264",
            "libx264",
            options={"g": "5", "x264-params": f"chroma-qp-offset={offset}"},
        ).read_bytes()
        for offset in (0, 6)
    ]
    joined = tmp_path / "joined.h264"
    joined.write_bytes(b"".join(parts))
    assert not safe_starts(joined)
    assert_exact(joined)


@pytest.mark.parametrize("group", ["1", "5"])
def test_an_encoder_whose_errors_are_imitated_is_a_doubt(group: str, tmp_path: Path) -> None:
    options = {"crf": "0", "g": group, "bf": "0", **FIXED}
    path = encode(tmp_path / "clip.mkv", "libx264rgb", pixel_format="rgb24", options=options)
    assert safe_starts(path) == set(range(0, 30, int(group)))
    content = re.sub(rb"x264 - core \d+", b"x264 - core 140", path.read_bytes())
    path.write_bytes(content)  # only the first packet names the encoder
    assert not safe_starts(path)
    assert_exact(path)


def count_after_skippable_pictures(stream: bytes, start: int) -> bytes:
    """Count one picture too many from the first non-reference picture after ``start`` slices on."""
    places = [match.end() for match in START_CODE.finditer(stream)]
    sets = [stream[a : b - 3].rstrip(b"\0") for a, b in pairwise(places)]
    width = frame_number_bits(next(unit for unit in sets if unit[0] & 0x1F == 7))
    assert width
    content = bytearray(stream)
    slices = [place for place in places if stream[place] & 0x1F == SLICE]
    first = next(i for i, at in enumerate(slices) if i > start and not stream[at] & REFERENCE)
    for at in slices[first + 1 :]:
        bits = "".join(f"{byte:08b}" for byte in content[at + 1 : at + 9])
        place = 0
        for _ in range(3):  # Exp-Golomb codes
            place = 2 * bits.index("1", place) - place + 1
        number = (int(bits[place : place + width], 2) + 1) % (1 << width)
        bits = bits[:place] + f"{number:0{width}b}" + bits[place + width :]
        content[at + 1 : at + 9] = int(bits, 2).to_bytes(8, "big")
    return bytes(content)


@pytest.mark.parametrize("start", [2, 40])
def test_an_encoder_that_counts_skippable_pictures_is_noticed_wherever_it_does(
    start: int, tmp_path: Path
) -> None:
    options = {"g": "250", "bf": "2", "x264-params": "b-pyramid=none:b-adapt=0:ref=3", **FIXED}
    path = encode(tmp_path / "clip.h264", "libx264", options=options, frames=noisy_frames(60))
    assert safe_starts(path) == {0}
    path.write_bytes(count_after_skippable_pictures(path.read_bytes(), start))
    assert not safe_starts(path)
    assert_exact(path)


def test_a_stream_without_its_parameter_set_is_a_doubt() -> None:
    assert not FrameNumbers().follows(b"\x65\x88\x84\x00")


def test_film_grain_is_a_doubt(tmp_path: Path) -> None:
    path = encode(tmp_path / "clip.h264", "libx264", options={"g": "10"})
    grain = b"\0\0\1\x06\x13\x01\x80\x80"
    with open_video(path) as (container, stream):
        starts = make_starts(stream.codec_context)
        assert starts
        for packet in read_packets(container, stream):
            starts.take(bytes(packet) + grain, is_keyframe=packet.is_keyframe)
    assert not starts.safe()


@pytest.mark.parametrize(
    ("options", "ending", "alike"),
    [({"g": "10", "bf": "0"}, ".avi", True), ({"g": "10", "bf": "2"}, ".avi", True)],
)
def test_headers_of_mpeg4_that_are_repeated_are_noticed(
    options: dict[str, str], ending: str, alike: bool, tmp_path: Path
) -> None:
    path = encode(tmp_path / f"clip{ending}", "mpeg4", options=options | FIXED)
    starts = starts_of(path)
    assert starts
    assert not starts.safe()
    assert (len(starts.alike()) > 2) == alike
    assert len(entries(path)) > 2


def test_headers_of_mpeg4_that_change_are_no_repetition(tmp_path: Path) -> None:
    path = encode(tmp_path / "clip.avi", "mpeg4", options={"g": "5", "bf": "0", **FIXED})
    with open_video(path) as (container, stream):
        starts = make_starts(stream.codec_context)
        assert starts
        for number, packet in enumerate(read_packets(container, stream)):
            user_data = b"\0\0\1\xb2Lavc1\0" if number in {0, 10} else b""
            starts.take(user_data + bytes(packet), is_keyframe=packet.is_keyframe)
    assert starts.alike() == {0, 10}


@pytest.mark.parametrize("codec", ["mpeg4", "msmpeg4", "mpeg2video"])
@pytest.mark.parametrize("group", ["1", "12"])
def test_codecs_that_are_not_read_are_decoded_again(codec: str, group: str, tmp_path: Path) -> None:
    path = encode(
        tmp_path / "clip.avi",
        codec,
        options={"g": group, "bf": "0", "b": "4M"},
        frames=noisy_frames(40),
    )
    assert not safe_starts(path)
    assert len(entries(path)) > 2
