"""Specification of `selection`: nothing leaves a list unless allowed, reported and counted."""

from collections.abc import Callable
from pathlib import Path

import pytest
from PIL import Image

from datamodules.decoding.video_index import VideoIndex
from datamodules.errors import DataError
from datamodules.lists.annotations import Annotations
from datamodules.lists.selection import Coverage, select_usable, write_report

WriteClip = Callable[..., Path]


@pytest.fixture
def videos(tmp_path: Path, write_clip: WriteClip) -> Annotations:
    """List three videos, of which the second cannot be decoded."""
    paths = [str(write_clip(name)) for name in ("a.mkv", "b.mkv", "c.mkv")]
    Path(paths[1]).write_text("no video")
    return Annotations(paths, [0, 1, 2])


def test_an_unreadable_video_stops_the_run(videos: Annotations, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"1 of 3 videos cannot be used: .*b\.mkv: does not decode"):
        select_usable(videos, VideoIndex(tmp_path), report=None, missing_list=None)


def test_a_reported_video_is_left_out_and_counted(videos: Annotations, tmp_path: Path) -> None:
    report = tmp_path / "report.json"
    write_report(report, {}, [videos.paths[1]])
    chosen = select_usable(videos, VideoIndex(tmp_path), report, missing_list=None)
    assert [Path(path).name for path in chosen.paths] == ["a.mkv", "c.mkv"]
    assert chosen.labels == [0, 2]
    assert chosen.coverage == Coverage(listed=3, skipped=1)
    assert str(chosen.coverage) == "2 of 3 videos (1 skipped as unreadable)"


def test_a_video_that_is_not_reported_still_stops_the_run(
    videos: Annotations, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    write_report(report, {}, [videos.paths[0]])
    with pytest.raises(DataError, match=r"b\.mkv: does not decode"):
        select_usable(videos, VideoIndex(tmp_path), report, missing_list=None)


def test_a_video_that_was_replaced_after_the_report_is_used(
    videos: Annotations, tmp_path: Path, write_clip: WriteClip
) -> None:
    report = tmp_path / "report.json"
    write_report(report, {}, [videos.paths[1]])
    write_clip("b.mkv", 30)
    chosen = select_usable(videos, VideoIndex(tmp_path), report, missing_list=None)
    assert chosen.coverage == Coverage(listed=3)
    assert str(chosen.coverage) == "3 videos"


def test_a_reported_video_that_reads_again_without_a_change_is_used(
    videos: Annotations, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    write_report(report, {}, videos.paths)  # as after a full memory or a disk error
    chosen = select_usable(videos, VideoIndex(tmp_path), report, missing_list=None)
    assert chosen.coverage == Coverage(listed=3, skipped=1)


def test_a_reported_folder_is_used_once_an_image_in_it_was_replaced(
    tmp_path: Path,
) -> None:
    folder = tmp_path / "video"
    folder.mkdir()
    for number in (1, 2, 3):
        Image.new("RGB", (8, 8)).save(folder / f"{number:05d}.jpg")
    report, listed = tmp_path / "report.json", Annotations([str(folder)], [0])
    write_report(report, {}, listed.paths)
    assert select_usable(listed, VideoIndex(tmp_path), report, None).coverage.skipped == 1
    image = sorted(folder.iterdir())[1]
    image.write_bytes(image.read_bytes())
    assert select_usable(listed, VideoIndex(tmp_path), report, None).coverage.skipped == 0


def test_an_unchanged_file_of_missing_videos_is_not_written_again(
    videos: Annotations, tmp_path: Path
) -> None:
    listing = tmp_path / "missing.txt"
    Path(videos.paths[1]).unlink()
    select_usable(videos, VideoIndex(tmp_path), None, listing)
    before = listing.stat()
    select_usable(videos, VideoIndex(tmp_path), None, listing)
    assert (listing.stat().st_ino, listing.read_text()) == (before.st_ino, f"{videos.paths[1]}\n")


def test_a_missing_video_that_is_reported_too_is_counted_once(
    videos: Annotations, tmp_path: Path
) -> None:
    Path(videos.paths[1]).unlink()
    report = tmp_path / "report.json"
    write_report(report, {}, [videos.paths[1]])
    chosen = select_usable(videos, VideoIndex(tmp_path), report, tmp_path / "missing.txt")
    assert chosen.coverage == Coverage(listed=3, missing=1)


def test_skip_unreadable_needs_a_report(videos: Annotations, tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"prepare verify has reported, so run that first"):
        select_usable(videos, VideoIndex(tmp_path), tmp_path / "none.json", missing_list=None)


@pytest.mark.parametrize("content", ["", "[]", "{}", '{"unreadable": 3}'])
def test_a_file_that_is_not_a_report_is_refused(
    content: str, videos: Annotations, tmp_path: Path
) -> None:
    report = tmp_path / "report.json"
    report.write_text(content)
    with pytest.raises(DataError, match=r"report\.json: is not a report"):
        select_usable(videos, VideoIndex(tmp_path), report, missing_list=None)


def test_missing_videos_are_counted_and_listed_where_allowed(
    tmp_path: Path, write_clip: WriteClip
) -> None:
    paths = [str(write_clip("a.mkv")), str(tmp_path / "gone1.mkv"), str(tmp_path / "gone2.mkv")]
    listing = tmp_path / "lists" / "missing.txt"
    chosen = select_usable(
        Annotations(paths, [5, 6, 7]), VideoIndex(tmp_path), report=None, missing_list=listing
    )
    assert (chosen.paths, chosen.labels) == (paths[:1], [5])
    assert str(chosen.coverage) == "1 of 3 videos (2 missing)"
    assert listing.read_text().split() == paths[1:]


def test_missing_videos_stop_the_run_elsewhere(tmp_path: Path) -> None:
    with pytest.raises(DataError, match=r"gone\.mkv: no such file"):
        select_usable(
            Annotations([str(tmp_path / "gone.mkv")], [0]), VideoIndex(tmp_path), None, None
        )


def test_a_list_of_which_nothing_is_there_stops_the_run(tmp_path: Path) -> None:
    with pytest.raises(DataError, match="as are all videos of the list; check root"):
        select_usable(
            Annotations([str(tmp_path / "gone.mkv")], [0]),
            VideoIndex(tmp_path),
            None,
            missing_list=tmp_path / "missing.txt",
        )
