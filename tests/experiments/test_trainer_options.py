"""Lightning's options: what would falsify a promise is refused, the rest does as it says."""

import json
from pathlib import Path
from typing import Any

import pytest
import torch
import yaml

from tests.conftest import Run
from tests.experiments.cli.test_command_line import scalars, stopped_with
from tests.experiments.runs import SMALL_NETWORK, TWO_EPOCHS, assert_same_training

REFUSED = {
    "use_distributed_sampler=true": "Lightning would share them out once more",
    "default_root_dir=here": "give --run_dir",
    "barebones=true": "always saves checkpoints",
    "model_registry=mine": "kept in the run folder alone",
    "precision=bf16-true": "would lose digits; give bf16-mixed",
    "precision=16-true": "would lose digits",
    "precision=transformer-engine": "would lose digits",
    "devices=-1": "on a CPU it is the number of processes",
    "devices=0": "on a CPU it is the number of processes",
    "devices=[0]": "on a CPU it is the number of processes",
    "log_every_n_steps=-1": "must be at least 1, or 0",
    "strategy=fsdp": "each hold the whole network; give one of auto",
    "strategy=deepspeed_stage_2": "each hold the whole network",
    "strategy=ddp_spawn": "each hold the whole network",
    "num_nodes=0": "`num_nodes` must be a positive integer",
    "accelerator=quantum": "accelerator='quantum'",
}
REFUSED_IN_FITS = {
    "enable_checkpointing=false": "a fit always saves last.ckpt",
    "max_epochs=0": "the schedule of the learning rate counts epochs",
    "max_epochs=null": "the schedule of the learning rate counts epochs",
    "max_steps=0": "leaves nothing to train",
    "limit_train_batches=0": "trainer.limit_train_batches=0: leaves nothing to train",
    "limit_train_batches=0.0": "leaves nothing to train",
    "limit_train_batches=0.001": "0.001 * 4 < 1",
    "accumulate_grad_batches=0": "must be at least 1",
    "check_val_every_n_epoch=0": "must be at least 1",
    "val_check_interval=0": "must be a number of batches",
    "val_check_interval=00:00:10:00": "validations by the clock could not be repeated",
    "val_check_interval=1000": "`val_check_interval` (1000) must be less than or equal",
    "gradient_clip_val=-1": "must not be negative",
    "gradient_clip_algorithm=value": "clips nothing without trainer.gradient_clip_val",
    "sync_batchnorm=true": "needs GPUs",
    "max_time=00:00:00:00": "trainer.max_time: leaves no time",
    "profiler=stopwatch": "`profiler`",
}


def refused(tiny_run: Run, subcommand: str, *arguments: str) -> str:
    with pytest.raises(SystemExit) as error:
        tiny_run(subcommand, *arguments)
    return stopped_with(error)


@pytest.mark.parametrize("option", REFUSED)
def test_an_option_that_falsifies_results_is_refused(
    option: str, tiny_run: Run, tmp_path: Path
) -> None:
    assert REFUSED[option] in refused(tiny_run, "fit", f"--trainer.{option}")
    assert not (tmp_path / "run").exists()


@pytest.mark.parametrize("option", ["use_distributed_sampler=true", "precision=bf16-true"])
@pytest.mark.parametrize("subcommand", ["test", "validate", "predict"])
def test_what_falsifies_results_is_refused_without_a_fit_too(
    subcommand: str, option: str, tiny_run: Run, run_dir: Path
) -> None:
    assert REFUSED[option] in refused(tiny_run, subcommand, f"--trainer.{option}")


@pytest.mark.parametrize("option", REFUSED_IN_FITS)
def test_an_option_that_falsifies_a_fit_is_refused(
    option: str, tiny_run: Run, tmp_path: Path
) -> None:
    assert REFUSED_IN_FITS[option] in refused(tiny_run, "fit", f"--trainer.{option}")
    assert not (tmp_path / "run" / "checkpoints").exists()


