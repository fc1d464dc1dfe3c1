"""Specification of `open_file` and of the streams chosen: nothing but the file itself is opened."""

import os
import socket
import sys
from pathlib import Path

import av
import numpy as np
import pytest
from av.stream import Disposition

from datamodules.decoding.read_frames import read_frames
from datamodules.decoding.video_scan import scan_video
from datamodules.errors import VideoAccessError, VideoDecodeError
from tests.datamodules.decoding.encoded import FRAMES, HEIGHT, WIDTH, encode

NAMES = ["a:b.mp4", "http:x.mp4", "http://x.mp4", "concat:a.mp4", "subfile:,,:a.mp4", "%03d.mp4"]
NAMES += [
    "-x.mp4",
    "with blank.mp4",
    "a*b{x}?.gif",
    "%03d.gif",
    "data:,x.mp4",
    "pipe:0",
    "é\u3000.mp4",
]
MPD = """<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"
mediaPresentationDuration="PT1S"><Period><AdaptationSet mimeType="video/mp4">
<Representation id="1" bandwidth="1000"><BaseURL>other.mp4</BaseURL></Representation>
</AdaptationSet></Period></MPD>"""
SCRIPTS = {
    "ffconcat": "ffconcat version 1.0\nfile other.mp4\n",
    "HLS": "#EXTM3U\n#EXT-X-TARGETDURATION:4\n#EXTINF:4,\nother.ts\n#EXT-X-ENDLIST\n",
    "DASH": MPD,
    "SDP": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\n"
    "m=video 5004 RTP/AVP 96\na=rtpmap:96 H264/90000\n",
    "ffmetadata": ";FFMETADATA1\ntitle=x\n",
    "M3U": "other.mp4\n",
    "IMF": '<?xml version="1.0"?><CompositionPlaylist xmlns="http://www.smpte-ra.org/schemas/2067-3">'
    "</CompositionPlaylist>",
}


