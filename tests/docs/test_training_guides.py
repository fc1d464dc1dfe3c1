"""The guides to training, studies, TensorBoard and clusters: short, and each command runs."""

import re
import shlex
from pathlib import Path

import pytest
from tensorboard.backend.event_processing.event_accumulator import EventAccumulator

from datamodules.prepare.command_line import main as prepare
from experiments.grid.commands import main as grid
from lightning_modules import RunError
from tests.conftest import REPOSITORY
from tests.docs.guide import code
from tests.experiments.grid.conftest import checked_fake_train
from tests.experiments.runs import SMALL_NETWORK
from tests.experiments.small_lists import write_short
from train import main as train

__all__ = ["checked_fake_train"]

GUIDES = ("your_videos", "your_own_study", "tensorboard", "cluster")
PROGRAMS = {
    "python train.py": train,
    "python -m experiments.grid": grid,
    "python -m datamodules.prepare": prepare,
}
TINY = [
    *("--data.short_side=32", "--data.crop_size=32", "--data.num_segments=4"),
    *("--data.num_workers=0", SMALL_NETWORK, "--trainer.max_epochs=1", "--pictures=0"),
]
"""What makes a fit of a guide small; later commands read it in the run's own config."""


def commands(guide: str) -> list[str]:
    """Return the commands of a guide, each on one line."""
    lines = "".join(code(f"{guide}.md", "bash")).replace("\\\n", " ").splitlines()
    return [" ".join(line.partition(" #")[0].split()) for line in lines if line.strip()]


def run(command: str, *others: str) -> None:
    """Run a command in this process."""
    name, program = next((n, p) for n, p in PROGRAMS.items() if command.startswith(n))
    status = None
    try:
        program([*shlex.split(command.removeprefix(name)), *others])
    except SystemExit as end:
        status = end.code
    assert not status, (command, status)


@pytest.fixture
def here(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A working folder with the experiments and a folder of tiny videos."""
    (tmp_path / "experiments").symlink_to(REPOSITORY / "experiments")
    for name in ("wave", "clap"):
        (tmp_path / "videos" / name).mkdir(parents=True)
        for number in range(8):
            write_short(tmp_path / "videos" / name / f"{number}.mp4")
    monkeypatch.chdir(tmp_path)
    return tmp_path


def write_study(
    here: Path, monkeypatch: pytest.MonkeyPatch, mistake: tuple[str, str] = ("", "")
) -> None:
    """Write the guide's grid, with a mistake: a text of it and another in its place."""
    (study,) = code("your_own_study.md", "yaml")
    folder = here / "studies" / "grids"
    folder.mkdir(parents=True)
    for file in (REPOSITORY / "experiments").glob("*.yaml"):
        (here / "studies" / file.name).symlink_to(file)
    assert mistake[0] in study
    (folder / "my_study.yaml").write_text(study.replace(*mistake))
    monkeypatch.setattr("experiments.grid.grid_file.GRIDS", folder)


@pytest.mark.parametrize("guide", GUIDES)
def test_a_guide_is_short(guide: str) -> None:
    assert len((REPOSITORY / "docs" / f"{guide}.md").read_text().splitlines()) < 100


def test_a_network_is_trained_on_one_s_own_videos(here: Path) -> None:
    written = commands("your_videos")
    for command in written:
        if not command.startswith("tensorboard"):
            fits = "fit --config experiments/" in command
            run(command, *(TINY if fits else []))
    assert sum(command.startswith("python train.py") for command in written) == 5
    results = (here / "runs" / "my_videos" / "metrics.json").read_text()
    assert all(f'"test_{protocol}"' in results for protocol in ("1x1", "2x3"))
    assert (here / "runs" / "my_videos" / "predictions" / "test_1x1.csv").is_file()


@pytest.mark.usefixtures("checked_fake_train")
def test_a_study_is_checked_run_listed_and_reported(
    here: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    write_study(here, monkeypatch)
    for command in commands("your_own_study"):
        run(command)
    shown = capsys.readouterr().out
    assert "seed 0: 50.0 %  seed 1: 50.0 %  seed 2: 50.0 %" in shown
    report = (here / "runs" / "my_study.md").read_text()
    assert "| TSN | network=TSN | 1x1 | 50.0 ± 0.0 | baseline |" in report


@pytest.mark.usefixtures("checked_fake_train")
def test_a_misspelt_override_of_the_guide_would_be_found(
    here: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    write_study(here, monkeypatch, ("model.optimizer.lr", "model.optimizer.rate"))
    command = next(one for one in commands("your_own_study") if "--dry-run" not in one)
    with pytest.raises(RunError, match=r"row TEINet, higher rate: .*rate"):
        run(command)


def test_the_commands_of_a_cluster_print_what_they_would_submit(
    here: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    for command in commands("cluster"):
        run(command)
    shown = capsys.readouterr().out
    assert shown.count("#SBATCH --nodes=2") == 1
    assert "--trainer.num_nodes=2 --trainer.devices=8" in shown


def test_the_sbatch_file_starts_a_process_for_each_gpu_with_right_options() -> None:
    (script,) = code("cluster.md", "sbatch")
    stated = dict(re.findall(r"#SBATCH --([\w-]+)=(\S+)", script))
    command = script[script.index("srun --kill-on-bad-exit=1 python train.py") :].replace(
        "\\\n", " "
    )
    options = shlex.split(command.removeprefix("srun --kill-on-bad-exit=1 python train.py"))
    given = dict(zip(options[1::2], options[2::2], strict=True))
    assert given["--trainer.num_nodes"] == stated["nodes"]
    assert given["--trainer.devices"] == stated["ntasks-per-node"] == stated["gpus-per-node"]
    assert stated["signal"].startswith("SIGUSR1@")
    run(f"python train.py {shlex.join(options)} --print_config")


def test_the_curves_and_pictures_to_read_are_those_that_a_fit_shows(trained_once: Path) -> None:
    page = (REPOSITORY / "docs" / "tensorboard.md").read_text()
    section = page[page.index("## How to read it") :].split("\n## ")[0]
    named = {
        name.replace("<stage>", "res2")
        for name in re.findall(
            r"`((?:train|val|gates|kernels|throughput|recipe|best)/[^`]+)`", section
        )
    }
    events = EventAccumulator(str(trained_once))
    events.Reload()
    shown = {tag for kind in ("scalars", "images", "histograms") for tag in events.Tags()[kind]}
    assert len(named) > 10
    assert named <= shown
