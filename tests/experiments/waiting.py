"""A callback for train.py that waits in a chosen hook until the test lets it go on."""

from pathlib import Path
from typing import Any

from pytorch_lightning import Callback, LightningModule, Trainer

CLASS = f"{__name__}.WaitAt"


class WaitAt(Callback):
    """Waits once: opens a named pipe for writing, then another one for reading.

    Args:
        hook: The hook.
        folder: Holds the pipes ``here``, which the test reads, and ``go``, which it writes.
        batches: How many batches of the fit must have started.
    """

    def __init__(self, hook: str, folder: str, batches: int = 0) -> None:
        assert hasattr(self, hook)
        self.folder, self.batches, self.done = Path(folder), batches, False
        setattr(self, hook, self._wait)

    def _wait(self, trainer: Trainer, pl_module: LightningModule, *args: Any) -> None:
        total: Any = trainer.fit_loop.epoch_loop.batch_progress.total
        if self.done or total.started < self.batches:
            return
        self.done = True
        (self.folder / "here").write_text("here")
        (self.folder / "go").read_text()


def wait_at(hook: str, folder: Path, batches: int = 0) -> list[str]:
    """Write a `WaitAt` as arguments of train.py."""
    values = {"hook": hook, "folder": folder, "batches": batches}
    stated = [f"--trainer.callbacks.{name}={value}" for name, value in values.items()]
    return [f"--trainer.callbacks+={CLASS}", *stated]
