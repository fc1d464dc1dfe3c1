"""A fit that is stopped anywhere and resumed equals the uninterrupted one, bit by bit."""

import signal
from collections import Counter
from collections.abc import Callable
from pathlib import Path

import pytest
import torch

from tests.conftest import tiny_arguments
from tests.experiments.cli.test_command_line import stopped_with
from tests.experiments.runs import (
    TWO_EPOCHS,
    assert_same_run,
    assert_same_training,
    checkpoint_of,
    curves_of,
)
from tests.experiments.stopping import STOPPED, stop_at
from train import main

pytestmark = pytest.mark.slow

EVERY_STEP = "--last.every_n_steps=1"
RESUME = "--ckpt_path=last"
RECIPE = (
    *("--model.mixing=ClipMixing", "--model.mixing.mixup_alpha=1"),
    *("--model.mixing.cutmix_alpha=1", "--ema_decay=0.9", "--model.optimizer.momentum=0.9"),
)
"""Everything that draws random numbers in a step, beside dropout; and averaged weights."""

Fit = Callable[..., Path]
RUN = "run"


@pytest.fixture
def fit(shapes_root: Path, tmp_path: Path) -> Fit:
    """Fit for two epochs of four batches; return the run folder."""

    def run(*arguments: str, run_dir: Path = tmp_path / RUN) -> Path:
        main(["fit", *tiny_arguments(shapes_root, run_dir), *TWO_EPOCHS, *arguments])
        return run_dir

    return run


