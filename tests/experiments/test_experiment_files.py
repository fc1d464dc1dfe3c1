"""Every shipped experiment and recipe trains one step; every shipped grid expands."""

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
import yaml

from datamodules.encoding import write_video
from experiments.grid import read_grid
from tests.conftest import REPOSITORY
from train import main

EXPERIMENTS = REPOSITORY / "experiments"
GRIDS = sorted((EXPERIMENTS / "grids").glob("*.yaml"))
RECIPES = sorted((EXPERIMENTS / "recipes").glob("*.yaml"))  # parts, combined with an experiment
SHIPPED = sorted(
    file
    for file in EXPERIMENTS.rglob("*.yaml")
    if file not in GRIDS + RECIPES and file.name != "defaults.yaml"
)
ROWS = [(file, label) for file in GRIDS for label in read_grid(file).rows]

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


def data_arguments(config: Path, shapes_root: Path, video_list: Path, tmp_path: Path) -> list[str]:
    """Put small videos in the place of an experiment's own."""
    kind = yaml.safe_load(config.read_text())["data"]["class_path"]
    if kind == "MovingShapes":
        sizes = [f"--data.{split}_videos=8" for split in ("train", "val", "test")]
        return [*sizes, f"--data.root={shapes_root}", "--data.video_size=32"]
    return [
        f"--data.source={video_list}",
        "--data.group_column=sequence",
        "--data.test_groups=['9']",
        "--data.val_groups=['10']",
        f"--data.index_dir={tmp_path / 'index'}",
        "--model.network.weights=null",
    ]


@pytest.mark.parametrize("config", SHIPPED, ids=lambda file: file.stem)
def test_a_shipped_experiment_trains_one_step(
    config: Path, shapes_root: Path, video_list: Path, tmp_path: Path
) -> None:
    data = data_arguments(config, shapes_root, video_list, tmp_path)
    main(["fit", f"--config={config}", f"--run_dir={tmp_path / 'run'}", *SMALL, *data])
    assert_plain(tmp_path / "run")


@pytest.mark.parametrize("recipe", RECIPES, ids=lambda file: file.stem)
@pytest.mark.parametrize("name", ["demo", "ut_interaction"])  # AdamW with a cosine; SGD with one
def test_a_shipped_recipe_trains_one_step_over_an_experiment(
    name: str, recipe: Path, shapes_root: Path, video_list: Path, tmp_path: Path
) -> None:
    config, run_dir = EXPERIMENTS / f"{name}.yaml", tmp_path / "run"
    data = data_arguments(config, shapes_root, video_list, tmp_path)
    small = [*SMALL, "--model.network.backbone=resnet18", f"--run_dir={run_dir}"]
    main(["fit", f"--config={config}", f"--config={recipe}", *small, *data])
    assert_plain(run_dir)
    in_force = yaml.safe_load((run_dir / "config.yaml").read_text())
    stated = yaml.safe_load(recipe.read_text())
    stated.get("trainer", {}).pop("max_epochs", None)  # this fit's is its own
    assert _includes(in_force, stated)


@pytest.mark.parametrize(("file", "label"), ROWS, ids=[f"{f.stem}-{label}" for f, label in ROWS])
def test_a_shipped_grid_s_row_trains_one_step(
    file: Path, label: str, shapes_root: Path, video_list: Path, tmp_path: Path
) -> None:
    grid = read_grid(file)
    data = data_arguments(grid.base, shapes_root, video_list, tmp_path)
    row = grid.overrides(label, seed=0)
    main(["fit", f"--config={grid.base}", f"--run_dir={tmp_path / 'run'}", *row, *SMALL, *data])
    assert_plain(tmp_path / "run")


def _includes(whole: Any, part: Any) -> bool:
    if not isinstance(part, dict):
        return part == whole or str(whole).endswith(f".{part}")  # a class, by its full name
    return all(_includes(whole[key], value) for key, value in part.items())
