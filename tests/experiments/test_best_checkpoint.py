"""best.ckpt is the best epoch by the monitored metric, however many epochs are kept."""

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from pytorch_lightning.callbacks import ModelCheckpoint

from tests.conftest import tiny_arguments
from tests.experiments.cli.test_command_line import stopped_with
from tests.experiments.runs import SMALL_NETWORK, curves_of
from train import main

pytestmark = pytest.mark.slow

Fit = Callable[..., Path]
ROUGH = (SMALL_NETWORK, "--trainer.max_epochs=5", "--model.optimizer.lr=0.6")
"""Five epochs whose losses go up and down."""
EARLY = "pytorch_lightning.callbacks.EarlyStopping"
BY_LOSS = "--checkpoint.monitor=val/loss"
RESUME = "--ckpt_path=last"


@pytest.fixture
def fit(shapes_root: Path, tmp_path: Path) -> Fit:
    """Fit for five epochs; give back the run folder."""

    def run(*arguments: str) -> Path:
        main(["fit", *tiny_arguments(shapes_root, tmp_path / "run"), *ROUGH, *arguments])
        return tmp_path / "run"

    return run


def steps_in_order(run_dir: Path, metric: str) -> list[int]:
    """List the steps of the epochs, the best first, by the curve; the earlier of equal ones."""
    sign = 1 if metric.endswith("loss") else -1
    curve = sorted((sign * value, step) for step, value in curves_of(run_dir)[metric])
    return [step + 1 for _, step in curve]


def step_of(file: Path) -> int:
    """Read the step of a checkpoint."""
    return int(torch.load(file, weights_only=True)["global_step"])


def best_step(run_dir: Path) -> int:
    """Read the step of best.ckpt."""
    return step_of(run_dir / "checkpoints" / "best.ckpt")


def several(run_dir: Path) -> set[int]:
    """Read the steps of the checkpoints that save_top_k keeps."""
    return {step_of(file) for file in (run_dir / "checkpoints").glob("epoch=*-step=*.ckpt")}


def refused(fit: Fit, tmp_path: Path, *arguments: str) -> str:
    """Start a fit that is refused before it writes anything; return the message."""
    with pytest.raises(SystemExit) as error:
        fit(*arguments)
    assert not (tmp_path / "run" / "checkpoints").exists()
    return stopped_with(error)


@pytest.mark.parametrize("metric", ["val/loss", "val/top1", "train/loss", "train/top1"])
def test_the_mode_follows_the_metric(fit: Fit, metric: str) -> None:
    run_dir = fit(f"--checkpoint.monitor={metric}")
    assert best_step(run_dir) == steps_in_order(run_dir, metric)[0]


@pytest.mark.parametrize(
    ("monitor", "mode", "right"), [("val/loss", "max", "min"), ("val/top1", "min", "max")]
)
def test_a_mode_that_contradicts_its_metric_is_refused(
    fit: Fit, tmp_path: Path, monitor: str, mode: str, right: str
) -> None:
    stated = (f"--checkpoint.monitor={monitor}", f"--checkpoint.mode={mode}")
    assert f"give checkpoint.mode {right}" in refused(fit, tmp_path, *stated)
    early = (f"--trainer.callbacks+={EARLY}", f"--trainer.callbacks.monitor={monitor}")
    message = refused(fit, tmp_path, *early, f"--trainer.callbacks.mode={mode}")
    assert "trainer.callbacks: EarlyStopping" in message


@pytest.mark.parametrize("monitor", ["val/acc", "val_loss", "lr-SGD", "val/n_videos", "test/top1"])
def test_what_cannot_be_monitored_is_refused_with_what_can(
    fit: Fit, tmp_path: Path, monitor: str
) -> None:
    stated = (f"--checkpoint.monitor={monitor}", "--checkpoint.mode=max")
    message = refused(fit, tmp_path, *stated)
    assert f"{monitor}: cannot be monitored; choose one of val/top1, " in message
    early = (f"--trainer.callbacks+={EARLY}", f"--trainer.callbacks.monitor={monitor}")
    assert "cannot be monitored" in refused(fit, tmp_path, *early)


@pytest.mark.parametrize(
    "no_validation",
    [
        "--trainer.limit_val_batches=0",
        "--trainer.check_val_every_n_epoch=6",
        "--data.val_videos=0",
    ],
)
def test_a_validation_that_never_comes_cannot_be_monitored(
    fit: Fit, tmp_path: Path, no_validation: str
) -> None:
    assert "val" in refused(fit, tmp_path, no_validation)


