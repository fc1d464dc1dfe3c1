"""A file that only one process holds at a time, on the disks of one or several machines.

Locks of the operating system are not seen by other machines on every network disk. Making a file
that must not exist yet is atomic on all of them.
"""

import os
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

from lightning_modules.checkpoints.holder import Holder
from lightning_modules.errors import RunError

SILENCE = 300.0
"""Seconds without a sign of life after which a process of another machine counts as ended."""

RETRY_SECONDS = 0.01
MOMENT = 60.0
"""Seconds that a claim for a moment is waited for, and after which its holder counts as ended."""


class Claim:
    """A claim of this process.

    The file says who holds it. If its holder has ended without releasing it, the next one takes it
    over. So that only one of several does, this is itself claimed, by a file whose name has the
    key of the ended holder.

    Args:
        file: The file; its folder is made.
        silence: See `SILENCE`.
    """

    def __init__(self, file: Path, silence: float = SILENCE) -> None:
        self.file = file
        self.silence = silence
        self.me = Holder.this_process()
        self.draft = file.with_name(f"{file.name}.{self.me.key}.tmp")

    def take(self) -> Holder | None:
        """Take the file.

        Returns:
            None if this process has it now; otherwise who holds it.

        Raises:
            OSError: If the folder cannot be written.
        """
        try:
            while True:
                self._write_draft()
                if self._create():
                    return None
                there = self._read()
                if there is None:  # it was released just now
                    continue
                if not there.has_ended(self._silent_seconds(), self.silence):
                    return there
                if self._take_over(there):
                    return None
                time.sleep(RETRY_SECONDS)
        finally:
            with suppress(OSError):
                self.draft.unlink()

    def show_life(self) -> None:
        """Renew the file's time, which other machines look at."""
        with suppress(OSError):
            os.utime(self.file)

    def release(self) -> None:
        """Remove the file if this process holds it; a process that was forked from it does not."""
        if os.getpid() == self.me.pid and self._read() == self.me:
            with suppress(OSError):
                self.file.unlink()

    def _write_draft(self) -> None:
        self.file.parent.mkdir(parents=True, exist_ok=True)
        with suppress(FileNotFoundError):  # somebody has removed the empty folder; try again
            self.draft.write_text(self.me.text())

    def _create(self) -> bool:
        """Give the draft the file's name, unless there is a file; only one process succeeds."""
        try:
            os.link(self.draft, self.file)
        except FileExistsError:
            return self._is_linked()
        except FileNotFoundError:  # there is no draft
            return False
        except OSError:  # no hard links on this disk
            return self._is_linked() or self._create_without_link()
        return True

    def _is_linked(self) -> bool:
        """Tell whether the link was made although it was reported to fail, as NFS may do."""
        try:
            return self.draft.stat().st_nlink > 1
        except OSError:
            return False

    def _create_without_link(self) -> bool:
        try:
            number = os.open(self.file, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o666)
        except FileExistsError:
            return False
        with os.fdopen(number, "w") as stream:
            stream.write(self.me.text())
        return True

    def _read(self) -> Holder | None:
        """Read who holds the file; None if there is none."""
        try:
            text, stamp = self.file.read_text(), self.file.stat().st_mtime_ns
        except OSError:
            return None
        # Without hard links, a file is there before its content.
        unknown = Holder("an unknown host", "unknown", 0, None, "now", None, 0, str(stamp))
        return Holder.parse(text) or unknown

    def _silent_seconds(self) -> float:
        """Compare the times of the file and the draft, which one disk's clock has given."""
        try:
            return self.draft.stat().st_mtime - self.file.stat().st_mtime
        except OSError:
            return 0.0

    def _take_over(self, ended: Holder) -> bool:
        """Replace the claim of an ended holder, unless another process does or did."""
        only_one = Claim(self.file.with_name(f"{self.file.name}.{ended.key}"), self.silence)
        if only_one.take() is not None:
            return False
        try:
            if self._read() != ended or not self.draft.exists():
                return False
            self.draft.replace(self.file)
            return True
        finally:
            only_one.release()


@contextmanager
def for_a_moment(file: Path) -> Iterator[None]:
    """Hold a file while the block runs; wait for those that hold it.

    Raises:
        RunError: If one holds it for more than a minute, or it cannot be written.
    """
    claim = Claim(file, silence=MOMENT)
    deadline = time.monotonic() + 2 * MOMENT
    try:
        while (holder := claim.take()) is not None:
            if time.monotonic() > deadline:
                raise RunError(f"{file}: is held by {holder}; if that has ended, delete the file")
            time.sleep(RETRY_SECONDS)
    except OSError as error:
        raise RunError(f"{file}: cannot be written ({error.strerror or error})") from error
    try:
        yield
    finally:
        claim.release()
