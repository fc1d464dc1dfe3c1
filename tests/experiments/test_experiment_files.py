"""Every shipped experiment, recipe and row of a grid trains one step on tiny data of its kind."""

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml
from pytorch_lightning import Trainer

from datamodules.decoding.write_video import write_video
from experiments.grid.grid_file import GRIDS as GRID_FOLDER
from experiments.grid.grid_file import read_grid
from experiments.grid.runs import expand
from experiments.session import read_metrics
from tests.conftest import REPOSITORY
from tests.datamodules.layouts import LAYOUTS
from train import main

pytestmark = pytest.mark.slow

EXPERIMENTS = REPOSITORY / "experiments"
GRIDS = sorted(GRID_FOLDER.glob("*.yaml"))
RECIPES = sorted((EXPERIMENTS / "recipes").glob("*.yaml"))  # parts, combined with an experiment
SHIPPED = sorted(
    file
    for file in EXPERIMENTS.rglob("*.yaml")
    if file not in GRIDS + RECIPES and file.name != "defaults.yaml"
)
RUNS = expand([(grid, list(grid.rows)) for grid in map(read_grid, GRIDS)], [0], Path("runs"))
LEFT_OUT = ("--data.split=", "--data.test_groups=", "--seed_everything=")
"""Arguments of rows that choose files, which tiny data have not: the network is the same."""

CHANGED = {
    (run.configs, changes): run.name
    for run in RUNS.values()
    if (changes := tuple(a for a in run.overrides if not a.startswith(LEFT_OUT)))
}
"""Rows that change their base, once each; the others are experiments."""

DataArguments = Callable[[Path], list[str]]

SMALL = [
    "--trainer.accelerator=cpu",
    "--trainer.limit_train_batches=1",
    "--trainer.limit_val_batches=1",
    "--trainer.max_epochs=1",
    "--trainer.enable_progress_bar=false",
    "--trainer.enable_model_summary=false",
    "--data.batch_size=2",
    "--data.num_workers=0",
    "--data.crop_size=32",
    "--data.short_side=32",
]
NO_DOWNLOAD = "--model.network.weights=null"
LAST_ALONE = ["--checkpoint.save_top_k=0"]