@pytest.fixture(scope="module")
def uninterrupted(shapes_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Fit:
    """Return the run folder of an uninterrupted fit; each kind is trained once."""
    known: dict[tuple[str, ...], Path] = {}

    def train(*arguments: str) -> Path:
        if arguments not in known:
            known[arguments] = tmp_path_factory.mktemp("whole") / "run"
            common = tiny_arguments(shapes_root, known[arguments])
            main(["fit", *common, *TWO_EPOCHS, *arguments])
        return known[arguments]

    return train


def assert_fails(fit: Fit, *arguments: str) -> None:
    """Check that a fit is stopped by an error."""
    with pytest.raises(SystemExit) as error:
        fit(*arguments)
    assert stopped_with(error) == f"error: {STOPPED}"


def assert_is_terminated(fit: Fit, *arguments: str, hook: str, batches: int) -> None:
    """Check that a fit is stopped by SIGTERM."""
    with pytest.raises(SystemExit) as error:
        fit(*arguments, *stop_at(hook, batches, signal.SIGTERM))
    assert error.value.code == 143


@pytest.mark.parametrize(
    ("hook", "batches"),
    [
        ("on_train_batch_start", 2),
        ("on_before_backward", 3),
        ("on_train_batch_end", 4),  # the epoch's last batch
        ("on_validation_batch_end", 4),
        ("on_validation_end", 4),
        ("on_train_epoch_end", 4),
        ("on_train_epoch_start", 4),
        ("on_before_backward", 7),
        ("on_train_epoch_end", 8),
    ],
)
def test_after_an_error_anywhere(fit: Fit, uninterrupted: Fit, hook: str, batches: int) -> None:
    assert_fails(fit, *RECIPE, EVERY_STEP, *stop_at(hook, batches))
    assert_same_run(uninterrupted(*RECIPE), fit(*RECIPE, RESUME))


@pytest.mark.parametrize(
    ("hook", "batches"),
    [
        ("on_before_backward", 3),
        ("on_train_batch_end", 4),
        ("on_train_epoch_start", 4),
        ("on_before_backward", 7),
    ],
)
@pytest.mark.parametrize("workers", [1, 2])
def test_after_an_error_with_workers(
    fit: Fit, uninterrupted: Fit, workers: int, hook: str, batches: int
) -> None:
    loading = f"--data.num_workers={workers}"
    assert_fails(fit, *RECIPE, EVERY_STEP, loading, *stop_at(hook, batches))
    assert_same_run(uninterrupted(*RECIPE), fit(*RECIPE, loading, RESUME))


@pytest.mark.parametrize(
    ("hook", "batches", "step"),
    [
        ("on_train_start", 0, 0),
        ("on_before_backward", 2, 2),
        ("on_train_batch_end", 4, 4),  # saved when the validation starts
        ("on_validation_batch_end", 8, 8),  # saved inside it
        ("on_train_epoch_end", 4, 4),
    ],
)
@pytest.mark.parametrize("workers", [0, 2])
def test_after_a_signal_anywhere(
    fit: Fit, uninterrupted: Fit, workers: int, hook: str, batches: int, step: int
) -> None:
    loading = f"--data.num_workers={workers}"
    assert_is_terminated(fit, *RECIPE, loading, hook=hook, batches=batches)
    run_dir = uninterrupted(*RECIPE)
    assert_same_run(run_dir, fit(*RECIPE, loading, RESUME))


@pytest.mark.parametrize(
    ("hook", "batches"),
    [
        ("on_train_batch_end", 2),  # where Lightning's ModelCheckpoint saves after steps
        ("on_train_batch_end", 4),
        ("on_validation_start", 4),
        ("on_validation_end", 4),  # where it saves after validations
        ("on_train_epoch_start", 4),
        ("on_train_batch_end", 8),
    ],
)
def test_after_a_save_by_another_callback(
    fit: Fit, uninterrupted: Fit, hook: str, batches: int
) -> None:
    assert_fails(fit, *stop_at(hook, batches, save=True))
    resumed, whole = fit(RESUME), uninterrupted()
    assert_same_training(resumed, whole)
    for name, curve in curves_of(resumed).items():  # some hooks run before the step is logged
        assert Counter(curve) <= Counter(curves_of(whole)[name])


SETTINGS = {
    "accumulation": ["--trainer.accumulate_grad_batches=2"],
    "accumulation-with-remainder": ["--trainer.accumulate_grad_batches=3"],
    "two-validations-per-epoch": ["--trainer.val_check_interval=0.5"],
    "validation-every-other-epoch": ["--trainer.check_val_every_n_epoch=2"],
    "part-of-an-epoch": ["--trainer.limit_train_batches=3"],
    "no-validation": ["--data.val_videos=0", "--checkpoint.monitor=null"],
    "max-steps": ["--trainer.max_steps=7"],
    "validation-across-epochs": [
        *("--trainer.val_check_interval=3", "--trainer.check_val_every_n_epoch=null"),
    ],
    "loaders-made-anew": ["--trainer.reload_dataloaders_every_n_epochs=1"],
}


PLACES = [
    *(("on_train_batch_end", 2), ("on_validation_end", 2)),
    *(("on_train_batch_end", 3), ("on_train_epoch_end", 3)),
]


@pytest.mark.parametrize(
    ("setting", "hook", "batches"),
    [
        (setting, *place)
        for setting in SETTINGS
        for place in PLACES
        if (setting, place[0]) != ("no-validation", "on_validation_end")
    ],
)
def test_with_other_settings(
    fit: Fit, uninterrupted: Fit, setting: str, hook: str, batches: int
) -> None:
    assert_is_terminated(fit, *SETTINGS[setting], hook=hook, batches=batches)
    assert_same_run(uninterrupted(*SETTINGS[setting]), fit(*SETTINGS[setting], RESUME))


def test_after_two_interruptions_with_another_worker_count(fit: Fit, uninterrupted: Fit) -> None:
    assert_is_terminated(fit, *RECIPE, hook="on_before_backward", batches=2)
    workers = "--data.num_workers=1"
    assert_is_terminated(fit, *RECIPE, workers, RESUME, hook="on_before_backward", batches=7)
    assert_same_run(uninterrupted(*RECIPE), fit(*RECIPE, "--data.num_workers=3", RESUME))


def test_a_save_inside_an_accumulation_gives_a_warning(fit: Fit, tmp_path: Path) -> None:
    accumulation = "--trainer.accumulate_grad_batches=2"
    place = stop_at("on_train_batch_end", 3, save=True)
    with pytest.warns(UserWarning, match="saved between two steps"):
        assert_fails(fit, accumulation, *place)
    saved = checkpoint_of(tmp_path / RUN)
    assert saved["exact_resume"]["position"]["batches"] == 2
    assert checkpoint_of(fit(accumulation, RESUME))["global_step"] == 4


@pytest.mark.parametrize(
    ("argument", "named"),
    [
        ("--data.batch_size=2", "data.batch_size 4 -> 2"),
        ("--seed_everything=1", "seed_everything 0 -> 1"),
        ("--trainer.accumulate_grad_batches=2", "trainer.accumulate_grad_batches 1 -> 2"),
        ("--data.train_videos=8", "batches per epoch 4 -> 2"),
    ],
)
def test_an_epoch_cannot_be_finished_with_other_batches(
    fit: Fit, argument: str, named: str
) -> None:
    assert_is_terminated(fit, hook="on_train_batch_end", batches=2)
    with pytest.raises(SystemExit) as error:
        fit(argument, RESUME)
    assert named in stopped_with(error)


def test_a_new_epoch_may_have_other_batches(fit: Fit) -> None:
    assert_is_terminated(fit, hook="on_train_epoch_end", batches=4)
    with pytest.warns(UserWarning, match=r"data\.batch_size 4 -> 2"):
        run_dir = fit("--data.batch_size=2", RESUME)
    assert checkpoint_of(run_dir)["global_step"] == 4 + 8


def test_the_schedule_counts_epochs_if_their_steps_change(fit: Fit) -> None:
    drop = ("--model.schedule=StepDecay", "--model.schedule.milestones=[2,3]")
    longer = ("--trainer.max_epochs=4", "--trainer.log_every_n_steps=1")
    assert_is_terminated(fit, *drop, *longer, hook="on_train_epoch_end", batches=4)  # 4 steps
    halves = ("--data.batch_size=2", *drop, *longer, RESUME)  # from here on 8 an epoch
    with pytest.warns(UserWarning, match="another training from here on"):
        assert_is_terminated(fit, *halves, hook="on_train_epoch_end", batches=4 + 8)
    run_dir = fit(*halves)  # the second resumed fit continues the schedule of the first
    (name,) = (name for name in curves_of(run_dir) if name.startswith("lr-"))
    rates = [rate for _, rate in curves_of(run_dir)[name]]
    assert rates == pytest.approx([0.01] * 12 + [0.001] * 8 + [0.0001] * 8)


def test_changes_in_a_resumed_fit_are_named(fit: Fit) -> None:
    assert_is_terminated(fit, hook="on_train_batch_end", batches=2)
    with pytest.warns(UserWarning, match="resumed: from here on") as warned:
        fit("--model.label_smoothing=0.3", "--trainer.max_epochs=3", RESUME)
    told = [str(warning.message) for warning in warned if "from here on" in str(warning.message)]
    assert told == [
        "resumed: from here on model.label_smoothing 0.0 -> 0.3",
        "resumed: from here on trainer.max_epochs 2 -> 3",
    ]


def test_a_setting_that_is_newer_than_the_checkpoint_has_not_changed(
    fit: Fit, tmp_path: Path, recwarn: pytest.WarningsRecorder
) -> None:
    assert_is_terminated(fit, hook="on_train_batch_end", batches=2)
    file = tmp_path / RUN / "checkpoints" / "last.ckpt"
    content = torch.load(file, weights_only=True)
    del content["provenance"]["model"]["compile"]
    torch.save(content, file)
    fit(RESUME)
    assert not [w for w in recwarn if "resumed: from here on" in str(w.message)]


def test_another_learning_rate_is_reported_and_another_network_refused(
    fit: Fit,
) -> None:
    assert_is_terminated(fit, hook="on_train_batch_end", batches=2)
    with pytest.warns(UserWarning, match=r"the checkpoint's lr 0\.01 stays in force, not 0\.5"):
        fit("--model.optimizer.lr=0.5", RESUME)
    other = ("--model.network=TSN", "--model.network.backbone=resnet18", RESUME)
    with pytest.raises(SystemExit) as error:
        fit(*other)
    assert "it is SmallNetwork in the checkpoint and TSN here" in stopped_with(error)
    with pytest.raises(SystemExit) as error:
        fit(*other, "--allow_other_data=true")
    message = stopped_with(error)
    assert message.startswith("error: the checkpoint does not fit this network: ")
    assert 'Missing key(s) in state_dict: "network.frame_network.conv1.weight"' in message
    assert "--config" in message


def test_the_run_s_own_config_is_kept(fit: Fit, tmp_path: Path) -> None:
    assert_is_terminated(fit, hook="on_train_batch_end", batches=2)
    first = ((tmp_path / RUN) / "config.yaml").read_text()
    fit("--data.num_workers=1", RESUME)
    assert ((tmp_path / RUN) / "config.yaml").read_text() == first
    assert "num_workers: 1" in ((tmp_path / RUN) / "config-2.yaml").read_text()


@pytest.mark.parametrize("name", [RUN, "moved"])
def test_the_best_score_is_remembered_also_in_a_folder_that_was_moved(
    fit: Fit, tmp_path: Path, name: str
) -> None:
    assert_is_terminated(fit, hook="on_train_epoch_end", batches=4)
    checkpoints = (tmp_path / RUN).rename(tmp_path / name) / "checkpoints"
    best = (checkpoints / "best.ckpt").read_bytes()
    last = torch.load(checkpoints / "last.ckpt", weights_only=True)
    state = next(v for k, v in last["callbacks"].items() if k.startswith("ModelCheckpoint"))
    unbeatable = torch.tensor(2.0)
    state["best_model_score"] = state["kth_value"] = unbeatable
    state["best_k_models"] = dict.fromkeys(state["best_k_models"], unbeatable)
    torch.save(last, checkpoints / "last.ckpt")
    run_dir = fit(RESUME, run_dir=tmp_path / name)
    assert checkpoint_of(run_dir)["best"] == [unbeatable, "best.ckpt"]
    assert (checkpoints / "best.ckpt").read_bytes() == best