@pytest.mark.parametrize("name", NAMES)
def test_any_name_is_the_name_of_a_file(
    name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    codec, pixel_format = ("gif", "rgb8") if name.endswith("gif") else ("libx264", "yuv420p")
    ending = ".gif" if codec == "gif" else ".mp4"
    made = encode(tmp_path / f"made{ending}", codec, pixel_format=pixel_format)
    path = tmp_path / name
    path.parent.mkdir(parents=True, exist_ok=True)
    made.rename(path)
    monkeypatch.chdir(tmp_path)
    for given in (path, Path(name)):
        assert scan_video(given).frames == FRAMES
        assert read_frames(given, [FRAMES - 1]).shape == (1, 3, HEIGHT, WIDTH)


@pytest.mark.parametrize("kind", SCRIPTS)
@pytest.mark.parametrize("ending", ["mp4", "webm", "avi", "m3u8", "mpd", "ffconcat", "sdp"])
def test_a_script_is_no_video_and_the_files_it_names_are_not_opened(
    kind: str, ending: str, tmp_path: Path
) -> None:
    encode(tmp_path / "other.mp4", "libx264")
    encode(tmp_path / "other.ts", "libx264")
    path = tmp_path / f"script.{ending}"
    path.write_text(SCRIPTS[kind])
    with pytest.raises(VideoDecodeError) as caught:
        scan_video(path)
    assert str(caught.value).startswith(f"{path}: does not decode (")


def test_a_script_reaches_no_network(tmp_path: Path) -> None:
    path = tmp_path / "script.m3u8"
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.setblocking(False)
        address = f"http://127.0.0.1:{server.getsockname()[1]}/a.ts"
        path.write_text(SCRIPTS["HLS"].replace("other.ts", address))
        with pytest.raises(VideoDecodeError):
            scan_video(path)
        with pytest.raises(BlockingIOError):
            server.accept()


def test_a_track_of_a_movie_in_another_file_is_not_followed(tmp_path: Path) -> None:
    other = encode(tmp_path / "other.mov", "mjpeg", pixel_format="yuvj420p")
    path = tmp_path / "reference.mov"
    path.write_bytes(with_reference(other.read_bytes(), str(other)))
    with pytest.raises(VideoDecodeError):
        scan_video(path)


def with_reference(movie: bytes, target: str) -> bytes:
    """Replace a movie's reference to its own data by an alias of another file."""
    name = target.encode()
    fixed = bytes(10) + bytes([1]) + b"x".ljust(27, b"\0") + bytes(12) + bytes([len(b"other.mov")])
    fixed += b"other.mov".ljust(63, b"\0") + bytes(16) + (1).to_bytes(2, "big") * 2 + bytes(16)
    path = (2).to_bytes(2, "big") + len(name).to_bytes(2, "big") + name + bytes(len(name) % 2)
    alias = b"alis" + bytes(4) + fixed + path + b"\xff\xff\0\0"
    alias = (len(alias) + 4).to_bytes(4, "big") + alias
    own = movie.index(b"url ", movie.index(b"dref")) - 4
    size = int.from_bytes(movie[own : own + 4], "big")
    changed = bytearray(movie[:own] + alias + movie[own + size :])
    for box in (b"moov", b"trak", b"mdia", b"minf", b"dinf", b"dref"):
        at = changed.rindex(box, 0, own) - 4
        grown = int.from_bytes(changed[at : at + 4], "big") + len(alias) - size
        changed[at : at + 4] = grown.to_bytes(4, "big")
    return bytes(changed)


def test_a_named_pipe_is_refused_and_not_waited_for(tmp_path: Path) -> None:
    path = tmp_path / "clip.mp4"
    os.mkfifo(path)
    with pytest.raises(VideoDecodeError, match="is no regular file"):
        scan_video(path)


@pytest.mark.skipif(sys.platform != "linux" or os.geteuid() == 0, reason="root may read any file")
def test_a_file_without_permission_says_so(tmp_path: Path) -> None:
    path = encode(tmp_path / "clip.mp4", "libx264")
    path.chmod(0)
    with pytest.raises(VideoAccessError, match=r"cannot be opened \(Permission denied\)"):
        scan_video(path)


def write_streams(path: Path, *sizes: int, attached: int | None = None, default: int = 0) -> Path:
    """Write a file with several video streams of different square sizes."""
    with av.open(str(path), "w") as target:
        streams = []
        for number, size in enumerate(sizes):
            stream = target.add_stream("mjpeg" if number == attached else "libx264", rate=25)
            stream.width = stream.height = size
            stream.pix_fmt = "yuvj420p" if number == attached else "yuv420p"
            if number == attached:
                stream.disposition = Disposition.attached_pic
            elif path.suffix == ".mkv":
                stream.disposition = Disposition.default if number == default else Disposition(0)
            streams.append(stream)
        for number, (stream, size) in enumerate(zip(streams, sizes, strict=True)):
            for _ in range(1 if number == attached else 10):
                image = np.full((size, size, 3), 9 * number, dtype=np.uint8)
                target.mux(stream.encode(av.VideoFrame.from_ndarray(image, format="rgb24")))
            target.mux(stream.encode(None))
    return path


@pytest.mark.parametrize("attached", [0, 1])
def test_a_cover_picture_is_never_the_video(attached: int, tmp_path: Path) -> None:
    sizes = (64, 32) if attached == 0 else (32, 64)
    facts = scan_video(write_streams(tmp_path / "song.mp4", *sizes, attached=attached))
    assert (facts.frames, facts.width) == (10, 32)


def test_a_file_of_a_cover_picture_alone_holds_no_video_stream(tmp_path: Path) -> None:
    path = write_streams(tmp_path / "song.mp4", 64, attached=0)
    with pytest.raises(VideoDecodeError, match="holds no video stream"):
        scan_video(path)


@pytest.mark.parametrize("default", [0, 1])
def test_of_several_streams_ffmpeg_chooses_the_default_one(default: int, tmp_path: Path) -> None:
    path = write_streams(tmp_path / "two.mkv", 32, 64, default=default)
    assert scan_video(path).width == (32, 64)[default]
    with av.open(str(path)) as container:
        best = container.streams.best("video")
        assert best is not None
        assert best.index == default


def test_a_broken_theora_header_is_named(data_folder: Path) -> None:
    path = data_folder / "clips" / "decoder_regression" / "bug495129.ogv"
    with pytest.raises(VideoDecodeError, match="the theora decoder rejects the headers"):
        scan_video(path)
