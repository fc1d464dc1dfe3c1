"""Specification of ``pack``: tar files that other programs read; resumable, atomic, verified."""

import fcntl
import os
import resource
import subprocess
import tarfile
from pathlib import Path
from shutil import which

import pytest

from datamodules.decoding.video_index import VideoIndex
from datamodules.errors import DataError
from datamodules.packs.find import find_packed, open_pack
from datamodules.prepare import pack
from datamodules.prepare.shard import PackedSource, ShardWriter, Source, refuse_damaged_shard
from tests.datamodules.originals import FILES, FOLDERS, NAMES, Originals
from tests.small_disk import small_disk


def names_in(folder: Path) -> list[str]:
    """List what is in the tar files of a pack, in order."""
    names = []
    for file in sorted(folder.glob("*.tar")):
        with tarfile.open(file) as tar:
            names += tar.getnames()
    return names


def states(folder: Path) -> dict[str, int]:
    return {file.name: file.stat().st_mtime_ns for file in folder.glob("*.tar")}


def test_tar_files_hold_the_bytes_of_the_originals(originals: Originals) -> None:
    assert originals.packed() == 0
    images = [f"{name}/{number:05d}.jpg" for name in FOLDERS for number in range(1, 10)]
    assert names_in(originals.pack) == [*FILES, *images]
    for file in originals.pack.glob("*.tar"):
        with tarfile.open(file) as tar:
            for member in tar:
                content = tar.extractfile(member)
                assert content is not None
                assert content.read() == (originals.folder / member.name).read_bytes()


@pytest.mark.skipif(which("sha256sum") is None, reason="needs sha256sum")
def test_the_checksums_are_those_of_sha256sum(originals: Originals) -> None:
    originals.packed()
    finished = subprocess.run(
        ["sha256sum", "--check", "--strict", "SHA256SUMS"], cwd=originals.pack, check=False
    )
    assert finished.returncode == 0


def test_a_finished_pack_is_left_alone(originals: Originals) -> None:
    originals.packed()
    before = {file: file.stat().st_mtime_ns for file in originals.pack.glob("*[!v]")}
    assert originals.packed() == 0
    assert {file: file.stat().st_mtime_ns for file in originals.pack.glob("*[!v]")} == before


def test_new_videos_of_the_list_are_added(originals: Originals) -> None:
    originals.list_only(*NAMES[:3])
    originals.packed()
    before = states(originals.pack)
    originals.list_only(*NAMES)
    assert originals.packed() == 0
    assert states(originals.pack).items() > before.items()
    found = open_pack(originals.pack)
    assert found is not None
    assert sorted(video.name for video in found.names()) == sorted(NAMES)


