"""A file is held by one process at a time, however many try at the same moment."""

import errno
import json
import multiprocessing
import os
import signal
import subprocess
import time
from collections.abc import Callable
from multiprocessing.connection import Connection
from multiprocessing.synchronize import Barrier
from pathlib import Path
from typing import Any

import pytest

from lightning_modules import RunError
from lightning_modules.checkpoints import claim
from lightning_modules.checkpoints.claim import Claim, for_a_moment
from lightning_modules.checkpoints.folder_claim import claimed
from lightning_modules.checkpoints.results_file import read_results, results_of
from lightning_modules.checkpoints.run_folder import RunFolder

ROUNDS = 60
PROCESSES = 4
fork = multiprocessing.get_context("fork")


def ended_process() -> int:
    """Give the id of a process that has ended."""
    process = subprocess.Popen(["true"])
    process.wait()
    return process.pid


def leave_behind(file: Path, **changes: Any) -> None:
    """Write the claim of a process that has ended without releasing it."""
    one = Claim(file)
    assert one.take() is None
    file.write_text(json.dumps({**json.loads(one.me.text()), "pid": ended_process(), **changes}))


def no_links(*paths: object) -> None:
    """Fail as on a disk that has no hard links."""
    raise OSError(errno.EOPNOTSUPP, "no hard links")


def in_processes(number: int, work: Callable[[int, Barrier, Connection], None]) -> list[Any]:
    """Do some work in several processes at once; give back what each has sent."""
    barrier, pairs = fork.Barrier(number), [fork.Pipe() for _ in range(number)]
    processes = [
        fork.Process(target=work, args=(index, barrier, pair[1]))
        for index, pair in enumerate(pairs)
    ]
    for process in processes:
        process.start()
    sent = [pair[0].recv() for pair in pairs]
    for process in processes:
        process.join()
    return sent


@pytest.mark.parametrize("links", [True, False])
@pytest.mark.parametrize("before", ["nobody", "an ended process"])
def test_of_several_processes_exactly_one_gets_a_file(
    before: str, links: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    files = [tmp_path / f"{number}" / "claim.json" for number in range(ROUNDS)]
    if before != "nobody":
        for file in files:
            leave_behind(file)
    if not links:
        monkeypatch.setattr(os, "link", no_links)

    def work(index: int, barrier: Barrier, pipe: Connection) -> None:
        won = []
        for number, file in enumerate(files):
            barrier.wait()
            if Claim(file).take() is None:
                won.append(number)
        barrier.wait()  # winners hold their files until all have tried
        pipe.send(won)

    won = in_processes(PROCESSES, work)
    assert sorted(number for numbers in won for number in numbers) == list(range(ROUNDS))
    assert {path.name for file in files for path in file.parent.iterdir()} == {"claim.json"}


def test_one_that_died_while_it_took_over_is_followed_by_another(tmp_path: Path) -> None:
    file = tmp_path / "claim.json"
    leave_behind(file)
    key = json.loads(file.read_text())["key"]
    leave_behind(tmp_path / f"claim.json.{key}")
    assert Claim(file).take() is None
    assert [path.name for path in tmp_path.iterdir()] == ["claim.json"]


def test_a_zombie_holds_nothing(tmp_path: Path) -> None:
    def work(index: int, barrier: Barrier, pipe: Connection) -> None:
        pipe.send(Claim(tmp_path / "claim.json").take() is None)
        os.kill(os.getpid(), signal.SIGSTOP)

    parent, child = fork.Pipe()
    process = fork.Process(target=work, args=(0, fork.Barrier(1), child))
    process.start()
    assert parent.recv()
    assert Claim(tmp_path / "claim.json").take() is not None
    assert process.pid is not None
    os.kill(process.pid, signal.SIGKILL)
    os.waitid(os.P_PID, process.pid, os.WEXITED | os.WNOWAIT)  # it stays a zombie
    assert Claim(tmp_path / "claim.json").take() is None
    process.join()


@pytest.mark.parametrize("content", ["", '{"host": "a"}', "{"])
def test_a_claim_that_is_not_written_yet_holds_until_it_is_old(
    content: str, tmp_path: Path
) -> None:
    file = tmp_path / "claim.json"
    file.write_text(content)
    assert "an unknown host" in str(Claim(file).take())
    minutes_ago = time.time() - 6 * 60
    os.utime(file, (minutes_ago, minutes_ago))
    assert Claim(file).take() is None


def test_a_sign_of_life_renews_a_claim_for_other_machines(tmp_path: Path) -> None:
    one = Claim(tmp_path / "claim.json")
    one.take()
    os.utime(one.file, (0, 0))
    one.show_life()
    assert time.time() - one.file.stat().st_mtime < claim.SILENCE


def test_only_its_holder_releases_a_claim(tmp_path: Path) -> None:
    one, other = Claim(tmp_path / "claim.json"), Claim(tmp_path / "claim.json")
    one.take()
    other.release()
    assert other.take() == one.me
    one.release()
    assert other.take() is None


def test_a_folder_that_was_made_for_a_claim_and_stays_empty_is_removed(tmp_path: Path) -> None:
    with claimed(RunFolder(tmp_path / "runs" / "run")):
        assert (tmp_path / "runs" / "run" / "claim.json").exists()
    assert not list(tmp_path.iterdir())


def test_no_result_is_lost_when_several_processes_write_at_once(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)

    def work(index: int, barrier: Barrier, pipe: Connection) -> None:
        barrier.wait()
        for number in range(20):
            with results_of(run) as results:
                results[f"{index}-{number}"] = {"top1": 0.5}
        pipe.send(None)

    in_processes(PROCESSES, work)
    assert len(read_results(run)) == PROCESSES * 20
    assert [path.name for path in tmp_path.iterdir()] == ["metrics.json"]


def test_a_claim_for_a_moment_that_another_keeps_is_an_error_that_names_it(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(claim, "MOMENT", 0.0)
    file = tmp_path / "claim"
    one = Claim(file)
    one.take()
    with pytest.raises(RunError, match=r"claim: is held by process \d+ on"), for_a_moment(file):
        pass