def trainer_config(folder: Path, **parts: Any) -> str:
    """Write a config of parts of the trainer that are classes; give its argument."""
    (folder / "parts.yaml").write_text(yaml.safe_dump({"trainer": parts}))
    return f"--config={folder / 'parts.yaml'}"


def part(name: str, **arguments: Any) -> dict[str, Any]:
    return {"class_path": f"pytorch_lightning.{name}", "init_args": arguments}


CALLBACKS: dict[str, tuple[dict[str, Any], str]] = {
    "GradientAccumulationScheduler": ({"scheduling": {4: 2}}, "trainer.accumulate_grad_batches"),
    "StochasticWeightAveraging": ({"swa_lrs": 0.1}, "give --ema_decay"),
    "WeightAveraging": ({}, "give --ema_decay"),
    "EMAWeightAveraging": ({}, "give --ema_decay"),
    "BatchSizeFinder": ({}, "give data.batch_size"),
    "LearningRateFinder": ({}, "give model.optimizer.lr"),
    "BackboneFinetuning": ({}, "give model.partial_bn"),
    "ModelPruning": ({"pruning_fn": "l1_unstructured"}, "renames parameters"),
    "SpikeDetection": ({}, "ends the run by itself"),
    "Timer": ({"duration": "00:00:10:00"}, "give trainer.max_time"),
}


@pytest.mark.parametrize("name", CALLBACKS)
def test_a_callback_that_falsifies_a_fit_is_refused(
    name: str, tiny_run: Run, tmp_path: Path
) -> None:
    arguments, named = CALLBACKS[name]
    config = trainer_config(tmp_path, callbacks=[part(f"callbacks.{name}", **arguments)])
    message = refused(tiny_run, "fit", config)
    assert f"trainer.callbacks: {name}: " in message
    assert named in message
    assert not (tmp_path / "run").exists()


def test_a_test_takes_the_config_of_an_older_fit_with_such_a_callback(
    tiny_run: Run, run_dir: Path, tmp_path: Path
) -> None:
    old = part("callbacks.GradientAccumulationScheduler", scheduling={4: 2})
    tiny_run("test", trainer_config(tmp_path, callbacks=[old]))
    assert "test" in json.loads((run_dir / "metrics.json").read_text())


@pytest.mark.parametrize(
    ("option", "name", "arguments"),
    [
        ("plugins", "plugins.AsyncCheckpointIO", {}),
        ("plugins", "plugins.HalfPrecision", {}),
        ("strategy", "strategies.FSDPStrategy", {}),
        ("strategy", "strategies.DDPStrategy", {"start_method": "spawn"}),
    ],
)
def test_a_strategy_or_plugin_that_changes_checkpoints_is_refused(
    option: str, name: str, arguments: dict[str, Any], tiny_run: Run, tmp_path: Path
) -> None:
    stated = part(name, **arguments)
    config = trainer_config(tmp_path, **{option: [stated] if option == "plugins" else stated})
    message = refused(tiny_run, "fit", config)
    assert message.startswith(f"error: trainer.{option}")
    assert name.partition(".")[2] in message


def test_overfitting_is_refused_where_it_would_be_wrong(
    tiny_run: Run, run_dir: Path, tmp_path: Path
) -> None:
    overfit = "--trainer.overfit_batches=1"
    assert "start a new fit" in refused(tiny_run, "fit", overfit, "--ckpt_path=last")
    two = ("--trainer.devices=2", "--trainer.strategy=ddp", f"--run_dir={tmp_path / 'new'}")
    assert "all 2 processes would train on the same videos" in refused(
        tiny_run, "fit", overfit, *two
    )


def steps(run_dir: Path) -> int:
    whole = torch.load(run_dir / "checkpoints" / "last.ckpt", weights_only=True)
    return int(whole["global_step"])