LOGS = "tests.experiments.own_metric.OwnMetric"


def test_the_mode_of_a_metric_of_one_s_own_must_be_stated(fit: Fit, tmp_path: Path) -> None:
    own = (f"--trainer.callbacks+={LOGS}", "--checkpoint.monitor=val/own")
    assert "state checkpoint.mode" in refused(fit, tmp_path, *own)
    run_dir = fit(*own, "--checkpoint.mode=min")  # it falls from epoch to epoch
    assert best_step(run_dir) == 5 * 4


def test_without_a_monitored_metric_there_is_no_best_and_the_last_is_tested(
    fit: Fit, shapes_root: Path
) -> None:
    run_dir = fit("--checkpoint.monitor=null")
    assert not (run_dir / "checkpoints" / "best.ckpt").exists()
    common = [*tiny_arguments(shapes_root, run_dir), SMALL_NETWORK, "--checkpoint.monitor=null"]
    main(["test", *common])
    with pytest.raises(SystemExit) as error:
        main(["test", *common, "--ckpt_path=best"])
    assert "best.ckpt: no such checkpoint" in stopped_with(error)


def test_a_best_checkpoint_that_an_older_version_chose_the_wrong_way_is_not_tested(
    fit: Fit, shapes_root: Path
) -> None:
    run_dir = fit()
    file = run_dir / "checkpoints" / "best.ckpt"
    content = torch.load(file, weights_only=True)
    key = next(key for key in content["callbacks"] if key.startswith("ModelCheckpoint"))
    wrong = key.replace("val/top1", "val/loss")
    content["callbacks"][wrong] = content["callbacks"].pop(key)
    torch.save(content, file)
    with pytest.raises(SystemExit) as error:
        main(["test", *tiny_arguments(shapes_root, run_dir), SMALL_NETWORK])
    assert "the epoch with the worst val/loss" in stopped_with(error)


@pytest.mark.parametrize("k", [2, 3, -1])
def test_the_k_best_epochs_are_kept_and_best_is_the_best_of_them(fit: Fit, k: int) -> None:
    run_dir = fit(BY_LOSS, f"--checkpoint.save_top_k={k}")
    order = steps_in_order(run_dir, "val/loss")
    assert several(run_dir) == set(order if k == -1 else order[:k])
    assert best_step(run_dir) == order[0]


def test_no_epoch_is_kept_with_save_top_k_0(fit: Fit) -> None:
    run_dir = fit("--checkpoint.save_top_k=0")
    names = {file.name for file in (run_dir / "checkpoints").iterdir()}
    assert names == {"last.ckpt", "previous.ckpt"}


@pytest.mark.parametrize(("before", "after"), [(1, 3), (3, 1), (3, 2), (-1, 2), (2, 2)])
def test_a_resumed_fit_keeps_the_best_epochs_also_with_another_k(
    fit: Fit, before: int, after: int
) -> None:
    fit(BY_LOSS, "--trainer.max_epochs=3", f"--checkpoint.save_top_k={before}")
    run_dir = fit(BY_LOSS, f"--checkpoint.save_top_k={after}", RESUME)
    order = steps_in_order(run_dir, "val/loss")
    assert best_step(run_dir) == order[0]
    if after == before:
        assert several(run_dir) == set(order[:after])


def test_a_fit_that_goes_back_forgets_the_best_epoch_of_the_training_that_it_leaves(
    fit: Fit, tmp_path: Path
) -> None:
    own = (f"--trainer.callbacks+={LOGS}", "--checkpoint.monitor=val/own", "--checkpoint.mode=min")
    run_dir = fit(*own, "--trainer.max_epochs=2")
    second = shutil.copy(run_dir / "checkpoints" / "last.ckpt", tmp_path / "second.ckpt")
    shutil.copy(second, run_dir / "checkpoints")
    fit(*own, RESUME)
    assert best_step(run_dir) == 5 * 4
    back = (f"--ckpt_path={run_dir}/checkpoints/second.ckpt", "--trainer.max_epochs=3")
    fit(*own, "--trainer.callbacks.slope=1", *back)  # 2 is worse than -1 of the second epoch
    assert best_step(run_dir) == 3 * 4


