"""Specification of `containers`: a file that ends too soon never passes for a whole one."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from datamodules.decoding.video_scan import scan_video
from datamodules.errors import VideoDecodeError
from tests.datamodules.decoding.encoded import FRAMES, copy_packets, encode

FASTSTART = {"movflags": "faststart"}
FRAGMENTS = {"movflags": "frag_keyframe+empty_moov"}
# By ending: encoder, and arguments of `encode`.
FILES: dict[str, tuple[str, dict[str, Any]]] = {
    "mp4": ("libx264", {"container": FASTSTART}),
    "vp9.mp4": ("libvpx-vp9", {"container": FASTSTART, "options": {"deadline": "realtime"}}),
    "fragments.mp4": ("libx264", {"container": FRAGMENTS, "options": {"g": "5"}}),
    "mov": ("mjpeg", {"container": FASTSTART, "pixel_format": "yuvj420p"}),
    "webm": ("libvpx-vp9", {"options": {"deadline": "realtime"}}),
    "live.webm": ("libvpx", {"container": {"live": "1"}, "options": {"deadline": "realtime"}}),
    "mkv": ("libx264", {}),
    "ogv": ("libvpx", {"container": {"page_duration": "1"}}),
    "avi": ("mpeg4", {}),
    "flv": ("flv", {}),
    "wmv": ("wmv2", {}),
    "mpg": ("mpeg2video", {}),
    "ts": ("mpeg2video", {}),
    "gif": ("gif", {"pixel_format": "rgb8"}),
    "apng": ("apng", {"pixel_format": "rgb24"}),
    "y4m": ("wrapped_avframe", {}),
    "mjpeg": ("mjpeg", {"pixel_format": "yuvj420p"}),
}
ALLOW_TRAILING_BYTES = ["mp4", "webm", "mkv", "ogv", "avi", "ts", "gif", "apng"]
PARTS = (0.5, 0.8, 0.94, 0.951, 0.96, 0.97, 0.98, 0.99, 0.995)


@pytest.fixture
def write(tmp_path: Path) -> Callable[[str], Path]:
    """Give a way to write one of `FILES`."""

    def write_file(ending: str) -> Path:
        codec, arguments = FILES[ending]
        return encode(tmp_path / f"clip.{ending}", codec, **arguments)

    return write_file


@pytest.mark.parametrize("ending", FILES)
def test_a_whole_file_is_read_and_every_cut_of_it_refused(
    ending: str, write: Callable[[str], Path]
) -> None:
    path = write(ending)
    content = path.read_bytes()
    assert scan_video(path).frames == FRAMES
    accepted = []
    # Odd sizes: a transport stream may end after any packet of 188 bytes.
    sizes = [int(part * len(content)) | 1 for part in PARTS]
    for size in {*sizes, len(content) - 1} - {len(content)}:
        path.write_bytes(content[:size])
        try:
            accepted.append((size, scan_video(path).frames))
        except VideoDecodeError as error:
            assert str(error).startswith(f"{path}: ")  # noqa: PT017
    assert not accepted, f"of {len(content)} bytes"


@pytest.mark.parametrize("ending", ALLOW_TRAILING_BYTES)
def test_bytes_after_the_end_are_ignored(ending: str, write: Callable[[str], Path]) -> None:
    path = write(ending)
    path.write_bytes(path.read_bytes() + b"appended by somebody")
    assert scan_video(path).frames == FRAMES


def test_the_message_says_what_is_missing(write: Callable[[str], Path]) -> None:
    path = write("webm")
    content = path.read_bytes()
    path.write_bytes(content[:-100])
    with pytest.raises(VideoDecodeError) as caught:
        scan_video(path)
    assert str(caught.value) == (
        f"{path}: is cut short or damaged, its Segment ends at byte {len(content):,}, the file at "
        f"byte {len(content) - 100:,}; replace the file or take it out of the list"
    )


@pytest.mark.parametrize("ending", ["webm", "mkv", "avi", "ts", "ogv", "wmv"])
def test_a_download_that_left_zeros_at_the_end_is_refused(
    ending: str, write: Callable[[str], Path]
) -> None:
    path = write(ending)
    content = path.read_bytes()
    there = int(0.3 * len(content))
    path.write_bytes(content[:there] + bytes(len(content) - there))
    with pytest.raises(VideoDecodeError):
        scan_video(path)


def test_a_page_of_ogg_with_a_flipped_bit_is_refused(write: Callable[[str], Path]) -> None:
    path = write("ogv")
    content = bytearray(path.read_bytes())
    content[len(content) // 2] ^= 1
    path.write_bytes(content)
    with pytest.raises(VideoDecodeError, match=r"its page at byte [\d,]+ is damaged"):
        scan_video(path)


def test_a_missing_page_of_ogg_is_refused(write: Callable[[str], Path]) -> None:
    path = write("ogv")
    content = path.read_bytes()
    pages = [at for at in range(len(content)) if content.startswith(b"OggS", at)]
    path.write_bytes(content[: pages[4]] + content[pages[5] :])
    with pytest.raises(VideoDecodeError, match="a page is missing"):
        scan_video(path)


def test_a_segment_index_tells_of_missing_fragments(tmp_path: Path) -> None:
    container = {"movflags": "frag_keyframe+empty_moov+default_base_moof+global_sidx"}
    path = encode(tmp_path / "dash.mp4", "libx264", options={"g": "5"}, container=container)
    content = path.read_bytes()
    assert b"sidx" in content
    assert scan_video(path).frames == FRAMES
    last_fragment = content.rindex(b"moof") - 4
    path.write_bytes(content[:last_fragment])
    with pytest.raises(VideoDecodeError, match="its last fragment ends at byte"):
        scan_video(path)


def with_dropped_frames(avi: bytes, every: int) -> bytes:
    """Insert a chunk of 0 bytes after every n-th frame, as capture programs do for dropped ones."""
    movi = avi.index(b"movi")
    end = movi + int.from_bytes(avi[movi - 4 : movi], "little")
    frames, index = bytearray(b"movi"), bytearray()
    at, count = movi + 4, 0
    while at < end:
        size = int.from_bytes(avi[at + 4 : at + 8], "little")
        chunk = avi[at : at + 8 + size + size % 2]
        count += 1
        for piece in (chunk, b"00dc" + bytes(4)) if count % every == 0 else (chunk,):
            place = len(frames).to_bytes(4, "little")
            index += b"00dc" + (16 if count == 1 else 0).to_bytes(4, "little") + place + piece[4:8]
            frames += piece
        at += len(chunk)
    lists = b"LIST" + len(frames).to_bytes(4, "little") + frames
    body = avi[12 : movi - 8] + lists + b"idx1" + len(index).to_bytes(4, "little") + index
    return b"RIFF" + (len(body) + 4).to_bytes(4, "little") + b"AVI " + body


def test_dropped_frames_of_0_bytes_do_not_make_an_avi_cut_short(
    write: Callable[[str], Path], tmp_path: Path
) -> None:
    path = tmp_path / "dropped.avi"
    path.write_bytes(with_dropped_frames(write("avi").read_bytes(), every=2))
    assert scan_video(path).frames == FRAMES


def test_h264_in_an_avi_whose_header_counts_fields_is_whole(tmp_path: Path) -> None:
    source = encode(tmp_path / "clip.ts", "libx264", options={"bf": "2"})
    path = copy_packets(source, tmp_path / "copied.avi", lambda number, packet: True)
    facts = scan_video(path)
    assert facts.frames == FRAMES
    assert facts.header_frames > FRAMES


def test_an_avi_of_variable_rate_is_whole(tmp_path: Path) -> None:
    source = encode(tmp_path / "clip.avi", "mpeg4", options={"bf": "0", "g": "6"})

    def delay(number: int, packet: Any) -> bool:
        if number >= FRAMES // 2:
            packet.pts += FRAMES
            packet.dts += FRAMES
        return True

    path = copy_packets(source, tmp_path / "gap.avi", delay)
    facts = scan_video(path)
    assert (facts.frames, facts.header_frames) == (FRAMES, 2 * FRAMES)


def test_packets_of_0_bytes_in_ogg_are_no_frames(write: Callable[[str], Path]) -> None:
    path = write("ogv")
    whole = path.read_bytes()
    pages = [at for at in range(len(whole)) if whole.startswith(b"OggS", at)]
    page = bytearray(whole[pages[4] : pages[5]])
    count = page[26]
    page[26] = count + 1
    page[27 + count : 27 + count] = bytes([0])  # a further packet, of no bytes
    page[22:26] = ogg_checksum(bytes(page[:22]) + bytes(4) + bytes(page[26:]))
    path.write_bytes(whole[: pages[4]] + page + whole[pages[5] :])
    assert scan_video(path).frames == FRAMES


def ogg_checksum(page: bytes) -> bytes:
    """Compute the CRC-32 of RFC 3533 bit by bit."""
    value = 0
    for byte in page:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ (0x04C11DB7 if value >> 31 else 0)) & 0xFFFFFFFF
    return value.to_bytes(4, "little")


@pytest.mark.parametrize(("codec", "ending"), [("mpeg4", "avi"), ("flv", "flv"), ("wmv2", "wmv")])
@pytest.mark.parametrize("kept", ["no keyframe", "a later keyframe"])
def test_frames_without_their_keyframe_are_refused(
    codec: str, ending: str, kept: str, tmp_path: Path
) -> None:
    options = {"g": "15"}
    source = encode(tmp_path / f"clip.{ending}", codec, options=options)

    def keep(number: int, packet: Any) -> bool:
        return bool(
            number and (number > 5 if kept == "a later keyframe" else not packet.is_keyframe)
        )

    path = copy_packets(source, tmp_path / f"cut.{ending}", keep)
    with pytest.raises(VideoDecodeError, match="keyframe"):
        scan_video(path)


def test_an_av1_file_whose_decoder_omits_frames_is_refused(tmp_path: Path) -> None:
    options = {"preset": "12", "svtav1-params": "keyint=30"}
    path = encode(tmp_path / "clip.mp4", "libsvtav1", options=options)
    assert scan_video(path).frames == FRAMES
    content = path.read_bytes()
    middle = content.index(b"mdat") + len(content) // 2
    path.write_bytes(content[:middle] + bytes(2000) + content[middle + 2000 :])
    with pytest.raises(VideoDecodeError):
        scan_video(path)


def test_no_genuine_file_is_taken_for_truncated(data_folder: Path) -> None:
    videos = sorted((data_folder / "ut_interaction").rglob("*.avi"))[::20]
    videos += sorted((data_folder / "clips" / "benchmark").rglob("*.avi"))
    videos += sorted((data_folder / "utd_mhad_depth").rglob("*.mp4"))[::200]
    assert len(videos) > 10
    for path in videos:
        assert scan_video(path).frames > 1


@pytest.mark.parametrize("part", np.linspace(0.3, 0.99, 7))
def test_cuts_of_a_genuine_webm_are_refused(part: float, data_folder: Path, tmp_path: Path) -> None:
    content = (data_folder / "clips" / "decoder_regression" / "vp9.webm").read_bytes()
    path = tmp_path / "cut.webm"
    path.write_bytes(content[: int(part * len(content))])
    with pytest.raises(VideoDecodeError, match="is cut short or damaged"):
        scan_video(path)