@pytest.mark.parametrize(
    ("options", "expected"),
    [
        (["limit_train_batches=3"], 3),
        (["limit_train_batches=0.5"], 2),
        (["accumulate_grad_batches=3"], 2),
        (["max_steps=3"], 3),
        (["min_steps=9"], 4),
        (["overfit_batches=1"], 1),
        (["max_time=01:00:00:00"], 4),
        (["detect_anomaly=true", "deterministic=true", "benchmark=false"], 4),
        (["gradient_clip_val=1", "gradient_clip_algorithm=value"], 4),
        (["num_sanity_val_steps=-1", "inference_mode=false"], 4),
        (["precision=64-true"], 4),
        (["precision=bf16-mixed"], 4),
        (["enable_autolog_hparams=false", "profiler=simple"], 4),
    ],
    ids=lambda value: value[0] if isinstance(value, list) else "",
)
def test_an_option_that_is_honoured_makes_this_many_steps(
    options: list[str], expected: int, tiny_run: Run
) -> None:
    flags = [f"--trainer.{option}" for option in options]
    assert steps(tiny_run("fit", SMALL_NETWORK, *flags)) == expected


def test_a_limited_evaluation_says_how_many_videos_it_saw(tiny_run: Run) -> None:
    run_dir = tiny_run("fit", SMALL_NETWORK, "--trainer.limit_val_batches=1")
    tiny_run("test", SMALL_NETWORK, "--trainer.limit_test_batches=1", "--ckpt_path=last")
    tiny_run("predict", SMALL_NETWORK, "--trainer.limit_predict_batches=1", "--ckpt_path=last")
    metrics = json.loads((run_dir / "metrics.json").read_text())
    assert [metrics[split]["n_videos"] for split in ("val", "test")] == [4, 4]
    assert [metrics[split]["n_listed"] for split in ("val", "test")] == [8, 8]
    predicted = torch.load(run_dir / "predictions" / "test_1x1.pt", weights_only=True)
    assert len(predicted["paths"]) == 4


def test_no_values_between_the_ends_of_epochs(tiny_run: Run) -> None:
    logged = scalars(tiny_run("fit", SMALL_NETWORK, "--trainer.log_every_n_steps=0"))
    assert {"val/top1", "train/top1", "throughput/clips_per_second"} <= logged
    assert logged.isdisjoint({"train/loss_step", "train/gradient_norm", "lr-SGD"})


def test_loaders_made_anew_and_stricter_settings_train_the_same_weights(
    tiny_run: Run, tmp_path: Path
) -> None:
    plain = tiny_run("fit", *TWO_EPOCHS, run_dir=tmp_path / "plain")
    other = tiny_run(
        "fit",
        *(*TWO_EPOCHS, "--trainer.reload_dataloaders_every_n_epochs=1"),
        *("--trainer.detect_anomaly=true", "--trainer.num_sanity_val_steps=2"),
        *("--trainer.inference_mode=false", "--trainer.profiler=simple"),
        run_dir=tmp_path / "other",
    )
    assert_same_training(plain, other)


def test_callbacks_that_only_watch_are_honoured(tiny_run: Run, tmp_path: Path) -> None:
    watching = [
        part("callbacks.EarlyStopping", monitor="val/loss", patience=5),
        part("callbacks.OnExceptionCheckpoint", dirpath=str(tmp_path / "broken")),
        *(part(f"callbacks.{name}") for name in ("ModelSummary", "RichProgressBar")),
        *(part(f"callbacks.{name}") for name in ("LambdaCallback", "LearningRateMonitor")),
    ]
    run_dir = tiny_run("fit", SMALL_NETWORK, trainer_config(tmp_path, callbacks=watching))
    assert steps(run_dir) == 4
    assert not (tmp_path / "broken").exists()


def test_one_callback_needs_no_list(tiny_run: Run, tmp_path: Path) -> None:
    one = trainer_config(tmp_path, callbacks=part("callbacks.ModelSummary"))
    assert steps(tiny_run("fit", SMALL_NETWORK, one)) == 4


def test_a_missing_package_is_one_line(
    tiny_run: Run, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("pytorch_lightning.callbacks.device_stats_monitor._PSUTIL_AVAILABLE", False)
    config = trainer_config(tmp_path, callbacks=[part("callbacks.DeviceStatsMonitor")])
    assert "psutil" in refused(tiny_run, "fit", SMALL_NETWORK, config)
