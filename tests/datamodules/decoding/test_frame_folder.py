"""Specification of `frame_folder`: numbered images, however a data set numbers them."""

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from datamodules.decoding.frame_folder import other_images, read_folder, scan_folder
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


@pytest.mark.parametrize(
    "names",
    [
        ["v_g01_00001.jpg", "v_g01_00002.jpg", "v_g01_00003.jpg"],
        ["clip2_1.jpg", "clip2_2.jpg", "clip2_3.jpg"],
        ["00001.jpg", "00002.png", "00003.jpg"],
        ["00001.jpg", "00002.JPG", "00003.jpeg"],
        ["8.jpg", "9.jpg", "10.jpg"],
        ["08.png", "9.png", "010.png"],
        ["0.jpg", "1.jpg", "2.jpg"],
    ],
)
def test_names_of_one_series_are_understood(names: list[str], write_folder: WriteFolder) -> None:
    folder = write_folder(names)
    facts = scan_folder(folder)
    assert facts.frames == 3
    assert shown(folder, [2, 0, 1], facts.seek_index) == [2, 0, 1]


def test_hidden_files_beside_frames_are_counted_and_not_read(write_folder: WriteFolder) -> None:
    folder = write_folder(["00001.jpg", "00002.jpg"])
    for name in ("._00001.jpg", "._00002.jpg", ".DS_Store", "Thumbs.db"):
        (folder / name).write_bytes(b"x")
    facts = scan_folder(folder)
    assert facts.frames == 2
    assert shown(folder, [1, 0], facts.seek_index) == [1, 0]
    assert other_images(folder, facts.seek_index) == 2


@pytest.mark.parametrize("flow", [("flow_x_", "flow_y_"), ("x_", "y_"), ("flow_",), ("u", "v")])
def test_frames_are_told_from_optical_flow(
    flow: tuple[str, ...], write_folder: WriteFolder
) -> None:
    folder = write_folder(["img_00001.jpg", "img_00002.jpg"])
    for prefix in flow:
        Image.new("L", (24, 16)).save(folder / f"{prefix}00001.jpg")
    facts = scan_folder(folder)
    assert shown(folder, [1, 0], facts.seek_index) == [1, 0]
    assert other_images(folder, facts.seek_index) == len(flow)


def test_several_series_are_named_and_how_to_choose(write_folder: WriteFolder) -> None:
    folder = write_folder(["left_1.jpg", "left_2.jpg", "right_1.jpg"])
    with pytest.raises(VideoDecodeError) as caught:
        scan_folder(folder)
    assert str(caught.value) == (
        f"{folder}: holds several series of images (2 as left_1.jpg, 1 as right_1.jpg); leave "
        "those of the frames, and move the others to a folder of their own"
    )


@pytest.mark.parametrize("names", [["1.jpg", "01.jpg"], ["00001.jpg", "00001.png"]])
def test_two_images_of_one_number_are_refused(names: list[str], write_folder: WriteFolder) -> None:
    with pytest.raises(VideoDecodeError, match="have the same number; remove one of them"):
        scan_folder(write_folder(names))


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
