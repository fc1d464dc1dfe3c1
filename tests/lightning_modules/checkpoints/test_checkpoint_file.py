"""Checkpoint files: saved completely or not at all, and checked for every damaged byte."""

import errno
import os
from pathlib import Path
from typing import Any

import pytest
import torch

from lightning_modules import CheckpointFiles, RunError
from lightning_modules.checkpoints.checkpoint_file import find_fault


class Bomb:
    """Runs a command when a pickle of it is loaded without ``weights_only``."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[Any, ...]:
        return (os.mkdir, (str(self.trace),))


def state(step: int = 3) -> dict[str, Any]:
    """Make the content of a minimal checkpoint."""
    return {"state_dict": {"weight": torch.arange(6.0)}, "global_step": step}


def saved(file: Path, step: int = 3) -> Path:
    """Save a checkpoint."""
    CheckpointFiles().save_checkpoint(state(step), file)
    return file


def no_room(*args: object, **kwargs: object) -> None:
    """Fail as on a full disk."""
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_a_saved_checkpoint_has_no_fault(tmp_path: Path) -> None:
    file = saved(tmp_path / "new folder" / "last.ckpt")
    assert find_fault(file) is None
    assert [other.name for other in file.parent.iterdir()] == ["last.ckpt"]


@pytest.mark.parametrize("where", ["torch.save", "os.fsync", "pathlib.Path.replace"])
def test_a_full_disk_leaves_the_old_checkpoint_byte_for_byte(
    where: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = saved(tmp_path / "best.ckpt")
    before = file.read_bytes()
    with monkeypatch.context() as patch:
        patch.setattr(where, no_room)
        with pytest.raises(RunError) as error:
            saved(file, step=4)
    assert str(error.value).startswith(f"{file}: could not be saved (No space left on device)")
    assert file.read_bytes() == before
    assert list(tmp_path.iterdir()) == [file]


def test_the_draft_is_on_the_same_disk_as_its_checkpoint(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("tempfile.mkstemp", no_room)
    assert find_fault(saved(tmp_path / "last.ckpt")) is None


@pytest.mark.parametrize("links", [True, False])
def test_the_last_checkpoint_but_one_is_kept(
    links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    if not links:
        monkeypatch.setattr(os, "link", no_room)  # as file systems without hard links
    for step in (1, 2, 3):
        saved(tmp_path / "last.ckpt", step)
        saved(tmp_path / "best.ckpt", step)
    steps = {file.stem: torch.load(file)["global_step"] for file in tmp_path.iterdir()}
    assert steps == {"last": 3, "best": 3, "previous": 2}


def test_a_failed_save_keeps_the_last_checkpoint_but_one(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for step in (1, 2):
        saved(tmp_path / "last.ckpt", step)
    monkeypatch.setattr("os.fsync", no_room)
    with pytest.raises(RunError):
        saved(tmp_path / "last.ckpt", step=3)
    steps = {file.stem: torch.load(file)["global_step"] for file in tmp_path.iterdir()}
    assert steps == {"last": 2, "previous": 1}


def test_the_draft_of_a_killed_process_is_overwritten(tmp_path: Path) -> None:
    (tmp_path / "last.ckpt.part").write_bytes(b"half of a checkpoint" * 1000)
    saved(tmp_path / "last.ckpt")
    assert [file.name for file in tmp_path.iterdir()] == ["last.ckpt"]


def is_as_saved(file: Path) -> bool:
    """Tell whether torch either reads what was saved or raises an error."""
    try:
        content = torch.load(file)
    except Exception:  # torch raises many kinds for a damaged file
        return True
    weight = content["state_dict"]["weight"]
    return content["global_step"] == 3 and torch.equal(weight, torch.arange(6.0))


def test_no_changed_byte_loads_other_weights_silently(tmp_path: Path) -> None:
    file = saved(tmp_path / "last.ckpt")
    whole = file.read_bytes()
    found, missed = [], []
    for place in range(len(whole)):
        file.write_bytes(
            whole[:place] + bytes([whole[place] ^ 1 << place % 8]) + whole[place + 1 :]
        )
        if find_fault(file):
            found.append(place)
        elif not is_as_saved(file):  # an unfound change must be in a byte that is not read
            missed.append(place)
    assert not missed
    assert len(found) > len(whole) / 4


def test_a_truncated_file_is_found(tmp_path: Path) -> None:
    file = saved(tmp_path / "last.ckpt")
    whole = file.read_bytes()
    for length in range(0, len(whole), 7):
        file.write_bytes(whole[:length])
        assert find_fault(file)


def test_a_pickle_with_code_is_refused_and_not_run(tmp_path: Path) -> None:
    file, trace = tmp_path / "bomb.ckpt", tmp_path / "trace"
    for legacy in (False, True):
        torch.save(
            {**state(), "extra": Bomb(trace)}, file, _use_new_zipfile_serialization=not legacy
        )
        assert find_fault(file)
        assert not trace.exists()


def test_weights_without_a_fit_are_no_checkpoint(tmp_path: Path) -> None:
    torch.save(state()["state_dict"], tmp_path / "weights.pth")
    assert "--model.network.weights" in str(find_fault(tmp_path / "weights.pth"))
