"""Progress as lines of text, for log files and batch jobs, where a bar cannot be redrawn."""

from collections.abc import Mapping, Sequence
from datetime import timedelta
from time import monotonic
from typing import Any

from pytorch_lightning import LightningModule, Trainer
from pytorch_lightning.callbacks import ProgressBar
from torch import Tensor

from lightning_modules.errors import RunError
from lightning_modules.video_recognizer import VideoRecognizer


class ProgressLines(ProgressBar):
    """Prints a line per epoch and per N steps to stdout, in place of Lightning's progress bar.

    ``epoch 3/50, step 1,250/30,850: loss 2.4567, top-1 31.25 %, 85.3 clips/s, 2:03:11 left``: loss
    and top-1 are those of the first process's clips since the line before, in the same epoch.
    The line of an epoch has the metrics of all its clips and of its validation. The time left is
    that of the whole fit at the speed so far, with its validations.

    Tests, validations outside a fit and predictions print a line per N batches and their results.

    Args:
        every_n_steps: N; optimizer steps of a fit, batches of a test.

    Raises:
        RunError: If it is not above 0.
    """

    def __init__(self, every_n_steps: int = 50) -> None:
        super().__init__()
        if every_n_steps < 1:
            raise RunError(f"progress_every_n_steps={every_n_steps} must be at least 1")
        self.every_n_steps = every_n_steps
        self.enabled = True
        self.printed_step = 0
        self.epoch = 0
        self.validated = False
        self.window: tuple[float, Tensor] | None = None

    def disable(self) -> None:
        """Print nothing; processes other than the first are told so."""
        self.enabled = False

    def enable(self) -> None:
        """Print again."""
        self.enabled = True

    def print(self, *args: Any, **kwargs: Any) -> None:
        """Print a line at once: Python keeps back what it writes to a file."""
        if self.enabled:
            print(*args, flush=True, **kwargs)

    def on_train_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Start the clock; a fit resumed inside an epoch has no start of that epoch."""
        self.started = monotonic()
        self.first_step = self.printed_step = trainer.global_step
        self._start_epoch(trainer)

    def on_train_epoch_start(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the epoch before, which is finished and logged only now."""
        self._end_epoch(trainer)
        self._start_epoch(trainer)

    def on_train_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the last epoch."""
        self._end_epoch(trainer)

    def on_train_batch_start(
        self, trainer: Trainer, pl_module: LightningModule, batch: Any, batch_idx: int
    ) -> None:
        """Start a window of steps where none is open."""
        if self.window is None:
            self.window = monotonic(), _sums(pl_module)  # start, sums until then

    def on_train_batch_end(
        self, trainer: Trainer, pl_module: LightningModule, outputs: Any, batch: Any, batch_idx: int
    ) -> None:
        """Print the steps since the last line, and start a new window."""
        step = trainer.global_step
        if step == self.printed_step or step % self.every_n_steps or self.window is None:
            return
        self.printed_step = step
        start, before = self.window
        self.window = None
        if not self.enabled:
            return
        hits, loss, clips = (_sums(pl_module) - before).tolist()
        speed = trainer.world_size * clips / max(monotonic() - start, 1e-9)
        place = f"{self._epoch_of(trainer)}, step {step:,}/{_total_steps(trainer):,}"
        self.print(
            f"{place}: loss {loss / clips:.4f}, top-1 {100 * hits / clips:.2f} %, "
            f"{speed:,.1f} clips/s, {self._time_left(trainer)} left"
        )

    def on_validation_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the results, in a fit as a part of the epoch's line."""
        if trainer.state.fn == "fit":
            self.validated, self.window = not trainer.sanity_checking, None
        else:
            self._print_results(trainer, "val")

    def on_test_end(self, trainer: Trainer, pl_module: LightningModule) -> None:
        """Print the results."""
        self._print_results(trainer, "test")

    def on_validation_batch_end(self, trainer: Trainer, *args: Any, **kwargs: Any) -> None:
        """Print the progress of a validation outside a fit."""
        if trainer.state.fn != "fit":
            self._print_batch("val", trainer.num_val_batches, *args, **kwargs)

    def on_test_batch_end(self, trainer: Trainer, *args: Any, **kwargs: Any) -> None:
        """Print the progress of a test."""
        self._print_batch("test", trainer.num_test_batches, *args, **kwargs)

    def on_predict_batch_end(self, trainer: Trainer, *args: Any, **kwargs: Any) -> None:
        """Print the progress of a prediction."""
        self._print_batch("predict", trainer.num_predict_batches, *args, **kwargs)

    def _print_results(self, trainer: Trainer, split: str) -> None:
        videos = int(trainer.callback_metrics[f"{split}/n_videos"])
        self.print(f"{split}: {_results(trainer.callback_metrics, split)}, {videos:,} videos")

    def _print_batch(
        self,
        what: str,
        batches: Sequence[int | float],
        pl_module: LightningModule,
        outputs: Any,
        batch: Any,
        batch_idx: int,
        dataloader_idx: int = 0,
    ) -> None:
        done, total = batch_idx + 1, int(sum(batches))
        if done == 1:
            self.started = monotonic()  # the first batch also waits for the loader's start
        elif done < total and done % self.every_n_steps == 0:
            seconds = (monotonic() - self.started) / batch_idx * (total - done)
            self.print(f"{what}: batch {done:,}/{total:,}, {_time(seconds)} left")

    def _start_epoch(self, trainer: Trainer) -> None:
        self.epoch, self.validated, self.epoch_started = trainer.current_epoch, False, monotonic()
        self.window = None

    def _end_epoch(self, trainer: Trainer) -> None:
        """Print the epoch that has just ended, unless none has."""
        if trainer.global_step == self.first_step:
            return
        parts = [f"train {_results(trainer.callback_metrics, 'train')}"]
        if self.validated:
            parts.append(f"val {_results(trainer.callback_metrics, 'val')}")
        took = _time(monotonic() - self.epoch_started)
        parts.append(f"took {took}, {self._time_left(trainer)} left")
        self.print(f"{self._epoch_of(trainer)}: {'; '.join(parts)}")

    def _epoch_of(self, trainer: Trainer) -> str:
        return f"epoch {self.epoch + 1}/{trainer.max_epochs}"

    def _time_left(self, trainer: Trainer) -> str:
        steps = trainer.global_step - self.first_step
        left = max(_total_steps(trainer) - trainer.global_step, 0)
        return _time((monotonic() - self.started) / steps * left)


def _total_steps(trainer: Trainer) -> int:
    return int(trainer.estimated_stepping_batches)


def _sums(pl_module: LightningModule) -> Tensor:
    """Copy the training's sums so far in this process: hits, loss and clips, (3,)."""
    assert isinstance(pl_module, VideoRecognizer)
    return pl_module.metrics["train_metrics"].sums()  # type: ignore[operator]


def _results(metrics: Mapping[str, Tensor], split: str) -> str:
    """Write a split's loss, top-1 and top-5."""
    top1, top5 = (100 * float(metrics[f"{split}/top{k}"]) for k in (1, 5))
    loss = float(metrics[f"{split}/loss"])
    return f"loss {loss:.4f}, top-1 {top1:.2f} %, top-5 {top5:.2f} %"


def _time(seconds: float) -> str:
    return str(timedelta(seconds=round(seconds)))
