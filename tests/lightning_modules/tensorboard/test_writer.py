"""When pictures are drawn: spread over a fit, and only if a logger can take them."""

import csv
import gc
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from matplotlib import pyplot
from matplotlib.figure import Figure
from pytorch_lightning import Callback, Trainer
from pytorch_lightning.loggers import (
    CometLogger,
    CSVLogger,
    MLFlowLogger,
    TensorBoardLogger,
    WandbLogger,
)
from pytorch_lightning.trainer.states import TrainerFn

from lightning_modules import VideoRecognizer
from lightning_modules.tensorboard import (
    AlignmentMaps,
    ClipMaps,
    ConfusionMatrix,
    GateStatistics,
    TemporalKernels,
    WorstClips,
)
from lightning_modules.tensorboard.writer import show
from tests.lightning_modules.conftest import CLASSES, Board, Fit
from tests.lightning_modules.glass import VALIDATION, Glass, loader_of

PICTURES = (AlignmentMaps, ClipMaps, ConfusionMatrix, TemporalKernels, WorstClips)


def test_the_first_and_the_last_validation_and_some_between_are_drawn(
    watch: Fit, board: Board
) -> None:
    watch(*(make(times=2) for make in PICTURES), max_epochs=8)
    tags = board().Tags()["images"]
    assert set(tags) == {
        *("alignment/first_clip", "val/confusion", "val/classes", "val/worst_clips"),
        *("cam/first_clip", "kernels/stage1", "kernels/stage2"),
    }
    for tag in tags:
        assert [image.step for image in board().Images(tag)] == [0, 3, 7], tag


def test_every_validation_is_drawn_where_there_are_few(watch: Fit, board: Board) -> None:
    watch(ConfusionMatrix(), max_epochs=3)
    assert [image.step for image in board().Images("val/confusion")] == [0, 1, 2]


def test_no_figure_stays_in_memory(watch: Fit) -> None:
    def figures() -> int:
        gc.collect()
        return sum(type(thing) is Figure for thing in gc.get_objects())

    before = figures()
    watch(*(make() for make in PICTURES))
    assert figures() <= before
    assert pyplot.get_fignums() == []


@pytest.mark.parametrize("settings", [{"logger": False}, {"fast_dev_run": True}])
def test_nothing_is_done_without_a_logger(
    watch: Fit, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object]
) -> None:
    def refuse(*args: object) -> None:
        raise AssertionError("computed a picture that nothing shows")

    room = "lightning_modules.tensorboard"
    monkeypatch.setattr(f"{room}.first_batch_probe.Watch", refuse)
    monkeypatch.setattr(f"{room}.confusion_matrix.MulticlassConfusionMatrix", refuse)
    monkeypatch.setattr(f"{room}.worst_clips._scored_clip", refuse)
    monkeypatch.setattr(f"{room}.temporal_kernels.blocks_of", refuse)
    watch(*(make() for make in (*PICTURES, GateStatistics)), **settings)


def test_a_logger_without_pictures_gets_the_curves(
    watch: Fit, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for module in ("confusion_matrix", "worst_clips", "temporal_kernels", "alignment_maps"):
        monkeypatch.setattr(f"lightning_modules.tensorboard.{module}.show", None)  # never called
    logger = CSVLogger(tmp_path)
    watch(*(make() for make in (*PICTURES, GateStatistics)), logger=logger)
    with (Path(logger.log_dir) / "metrics.csv").open() as stream:
        names = set(next(csv.reader(stream)))
    assert names >= {"gates/stage1_mean", "gates/stage1_std", "kernels/stage1_moved"}


class WeightsAndBiases(WandbLogger):
    """Takes pictures as the real one, which needs its package."""

    def __init__(self) -> None:
        self.taken: list[tuple[object, ...]] = []

    def log_image(
        self, key: str, images: list[Any], step: int | None = None, **kwargs: Any
    ) -> None:
        self.taken.append((key, *images, step))


class Comet(CometLogger):
    """Likewise."""

    def __init__(self) -> None:
        self.taken: list[tuple[object, ...]] = []

    @property
    def experiment(self) -> Any:
        return self

    def log_figure(self, figure_name: str, figure: Figure, step: int) -> None:
        self.taken.append((figure_name, figure, step))


class MLFlow(MLFlowLogger):
    """Likewise."""

    run_id = "run"

    def __init__(self) -> None:
        self.taken: list[tuple[object, ...]] = []

    @property
    def experiment(self) -> Any:
        return self

    def log_figure(self, run_id: str, figure: Figure, artifact_file: str) -> None:
        self.taken.append((run_id, artifact_file, figure))


def test_other_loggers_take_pictures_in_their_own_ways(tmp_path: Path) -> None:
    loggers: list[Any] = [WeightsAndBiases(), CSVLogger(tmp_path), Comet(), MLFlow()]
    trainer: Any = SimpleNamespace(
        state=SimpleNamespace(fn=TrainerFn.FITTING),
        **{"sanity_checking": False, "fast_dev_run": False, "is_global_zero": True},
        **{"loggers": loggers, "global_step": 5},
    )
    figure = Figure()
    show(trainer, "val/confusion", figure)
    taken = [logger.taken for logger in loggers if not isinstance(logger, CSVLogger)]
    assert taken == [
        [("val/confusion", figure, 4)],
        [("val/confusion", figure, 4)],
        [("run", "val/confusion/00000004.png", figure)],
    ]


def test_a_sanity_check_is_not_drawn(watch: Fit, board: Board) -> None:
    watch(*(make() for make in PICTURES), num_sanity_val_steps=1)
    for tag in board().Tags()["images"]:
        assert [image.step for image in board().Images(tag)] == [0, 1], tag


def test_a_validation_outside_a_fit_draws_nothing(tmp_path: Path, board: Board) -> None:
    logger = TensorBoardLogger(tmp_path, name="", version="")
    callbacks: list[Callback] = [make() for make in (*PICTURES, GateStatistics)]
    trainer = Trainer(
        accelerator="cpu",
        logger=logger,
        callbacks=callbacks,
        enable_progress_bar=False,
        default_root_dir=tmp_path,
    )
    trainer.validate(VideoRecognizer(Glass(), CLASSES), loader_of(VALIDATION), verbose=False)
    assert board().Tags()["images"] == []
