"""Specification of `decoding`: exact frames by index, and one error that names the file."""

import ctypes
import pickle
import wave
from collections.abc import Callable
from pathlib import Path

import av
import numpy as np
import pytest
import torch
from PIL import Image

from datamodules.decoding.read_frames import read_frames
from datamodules.decoding.video_scan import scan_video
from datamodules.decoding.video_stream import iterate_frames
from datamodules.decoding.write_video import write_video
from datamodules.errors import VideoAccessError, VideoDecodeError

WriteClip = Callable[..., Path]
Frames = Callable[..., np.ndarray]

GREY_STEP = 4
LONG_GROUP_WITH_B_FRAMES = {
    "libx264": {"crf": "1", "x264-params": "bframes=3:b-adapt=0:scenecut=0:keyint=250"},
    "mpeg4": {"bf": "2", "g": "250", "qmin": "1", "qmax": "1"},
}
FILLER_UNIT = 12
"""Type of a unit that decoders pass over; ITU-T H.264, table 7-1."""


def indices_of(path: Path, wanted: list[int]) -> list[int]:
    """Read the indices that the frames of a numbered clip show."""
    frames = read_frames(path, wanted)
    shown = frames[:, 0].flatten(1)
    assert bool((shown == shown[:, :1]).all())
    return shown[:, 0].tolist()


def write_grey_steps(path: Path, codec: str, num_frames: int = 60) -> None:
    """Write frames of one grey each, `GREY_STEP` brighter from frame to frame, nearly lossless."""
    greys = np.arange(num_frames, dtype=np.uint8) * GREY_STEP
    frames = np.broadcast_to(greys[:, None, None, None], (num_frames, 32, 32, 3))
    options = LONG_GROUP_WITH_B_FRAMES[codec]
    write_video(path, np.ascontiguousarray(frames), codec=codec, options=options)


