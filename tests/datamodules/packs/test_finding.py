"""A pack is searched like the folder it was written from."""

from pathlib import Path

import pytest

from datamodules.errors import DataError
from datamodules.lists.class_folders import read_class_folders
from datamodules.lists.unlabelled import is_one_video, unlabelled_videos
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


def test_a_name_that_is_not_in_the_pack_is_refused(packed: Originals) -> None:
    with pytest.raises(DataError, match="no such file or folder"):
        unlabelled_videos([packed.pack / "frames" / "9"])


def test_folders_of_images_among_class_folders_are_counted(packed: Originals) -> None:
    videos, ignored = read_class_folders(packed.pack)
    originals, counted = read_class_folders(packed.folder)
    assert [video.label for video in videos] == [video.label for video in originals]
    assert ignored.as_dict()["folders of images, for a csv to list"] == 2
    assert counted.as_dict() == {**ignored.as_dict(), "files of unknown endings": 1}  # the csv
