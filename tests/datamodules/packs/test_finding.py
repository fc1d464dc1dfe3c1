"""A pack is searched like the folder it was written from."""

import random
import shutil
from contextlib import suppress
from pathlib import Path

import pytest

from datamodules.errors import DataError
from datamodules.lists.class_folders import read_class_folders
from datamodules.lists.unlabelled import is_one_video, unlabelled_videos
from datamodules.packs import find
from tests.datamodules.originals import NAMES, Originals


@pytest.fixture
def packed(originals: Originals) -> Originals:
    """Pack the videos and folders of images."""
    assert originals.packed() == 0
    return originals


def below(folder: Path, place: str) -> list[str]:
    """Search a place; name what is found relative to the folder."""
    return [str(Path(path).relative_to(folder)) for path in unlabelled_videos([folder / place])]


@pytest.mark.parametrize("place", ["", "a", "frames", *NAMES])
def test_the_same_videos_are_found_as_among_the_originals(place: str, packed: Originals) -> None:
    found = below(packed.pack, place)
    assert found == below(packed.folder, place)
    assert found == sorted(name for name in NAMES if Path(name).is_relative_to(place))
    assert is_one_video(packed.pack / place) == is_one_video(packed.folder / place)


@pytest.mark.parametrize("name", ["frames/9", "none", "zero\0byte.mp4", "bytes\udcff.mp4"])
def test_a_name_that_is_not_in_the_pack_is_refused(name: str, packed: Originals) -> None:
    with pytest.raises(DataError, match="no such file or folder"):
        unlabelled_videos([packed.pack / name])
    assert not is_one_video(packed.pack / name)


def test_a_folder_of_images_may_also_hold_videos(originals: Originals) -> None:
    shutil.copy(originals.folder / "frames/7/00001.jpg", originals.folder / "a")
    originals.list_only(*NAMES, "a")
    assert originals.packed() == 0
    assert below(originals.pack, "") == below(originals.folder, "") == sorted(NAMES)
    assert not is_one_video(originals.pack / "a")


def test_names_that_sort_between_a_folder_and_its_content_are_told_apart(
    originals: Originals,
) -> None:
    names = ["c/7", "c/7-b/y.mp4", "c/7/sub/x.mp4"]
    shutil.copytree(originals.folder / "frames/7", originals.folder / "c/7")
    for name in names[1:]:
        (originals.folder / name).parent.mkdir(parents=True)
        shutil.copy(originals.folder / "a/one.mp4", originals.folder / name)
    originals.list_only(*names, "a/one.mp4")
    assert originals.packed() == 0
    found = read_class_folders(originals.pack / "c")
    expected = read_class_folders(originals.folder / "c")
    assert [video.label for video in found[0]] == [video.label for video in expected[0]] == ["7-b"]
    assert str(found[1]) == str(expected[1])


def test_other_files_beside_the_tar_files_hide_nothing(packed: Originals) -> None:
    shutil.copy(packed.folder / "frames/7/00001.jpg", packed.pack / "cover.jpg")
    (packed.pack / "a").mkdir()
    (packed.pack / "a" / "notes.csv").write_text("")
    assert below(packed.pack, "") == sorted(NAMES)


def test_a_damaged_index_is_refused_or_read(packed: Originals) -> None:
    index, wanted = packed.pack / "pack.sqlite", below(packed.pack, "")
    content, noise = index.read_bytes(), random.Random(0)
    for _ in range(100):
        damaged = bytearray(content)
        for _ in range(20):
            damaged[noise.randrange(len(content))] = noise.randrange(256)
        index.unlink()  # a new inode is read anew
        index.write_bytes(damaged)
        find._open_packs.clear()
        with suppress(DataError):  # nothing else is raised
            for name in NAMES:
                is_one_video(packed.pack / name)
            below(packed.pack, "")
    index.write_bytes(content)
    find._open_packs.clear()
    assert below(packed.pack, "") == wanted


def test_folders_of_images_among_class_folders_are_counted(packed: Originals) -> None:
    videos, ignored = read_class_folders(packed.pack)
    originals, counted = read_class_folders(packed.folder)
    assert [video.label for video in videos] == [video.label for video in originals]
    assert ignored.as_dict()["folders of images, for a csv to list"] == 2
    assert counted.as_dict() == {**ignored.as_dict(), "files of unknown endings": 1}  # the csv
