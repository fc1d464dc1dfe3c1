"""Specification of `frame_folder`: numbered images, however a data set numbers them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datamodules.decoding.frame_folder import read_folder, scan_folder
from datamodules.decoding.image_series import ImageSeries
from datamodules.errors import VideoDecodeError

WriteFolder = Callable[..., Path]


@pytest.fixture
def write_folder(tmp_path: Path) -> WriteFolder:
    """Give a way to write images whose red is ten times the frame's index."""

    def write(names: list[str], height: int = 16, width: int = 24) -> Path:
        folder = tmp_path / "100218"
        folder.mkdir()
        for index, name in enumerate(names):
            image = np.zeros((height, width, 3), dtype=np.uint8)
            image[..., 0] = index * 10
            Image.fromarray(image).save(folder / name, quality=95)
        return folder

    return write


def shown(folder: Path, indices: list[int], seek_index: bytes = b"") -> list[int]:
    """Read the indices that images show."""
    reds = read_folder(folder, indices, seek_index)[:, 0].double().mean(dim=(1, 2)) / 10
    return reds.round().int().tolist()


@pytest.mark.parametrize(
    ("pattern", "first"),
    [
        ("{:05d}.jpg", 1),
        ("{:06d}.jpg", 1),
        ("{:05d}.jpg", 0),
        ("{:05d}.jpg", 37),
        ("img_{:05d}.jpg", 1),
        ("{:d}.jpg", 1),
        ("frame{:d}.png", 8),
        ("{:06d}.JPEG", 1),
    ],
)
def test_any_first_number_and_padding_are_detected(
    pattern: str, first: int, write_folder: WriteFolder
) -> None:
    folder = write_folder([pattern.format(first + index) for index in range(12)])
    facts = scan_folder(folder)
    assert (facts.frames, facts.height, facts.width) == (12, 16, 24)
    assert shown(folder, [11, 0, 9, 9], facts.seek_index) == [11, 0, 9, 9]


def test_a_folder_is_read_without_its_seek_index(write_folder: WriteFolder) -> None:
    assert shown(write_folder([f"{i:05d}.jpg" for i in range(1, 4)]), [2, 0]) == [2, 0]


def test_a_series_survives_packing() -> None:
    series = ImageSeries("img_", 5, ".jpg", 1, 3, {2: "img_3.png"})
    assert ImageSeries.from_bytes(series.to_bytes()) == series


def test_other_files_are_no_frames(write_folder: WriteFolder) -> None:
    folder = write_folder(["00001.jpg", "00002.jpg"])
    (folder / "n_frames").write_text("2")
    (folder / ".00003.jpg.tmp").write_text("")
    assert scan_folder(folder).frames == 2


def test_a_missing_image_is_named(write_folder: WriteFolder) -> None:
    folder = write_folder(["00001.jpg", "00002.jpg", "00004.jpg"])
    with pytest.raises(VideoDecodeError) as caught:
        scan_folder(folder)
    assert str(caught.value).startswith(f"{folder}: 00003.jpg is missing")


def test_an_empty_folder_is_named(tmp_path: Path) -> None:
    with pytest.raises(VideoDecodeError, match="holds no numbered"):
        scan_folder(tmp_path)


@pytest.mark.parametrize("part", [0, 40, 0.5])
def test_a_damaged_image_is_named(part: float, write_folder: WriteFolder) -> None:
    folder = write_folder(["00001.jpg", "00002.jpg"], 64, 96)
    image = folder / "00002.jpg"
    content = image.read_bytes()
    image.write_bytes(content[: int(part * len(content)) if part < 1 else int(part)])
    with pytest.raises(VideoDecodeError) as caught:
        read_folder(folder, [0, 1], b"")
    assert str(caught.value).startswith(f"{image}: does not decode")


def test_images_of_several_sizes_are_refused(write_folder: WriteFolder) -> None:
    folder = write_folder(["00001.jpg", "00002.jpg"])
    Image.new("RGB", (40, 40)).save(folder / "00002.jpg")
    with pytest.raises(VideoDecodeError, match="differ in size"):
        read_folder(folder, [0, 1], b"")


def test_real_frames_of_a_folder_are_read(data_folder: Path) -> None:
    folder = data_folder / "clips" / "c3d" / "frames" / "v_BaseballPitch_g01_c01"
    facts = scan_folder(folder)
    assert (facts.frames, facts.height, facts.width) == (len(list(folder.iterdir())), 240, 320)
    last = np.asarray(Image.open(folder / f"{facts.frames:06d}.jpg").convert("RGB"), dtype=int)
    ours = read_folder(folder, [facts.frames - 1], facts.seek_index)[0].permute(1, 2, 0).numpy()
    assert np.abs(ours - last).max() <= 2  # decoders round differently