def test_another_monitored_metric_chooses_anew_with_a_warning(fit: Fit) -> None:
    fit("--trainer.max_epochs=2")
    with pytest.warns(UserWarning, match="best.ckpt is chosen anew from here on"):
        run_dir = fit(BY_LOSS, RESUME)
    assert best_step(run_dir) > 8


@pytest.mark.parametrize(
    ("option", "value"),
    [
        ("filename", "best-{epoch}"),
        ("save_last", "true"),
        ("save_on_exception", "true"),
        ("save_on_train_epoch_end", "false"),
        ("enable_version_counter", "true"),
        ("every_n_epochs", "2"),
        ("every_n_train_steps", "3"),
        ("train_time_interval", "0:01:00"),
        ("save_top_k", "-2"),
    ],
)
def test_an_option_that_would_break_what_best_means_is_refused_by_name(
    fit: Fit, tmp_path: Path, option: str, value: str
) -> None:
    assert option in refused(fit, tmp_path, f"--checkpoint.{option}={value}")


class SubclassOfLightnings(ModelCheckpoint):
    """A callback of the user's that behaves like Lightning's."""


SECOND = ["pytorch_lightning.callbacks.ModelCheckpoint", f"{__name__}.SubclassOfLightnings"]


@pytest.mark.parametrize("kind", SECOND)
@pytest.mark.parametrize(
    ("stated", "file"),
    [
        (["filename=best"], "best.ckpt"),
        (["save_last=true"], "last.ckpt"),
        (["save_last=true", "dirpath={run}/checkpoints"], "last.ckpt"),
        (["filename=previous", "dirpath={run}/x/../checkpoints"], "previous.ckpt"),
        (["monitor=val/loss"], "{epoch}-{step}.ckpt"),
    ],
)
def test_a_second_checkpoint_callback_never_writes_the_first_one_s_files(
    kind: str, stated: list[str], file: str, fit: Fit, tmp_path: Path
) -> None:
    run = tmp_path / "run"
    options = [f"--trainer.callbacks.{option.format(run=run)}" for option in stated]
    several_epochs = "--checkpoint.save_top_k=2"
    message = refused(fit, tmp_path, f"--trainer.callbacks+={kind}", *options, several_epochs)
    assert f"{file} of this folder is saved by --checkpoint or --last" in message


def test_an_exception_never_writes_last(fit: Fit, tmp_path: Path) -> None:
    kind = "pytorch_lightning.callbacks.OnExceptionCheckpoint"
    stated = [f"dirpath={tmp_path / 'run' / 'checkpoints'}", "filename=last"]
    options = [f"--trainer.callbacks.{option}" for option in stated]
    message = refused(fit, tmp_path, f"--trainer.callbacks+={kind}", *options)
    assert "last.ckpt of this folder" in message


@pytest.mark.parametrize("kind", SECOND)
def test_a_second_checkpoint_callback_with_files_of_its_own_is_honoured(
    kind: str, fit: Fit, tmp_path: Path
) -> None:
    stated = ["every_n_train_steps=6", "save_last=true", f"dirpath={tmp_path / 'mine'}"]
    options = [f"--trainer.callbacks.{option}" for option in stated]
    run_dir = fit(f"--trainer.callbacks+={kind}", *options)
    assert best_step(run_dir) == steps_in_order(run_dir, "val/top1")[0]
    assert step_of(run_dir / "checkpoints" / "last.ckpt") == 5 * 4
    assert step_of(tmp_path / "mine" / "last.ckpt") >= 18


def test_a_second_checkpoint_callback_follows_another_metric(fit: Fit, tmp_path: Path) -> None:
    options = [f"--trainer.callbacks+={SECOND[0]}", "--trainer.callbacks.monitor=val/top1"]
    assert "follows the metric of --checkpoint" in refused(fit, tmp_path, *options)


def test_weights_alone_are_tested_and_last_resumes(fit: Fit, shapes_root: Path) -> None:
    run_dir = fit(BY_LOSS, "--checkpoint.save_weights_only=true", "--trainer.max_epochs=3")
    main(["test", *tiny_arguments(shapes_root, run_dir), SMALL_NETWORK, "--ckpt_path=best"])
    with pytest.raises(SystemExit) as error:
        fit("--ckpt_path=best")
    assert "no optimizer state" in stopped_with(error)
    fit(BY_LOSS, "--checkpoint.save_weights_only=true", RESUME)
    assert best_step(run_dir) == steps_in_order(run_dir, "val/loss")[0]