@pytest.fixture(scope="session")
def video_list(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six short videos of two classes in three groups, as a csv."""
    folder = tmp_path_factory.mktemp("video_list")
    lines = ["path,label,sequence"]
    for number in range(6):
        frames = np.full((12, 32, 40, 3), 40 * number, dtype=np.uint8)
        write_video(folder / f"{number}.mp4", frames)
        lines.append(f"{number}.mp4,{number % 2},{('9', '10', '1')[number // 2]}")
    (folder / "list.csv").write_text("\n".join(lines))
    return folder / "list.csv"


def assert_plain(run_dir: Path) -> None:
    """Check that a run's checkpoint holds plain values alone and says where it comes from."""
    checkpoint = torch.load(run_dir / "checkpoints" / "last.ckpt", mmap=True, weights_only=True)
    assert checkpoint["provenance"]["class_names"]


@pytest.fixture(scope="session")
def layouts(tmp_path_factory: pytest.TempPathFactory) -> dict[str, list[str]]:
    """The benchmarks in their authors' layouts, as arguments."""
    arguments = {}
    for name, make in LAYOUTS.items():
        folder = tmp_path_factory.mktemp(name)
        places = make(folder / "data", (21, 12))
        arguments[name] = [f"--data.{key}={value}" for key, value in places.items()]
        arguments[name] += ["--data.check_counts=false", f"--data.index_dir={folder / 'index'}"]
    return arguments


@pytest.fixture
def data_arguments(
    shapes_root: Path, video_list: Path, layouts: dict[str, list[str]], tmp_path: Path
) -> DataArguments:
    """Put small videos in the place of an experiment's own."""

    def arguments(config: Path) -> list[str]:
        kind = yaml.safe_load(config.read_text())["data"]["class_path"]
        if kind == "MovingShapes":
            sizes = [f"--data.{split}_videos=8" for split in ("train", "val", "test")]
            return [*sizes, f"--data.root={shapes_root}", "--data.video_size=32", NO_DOWNLOAD]
        if kind in layouts:
            return [*layouts[kind], NO_DOWNLOAD]
        return [
            f"--data.source={video_list}",
            "--data.group_column=sequence",
            "--data.test_groups=['9']",
            "--data.val_groups=['10']",
            f"--data.index_dir={tmp_path / 'index'}",
            NO_DOWNLOAD,
        ]

    return arguments


def train_one_step(config: Path, run_dir: Path, *arguments: str) -> None:
    """Fit; what is left says that it came to its end."""
    one = [f"--config={config}", f"--run_dir={run_dir}", "--trainer.logger=false"]
    main(["fit", *one, *arguments, *SMALL, *LAST_ALONE])
    assert (run_dir / "config.yaml").is_file()
    assert "val" in read_metrics(run_dir)


@pytest.mark.parametrize("config", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_experiment_trains_one_step_and_saves_plain_values(
    config: Path, data_arguments: DataArguments, tmp_path: Path
) -> None:
    train_one_step(config, tmp_path / "run", *data_arguments(config))
    assert_plain(tmp_path / "run")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda file: file.stem)
@pytest.mark.parametrize("name", ["demo", "my_videos"])  # AdamW with a cosine; SGD with steps
def test_a_shipped_recipe_trains_one_step_over_an_experiment(
    name: str, recipe: Path, data_arguments: DataArguments, tmp_path: Path
) -> None:
    config, run_dir = EXPERIMENTS / f"{name}.yaml", tmp_path / "run"
    data = data_arguments(config)
    small = [*SMALL, "--model.network.backbone=resnet18", f"--run_dir={run_dir}"]
    main(["fit", f"--config={config}", f"--config={recipe}", *small, *data])
    assert_plain(run_dir)
    in_force = yaml.safe_load((run_dir / "config.yaml").read_text())
    stated = yaml.safe_load(recipe.read_text())
    stated.get("trainer", {}).pop("max_epochs", None)  # this fit's is its own
    assert _includes(in_force, stated)


@pytest.mark.parametrize(("configs", "changes"), CHANGED, ids=CHANGED.values())
def test_a_row_of_a_shipped_grid_trains_one_step(
    configs: tuple[Path, ...],
    changes: tuple[str, ...],
    data_arguments: DataArguments,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Trainer, "save_checkpoint", lambda *_, **__: None)  # a hundred ResNet-50s
    (config,) = configs
    train_one_step(config, tmp_path / "run", *data_arguments(config), *changes)


def test_the_other_rows_are_shipped_experiments() -> None:
    changed = {configs for configs, _ in CHANGED}
    plain = {run.configs for run in RUNS.values()} - changed
    assert all(configs in {(file,) for file in SHIPPED} for configs in plain)
    assert len(RUNS) > len(CHANGED) + 40


def recipe_of(experiment: Path) -> str | None:
    """Name the recipe that an experiment repeats; the papers state none for some data sets."""
    data, fine_tuned = experiment.stem.rpartition("_")[2], ("ucf101", "hmdb51")
    if data in ("shapes", "mhad", "interaction"):
        return None
    if experiment.parent.name == "tsinet":
        return "tsi_finetune" if data in fine_tuned else "tsi"
    if experiment.parent == EXPERIMENTS or data in fine_tuned:
        return None
    return "teinet_kinetics" if data == "k400" else "teinet_something"


@pytest.mark.parametrize(
    "config", [file for file in SHIPPED if recipe_of(file)], ids=lambda file: file.stem
)
def test_an_experiment_repeats_its_recipe(config: Path) -> None:
    recipe = yaml.safe_load((EXPERIMENTS / "recipes" / f"{recipe_of(config)}.yaml").read_text())
    own = yaml.safe_load(config.read_text())
    for key in ("lr", "weight_decay"):
        stated = recipe["model"]["optimizer"]["init_args"][key]
        assert own["model"]["optimizer"]["init_args"][key] == stated
    assert own["model"]["schedule"] == recipe["model"]["schedule"]
    assert own["trainer"] == recipe["trainer"]


def test_the_ablations_on_moving_shapes_start_from_one_training() -> None:
    bases = [yaml.safe_load(file.read_text()) for file in SHIPPED if file.stem.endswith("_shapes")]
    networks = {base["model"]["network"].pop("class_path") for base in bases}
    assert networks == {"TSN", "TSM", "TEINet", "TSINet"}
    assert all(base == bases[0] for base in bases)


def _includes(whole: Any, part: Any) -> bool:
    if not isinstance(part, dict):
        return part == whole or str(whole).endswith(f".{part}")  # a class, by its full name
    return all(_includes(whole[key], value) for key, value in part.items())
