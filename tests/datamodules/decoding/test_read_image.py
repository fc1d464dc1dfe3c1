"""Specification of `read_image`: any kind of image as 8-bit RGB, upright; nothing else is run."""

import struct
import subprocess
import zlib
from pathlib import Path

import numpy as np
import pytest
from PIL import Image, UnidentifiedImageError

from datamodules.decoding.open_file import open_file
from datamodules.decoding.read_image import read_image
from datamodules.errors import VideoAccessError, VideoDecodeError

ROWS, COLUMNS = np.mgrid[0:40, 0:60]
COLOURS = np.stack([COLUMNS * 4, ROWS * 6, 60 + 0 * ROWS], axis=-1).astype(np.uint8)
EPS = b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 10 10\nshowpage\n"


def read(path: Path) -> np.ndarray:
    """Read the image of a file."""
    with open_file(path) as file:
        return read_image(path, file)


@pytest.mark.parametrize("mode", ["RGB", "RGBA", "P"])
def test_colours_come_back_without_transparency(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "00001.png"
    few = COLOURS // 64 * 64  # so that a palette holds them
    image = Image.fromarray(few)
    if mode == "RGBA":
        image.putalpha(Image.fromarray(np.full(ROWS.shape, 7, dtype=np.uint8)))
    (image.quantize(256) if mode == "P" else image).save(path)
    assert Image.open(path).mode == mode
    np.testing.assert_array_equal(read(path), few)


@pytest.mark.parametrize("mode", ["L", "LA", "1"])
def test_grey_comes_in_three_channels(mode: str, tmp_path: Path) -> None:
    path = tmp_path / "00001.png"
    image = Image.fromarray(COLOURS).convert(mode)
    image.save(path)
    grey = np.asarray(image.convert("L"))
    np.testing.assert_array_equal(read(path), np.stack([grey] * 3, axis=-1))


def test_cmyk_becomes_rgb(tmp_path: Path) -> None:
    path = tmp_path / "00001.jpg"
    Image.fromarray(COLOURS).convert("CMYK").save(path, quality=100, subsampling=0)
    assert np.abs(read(path).astype(int) - COLOURS).max() < 6


def test_16_bit_grey_is_scaled_and_not_white(tmp_path: Path) -> None:
    path = tmp_path / "00001.png"
    Image.fromarray((COLUMNS * 1000).astype(np.uint16)).save(path)
    grey = COLUMNS * 1000 // 256
    np.testing.assert_array_equal(read(path), np.stack([grey] * 3, axis=-1))


def test_16_bit_colours_are_scaled(tmp_path: Path) -> None:
    path = tmp_path / "00001.png"
    deep = (COLOURS.astype(int) * 256 + 77).astype(">u2").tobytes()
    rows = b"".join(b"\0" + deep[at : at + 360] for at in range(0, len(deep), 360))
    path.write_bytes(png(60, 40, rows, depth=16))
    np.testing.assert_array_equal(read(path), COLOURS)


@pytest.mark.parametrize("ending", ["jpg", "png"])
@pytest.mark.parametrize(
    ("orientation", "expected"),
    [(1, COLOURS), (2, COLOURS[:, ::-1]), (3, COLOURS[::-1, ::-1]), (6, np.rot90(COLOURS, -1))],
)
def test_an_image_is_shown_upright_as_its_exif_says(
    orientation: int, expected: np.ndarray, ending: str, tmp_path: Path
) -> None:
    path = tmp_path / f"00001.{ending}"
    exif = Image.Exif()
    exif[0x112] = orientation
    Image.fromarray(COLOURS).save(path, exif=exif, quality=100, subsampling=0)
    shown = read(path)
    assert shown.shape == expected.shape
    assert np.abs(shown.astype(int) - expected).max() < 6


@pytest.mark.parametrize("kind", ["PNG", "BMP", "WEBP"])
def test_the_content_tells_the_format_and_not_the_name(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "00001.jpg"
    Image.fromarray(COLOURS).save(path, kind, lossless=True)
    np.testing.assert_array_equal(read(path), COLOURS)


def test_an_eps_named_jpg_starts_no_program(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "00001.jpg"
    path.write_bytes(EPS)
    started: list[object] = []
    monkeypatch.setattr(subprocess, "Popen", lambda *args, **_: started.append(args))
    with pytest.raises(VideoDecodeError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: does not decode (it is none of JPEG, PNG")
    assert not started


@pytest.mark.parametrize("kind", ["TIFF", "ICO", "PDF", "GIF", "PPM"])
def test_other_formats_are_refused_by_name(kind: str, tmp_path: Path) -> None:
    path = tmp_path / "00001.jpg"
    Image.fromarray(COLOURS).save(path, kind)
    with pytest.raises(VideoDecodeError, match="it is none of JPEG, PNG"):
        read(path)


def png(width: int, height: int, rows: bytes, depth: int = 8) -> bytes:
    """Write a PNG of colours by hand."""

    def chunk(kind: bytes, content: bytes) -> bytes:
        checksum = zlib.crc32(kind + content)
        return struct.pack(">I", len(content)) + kind + content + struct.pack(">I", checksum)

    header = struct.pack(">IIBBBBB", width, height, depth, 2, 0, 0, 0)
    parts = [(b"IHDR", header), (b"IDAT", zlib.compress(rows)), (b"IEND", b"")]
    return b"\x89PNG\r\n\x1a\n" + b"".join(chunk(*part) for part in parts)


@pytest.mark.filterwarnings("ignore::PIL.Image.DecompressionBombWarning")
@pytest.mark.parametrize("side", [10_000, 60_000])
def test_an_image_of_absurd_size_is_refused_before_it_is_decoded(side: int, tmp_path: Path) -> None:
    path = tmp_path / "00001.png"
    path.write_bytes(png(side, side, bytes(100)))
    with pytest.raises(VideoDecodeError, match="claims more pixels than"):
        read(path)


@pytest.mark.parametrize("error", [KeyError("x"), struct.error("x"), UnidentifiedImageError("x")])
def test_whatever_a_decoder_raises_names_the_image(
    error: Exception, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "00001.jpg"
    Image.fromarray(COLOURS).save(path)

    def fail(*_: object, **__: object) -> None:
        raise error

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(VideoDecodeError) as caught:
        read(path)
    assert str(caught.value).startswith(f"{path}: does not decode (")


def test_memory_that_runs_out_is_no_fault_of_the_image(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "00001.jpg"
    Image.fromarray(COLOURS).save(path)

    def fail(*_: object, **__: object) -> None:
        raise MemoryError

    monkeypatch.setattr(Image, "open", fail)
    with pytest.raises(VideoAccessError, match="does not fit into memory"):
        read(path)