def write_damaged(path: Path, num_frames: int = 24) -> None:
    """Write an H.264 video in an mp4 file, four slices a picture, and lose one of its middle.

    x264 does not write the same bytes each time, so that bytes overwritten anywhere would not
    always do harm; a lost slice does.
    """
    greys = np.arange(num_frames, dtype=np.uint8) * GREY_STEP
    frames = np.broadcast_to(greys[:, None, None, None], (num_frames, 64, 64, 3))
    write_video(path, np.ascontiguousarray(frames), options={"x264-params": "slices=4"})
    with av.open(str(path)) as container:
        packets = [packet.pos for packet in container.demux(video=0) if packet.size]
    content = bytearray(path.read_bytes())
    unit = packets[num_frames // 2]
    assert unit is not None
    for _ in range(2):  # on to the third slice; each unit's length stands before it
        unit += 4 + int.from_bytes(content[unit : unit + 4], "big")
    content[unit + 4] = FILLER_UNIT
    path.write_bytes(content)


def test_frames_come_in_the_order_asked_for(write_clip: WriteClip) -> None:
    assert indices_of(write_clip(num_frames=30), [17, 3, 29, 0, 11]) == [17, 3, 29, 0, 11]


def test_an_index_asked_for_twice_comes_twice(write_clip: WriteClip) -> None:
    assert indices_of(write_clip(), [5, 5, 2, 5, 2]) == [5, 5, 2, 5, 2]


def test_every_single_index_gives_its_own_frame(write_clip: WriteClip) -> None:
    clip = write_clip(num_frames=12)
    assert [indices_of(clip, [index]) for index in range(12)] == [[index] for index in range(12)]


@pytest.mark.parametrize("name", ["clip.mkv", "clip.mp4"])
def test_lossless_pixels_come_back_bit_for_bit(
    name: str, write_clip: WriteClip, numbered_frames: Frames
) -> None:
    frames = read_frames(write_clip(name, 20, 16, 24), np.arange(20))
    np.testing.assert_array_equal(frames.permute(0, 2, 3, 1).numpy(), numbered_frames(20, 16, 24))


def test_frames_are_uint8_channels_first(write_clip: WriteClip) -> None:
    frames = read_frames(write_clip(height=16, width=24), [0, 1, 2])
    assert frames.dtype == torch.uint8
    assert frames.shape == (3, 3, 16, 24)


def test_channels_are_red_green_blue(tmp_path: Path) -> None:
    orange = np.broadcast_to(np.array([250, 120, 10], dtype=np.uint8), (3, 16, 16, 3)).copy()
    path = tmp_path / "orange.mkv"
    write_video(path, orange, codec="libx264rgb", pixel_format="rgb24", options={"crf": "0"})
    assert read_frames(path, [1])[0, :, 8, 8].tolist() == [250, 120, 10]


def test_a_video_of_one_frame_gives_it(write_clip: WriteClip) -> None:
    clip = write_clip(num_frames=1)
    assert scan_video(clip).frames == 1
    assert indices_of(clip, [0, 0]) == [0, 0]


@pytest.mark.parametrize(("codec", "ending"), [("libx264", ".mp4"), ("mpeg4", ".avi")])
def test_indices_are_exact_across_b_frames_in_one_long_group(
    codec: str, ending: str, tmp_path: Path
) -> None:
    path = tmp_path / f"steps{ending}"
    write_grey_steps(path, codec)
    assert "B" in {av.video.frame.PictureType(f.pict_type).name for f in iterate_frames(path)}
    wanted = [59, 0, 31, 30, 58, 7]
    greys = read_frames(path, wanted).double().mean(dim=(1, 2, 3)) / GREY_STEP
    assert greys.round().int().tolist() == wanted


def test_all_decoding_frames_are_counted(write_clip: WriteClip) -> None:
    assert scan_video(write_clip(num_frames=37)).frames == 37


def test_frames_count_as_they_decode_and_not_as_the_header_claims(write_clip: WriteClip) -> None:
    clip = write_clip("clip.avi", num_frames=20)
    content = bytearray(clip.read_bytes())
    assert content[48:52] == (20).to_bytes(4, "little")  # dwTotalFrames of the main header
    content[48:52] = (21).to_bytes(4, "little")
    stream_length = content.find(b"strh") + 8 + 32
    assert content[stream_length : stream_length + 4] == (20).to_bytes(4, "little")
    content[stream_length : stream_length + 4] = (21).to_bytes(4, "little")
    clip.write_bytes(content)
    assert scan_video(clip).frames == 20


def test_an_index_beyond_the_end_names_file_index_and_frames(write_clip: WriteClip) -> None:
    clip = write_clip(num_frames=20)
    with pytest.raises(VideoDecodeError) as caught:
        read_frames(clip, [3, 20])
    assert str(caught.value).startswith(f"{clip}: frame 20 is wanted, but only 20 frames decode")


def test_a_missing_file_is_named(tmp_path: Path) -> None:
    path = tmp_path / "nowhere.mp4"
    with pytest.raises(VideoDecodeError) as caught:
        read_frames(path, [0])
    assert str(caught.value).startswith(f"{path}: no such file")


def test_a_folder_in_place_of_a_file_is_named(tmp_path: Path) -> None:
    with pytest.raises(VideoDecodeError) as caught:
        scan_video(tmp_path)
    assert str(caught.value).startswith(f"{tmp_path}: ")


@pytest.mark.parametrize("content", [b"", b"<!DOCTYPE html><title>404 Not Found</title>\n"])
def test_a_file_that_is_no_video_is_named(content: bytes, tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    path.write_bytes(content)
    for read in (scan_video, lambda file: read_frames(file, [0])):
        with pytest.raises(VideoDecodeError) as caught:
            read(path)
        assert str(caught.value).startswith(f"{path}: does not decode (")


def test_a_file_of_sound_alone_holds_no_video_stream(tmp_path: Path) -> None:
    path = tmp_path / "sound.wav"
    with wave.open(str(path), "wb") as sound:
        sound.setnchannels(1)
        sound.setsampwidth(2)
        sound.setframerate(8000)
        sound.writeframes(bytes(16_000))
    with pytest.raises(VideoDecodeError) as caught:
        scan_video(path)
    assert str(caught.value).startswith(f"{path}: holds no video stream")


def test_an_mp4_without_its_index_is_named(write_clip: WriteClip) -> None:
    clip = write_clip("clip.mp4")
    content = clip.read_bytes()
    clip.write_bytes(content[: content.find(b"moov") - 4])
    with pytest.raises(VideoDecodeError) as caught:
        read_frames(clip, [0])
    assert str(caught.value).startswith(f"{clip}: does not decode (")


def test_a_video_stream_without_frames_is_named(tmp_path: Path) -> None:
    path = tmp_path / "empty.avi"
    with av.open(str(path), "w") as container:
        container.add_stream("mpeg4", rate=25, width=24, height=16, pix_fmt="yuv420p")
        container.start_encoding()
    with pytest.raises(VideoDecodeError) as caught:
        scan_video(path)
    assert str(caught.value).startswith(f"{path}: no frame decodes")


def test_a_cut_off_avi_gives_the_frames_before_the_cut_alone(
    tmp_path: Path, numbered_frames: Frames
) -> None:
    path = tmp_path / "cut.avi"
    write_video(path, numbered_frames(60, 32, 32), codec="ffv1", pixel_format="bgr0")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    given = []
    for index in range(60):
        try:
            given += [(index, shown) for shown in indices_of(path, [index])]
        except VideoDecodeError as error:
            assert str(error).startswith(f"{path}: ")  # noqa: PT017
    assert given == [(index, index) for index in range(len(given))]
    assert 20 < len(given) < 50


def test_a_cut_off_avi_is_not_counted_as_if_it_were_whole(
    tmp_path: Path, numbered_frames: Frames
) -> None:
    path = tmp_path / "cut.avi"
    write_video(path, numbered_frames(60, 32, 32), codec="ffv1", pixel_format="bgr0")
    path.write_bytes(path.read_bytes()[: path.stat().st_size * 6 // 10])
    with pytest.raises(VideoDecodeError) as caught:
        scan_video(path)
    assert str(caught.value).startswith(f"{path}: is cut short or damaged, its RIFF chunk ends at ")


def test_a_frame_that_ffmpeg_patches_from_its_neighbours_is_refused(tmp_path: Path) -> None:
    path = tmp_path / "damaged.mp4"
    write_damaged(path)
    with pytest.raises(VideoDecodeError) as caught:
        scan_video(path)
    assert str(caught.value).startswith(f"{path}: ")


def test_the_damaged_file_of_the_test_above_still_decodes_for_ffmpeg(tmp_path: Path) -> None:
    path = tmp_path / "damaged.mp4"
    write_damaged(path)
    with av.open(str(path)) as container:
        container.streams.video[0].codec_context.thread_count = 1  # more threads hide it
        corrupt = [frame.is_corrupt for frame in container.decode(video=0)]
    assert len(corrupt) == 24
    assert sum(corrupt) == 1


def test_a_size_that_changes_midway_is_refused_by_who_scans_and_who_reads(
    write_clip: WriteClip, tmp_path: Path
) -> None:
    joined = tmp_path / "joined.h264"
    parts = [write_clip("small.h264", 5, 16, 24), write_clip("large.h264", 5, 32, 48)]
    joined.write_bytes(b"".join(part.read_bytes() for part in parts))
    assert read_frames(joined, [0, 4]).shape[-2:] == (16, 24)
    for read in (scan_video, lambda file: read_frames(file, [0, 9])):
        with pytest.raises(VideoDecodeError) as caught:
            read(joined)
        assert str(caught.value).startswith(f"{joined}: the size of its frames changes midway")


class Allocated(ctypes.Structure):
    """What glibc tells of its memory; see ``man mallinfo2``."""

    _fields_ = tuple((f"field{number}", ctypes.c_size_t) for number in range(10))


def allocated_bytes() -> int:
    """Ask glibc for the bytes that are allocated and not given back."""
    library = ctypes.CDLL(None)
    if not hasattr(library, "mallinfo2"):
        pytest.skip("this C library does not tell")
    library.mallinfo2.restype = Allocated
    return int(library.mallinfo2().field7)


def test_a_read_that_ends_before_the_file_does_leaves_nothing_behind(write_clip: WriteClip) -> None:
    clip = write_clip()
    seek_index = scan_video(clip).seek_index
    sizes = []
    for _ in range(2):
        for _ in range(400):
            read_frames(clip, [1, 5], seek_index)
            read_frames(clip, [1, 5])
        sizes.append(allocated_bytes())
    assert sizes[1] - sizes[0] < 400 * 50


def test_errors_survive_the_way_between_processes(tmp_path: Path) -> None:
    with pytest.raises(VideoDecodeError) as caught:
        read_frames(tmp_path / "nowhere.mp4", [0])
    copy = pickle.loads(pickle.dumps(caught.value))
    assert (type(copy), str(copy)) == (VideoAccessError, str(caught.value))


def test_metadata_that_is_not_utf8_does_not_stop_a_real_clip(data_folder: Path) -> None:
    name = "hmdb51_Turnk_r_Pippi_Michel_cartwheel_f_cm_np2_le_med_6.avi"
    path = data_folder / "clips" / "benchmark" / name
    with pytest.raises(UnicodeDecodeError):
        av.open(str(path))
    assert read_frames(path, [scan_video(path).frames - 1]).shape[:2] == (1, 3)


def test_a_real_clip_of_wrong_header_counts_as_published(data_folder: Path) -> None:
    path = data_folder / "ut_interaction" / "set1" / "0_1_4.avi"
    assert scan_video(path).frames == 108


def test_frames_of_a_real_clip_are_those_of_its_image_folder(data_folder: Path) -> None:
    clips, name = data_folder / "clips" / "c3d", "v_BaseballPitch_g01_c01"
    images = [np.asarray(Image.open(p), dtype=float) for p in (clips / "frames" / name).iterdir()]
    numbers = [int(p.stem) for p in (clips / "frames" / name).iterdir()]
    wanted = [0, 17, 18, 60, 106]
    for index, frame in zip(wanted, read_frames(clips / f"{name}.avi", wanted), strict=True):
        pixels = frame.permute(1, 2, 0).numpy()
        nearest = int(np.argmin([np.abs(image - pixels).mean() for image in images]))
        assert numbers[nearest] == index + 1