def test_an_interrupted_pack_is_continued(
    originals: Originals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    add = ShardWriter.add

    def stop_at_the_second_folder(writer: ShardWriter, source: Source) -> None:
        if source.name == "frames/8":
            raise KeyboardInterrupt
        add(writer, source)

    with monkeypatch.context() as patch:
        patch.setattr(ShardWriter, "add", stop_at_the_second_folder)
        assert originals.packed() == 130
    assert capsys.readouterr().err.strip().endswith("the same command continues from there")
    before = states(originals.pack)
    assert len(before) > 1
    assert not list(originals.pack.glob(".*.tar"))
    with pytest.raises(DataError, match="this pack is not finished; call python -m datamodules"):
        find_packed(originals.pack / "a/one.mp4")
    assert originals.packed() == 0
    after = states(originals.pack)
    assert {name: after[name] for name in before} == before
    assert sorted({name.rpartition("/")[0] for name in names_in(originals.pack)}) == [
        *("a", "b", "frames/7", "frames/8")
    ]


def test_a_tar_file_that_is_lost_or_cut_is_written_again(
    originals: Originals, capsys: pytest.CaptureFixture[str]
) -> None:
    assert originals.packed("--shard_mib", "0.0001") == 0
    first, second, *others = sorted(originals.pack.glob("*.tar"))
    names, kept = names_in(originals.pack), {file: file.stat().st_mtime_ns for file in others}
    first.unlink()
    os.truncate(second, 10)
    assert originals.packed("--shard_mib", "0.0001") == 0
    assert (
        "2 tar files are missing or cut; their videos are packed again" in capsys.readouterr().out
    )
    assert names_in(originals.pack) == names
    assert {file: file.stat().st_mtime_ns for file in others} == kept


def test_a_full_disk_is_one_line_and_the_same_command_goes_on(
    originals: Originals, capsys: pytest.CaptureFixture[str]
) -> None:
    with small_disk():
        assert originals.packed() == 1
    message = capsys.readouterr().err
    assert "unfinished.sqlite: cannot be written (" in message
    assert message.endswith("; make room, or choose another place\n")
    soft, hard = resource.getrlimit(resource.RLIMIT_FSIZE)
    resource.setrlimit(resource.RLIMIT_FSIZE, (25_000, hard))  # room for the index only
    try:
        assert originals.packed() == 1
    finally:
        resource.setrlimit(resource.RLIMIT_FSIZE, (soft, hard))
    (line,) = capsys.readouterr().err.splitlines()
    assert "00000.tar: cannot be written (File too large); make room" in line
    assert sorted(path.name for path in originals.pack.iterdir()) == ["unfinished.sqlite"]
    assert originals.packed() == 0


def test_a_pack_of_another_list_is_refused(
    originals: Originals, capsys: pytest.CaptureFixture[str]
) -> None:
    originals.packed()
    before = sorted(originals.pack.iterdir())
    originals.list_only(*NAMES[:2], "frames/7")
    assert originals.packed() == 1
    (line,) = capsys.readouterr().err.splitlines()
    assert "holds a pack of another list: " in line
    assert line.endswith("are not listed here; choose another output")
    assert sorted(originals.pack.iterdir()) == before


def test_a_video_that_has_changed_is_not_mixed_with_its_old_copy(
    originals: Originals, capsys: pytest.CaptureFixture[str]
) -> None:
    originals.packed()
    os.utime(originals.folder / "a/one.mp4", ns=(1, 1))
    assert originals.packed() == 1
    assert "one.mp4: has changed since it was packed" in capsys.readouterr().err


def test_videos_that_cannot_be_packed_are_named_and_others_go_on(
    originals: Originals, capsys: pytest.CaptureFixture[str]
) -> None:
    (originals.folder / "frames/7/00004.jpg").unlink()
    (originals.folder / "a/one.mp4").unlink()
    assert originals.packed() == 1
    shown = capsys.readouterr().out
    assert f"{originals.folder}/frames/7: 00004.jpg is missing though there are 8" in shown
    assert f"{originals.folder}/a/one.mp4: is missing" in shown
    assert find_packed(originals.pack / "frames/8")
    assert find_packed(originals.pack / "frames/7") is None
    count = len(list(originals.pack.glob("*.tar")))
    assert originals.packed() == 1
    assert len(list(originals.pack.glob("*.tar"))) == count


def test_an_unreadable_video_is_packed_as_it_is(originals: Originals) -> None:
    (originals.folder / "a/one.mp4").write_bytes(b"")
    (originals.folder / "a/two.avi").write_text("no video")
    assert originals.packed() == 0
    index = VideoIndex(originals.index)
    for name in FILES[:2]:
        (copy,) = index.scan([str(originals.pack / name)])
        (original,) = index.scan([str(originals.folder / name)])
        assert copy.reason == original.reason.replace(str(originals.folder), str(originals.pack))


def test_what_cannot_be_read_back_is_not_kept(
    originals: Originals, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def flip(file: Path, packed: list[PackedSource]) -> None:
        content = bytearray(file.read_bytes())
        content[600] ^= 1
        file.write_bytes(content)
        refuse_damaged_shard(file, packed)

    monkeypatch.setattr(pack, "refuse_damaged_shard", flip)
    assert originals.packed() == 1
    assert "a/one.mp4 cannot be read back as it was written" in capsys.readouterr().err
    assert not (originals.pack / "00000.tar").exists()


def test_two_processes_do_not_write_one_pack(
    originals: Originals, capsys: pytest.CaptureFixture[str]
) -> None:
    originals.pack.mkdir()
    descriptor = os.open(originals.pack, os.O_RDONLY)
    fcntl.flock(descriptor, fcntl.LOCK_EX)
    assert originals.packed() == 1
    os.close(descriptor)
    assert "another process writes this pack; wait for its end" in capsys.readouterr().err


def test_a_pack_among_the_videos_is_refused(
    originals: Originals, capsys: pytest.CaptureFixture[str]
) -> None:
    originals.pack = originals.folder
    assert originals.packed() == 1
    assert "choose an output elsewhere" in capsys.readouterr().err


def test_how_to_train_from_it_is_shown(
    originals: Originals, capsys: pytest.CaptureFixture[str]
) -> None:
    originals.packed()
    assert f"--data.source={originals.pack}/list.csv" in capsys.readouterr().out
