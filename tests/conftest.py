"""Shared by all tests: small runs through the public interface."""

import json
import shutil
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from tensorboard.summary.writer import event_file_writer

from lightning_modules import RunError
from lightning_modules.compilation import require_compiler
from train import main

REPOSITORY = Path(__file__).parent.parent
TINY_SHAPES = (
    "--data=MovingShapes",
    *("--data.train_videos=16", "--data.val_videos=8", "--data.test_videos=8"),
    *("--data.video_size=32", "--data.short_side=32", "--data.crop_size=32"),
    *("--data.num_segments=4", "--data.batch_size=4", "--data.num_workers=0"),
)
TINY_NETWORK = ("--model.network=TEINet", "--model.network.backbone=resnet18")

Run = Callable[..., Path]

# A shell starts background jobs deaf to Ctrl-C, and their children with them.
if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:
    signal.signal(signal.SIGINT, signal.default_int_handler)


def pytest_runtest_setup(item: pytest.Item) -> None:
    """Skip tests marked ``gpu`` where there is none."""
    if item.get_closest_marker("gpu") and not torch.cuda.is_available():
        pytest.skip("needs a GPU")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Keep torch on one thread; tensors this small only wait for a second one."""
    torch.set_num_threads(1)


@pytest.fixture(scope="session", autouse=True)
def event_files_in_order() -> None:
    """Number TensorBoard's files with as many digits each.

    TensorBoard reads the files of one second and one process, such as those of a fit and of the
    fit that resumes it here, in the order of these numbers' texts, where 10 comes before 9.
    """
    event_file_writer._global_uid = event_file_writer.AtomicCounter(10**6)


@pytest.fixture(scope="session")
def shapes_root(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Where MovingShapes is rendered once for all tests."""
    return tmp_path_factory.mktemp("moving_shapes")


@pytest.fixture(scope="session")
def compiler() -> None:
    """Skip where torch cannot compile, which needs a C++ compiler."""
    try:
        require_compiler(torch.device("cpu"))
    except RunError as error:
        pytest.skip(str(error))


@pytest.fixture(scope="session")
def trained_once(shapes_root: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """One tiny trained run, for `run_dir` to copy."""
    folder = tmp_path_factory.mktemp("trained") / "run"
    main(["fit", *tiny_arguments(shapes_root, folder)])
    return folder


@pytest.fixture
def run_dir(trained_once: Path, tmp_path: Path) -> Path:
    """The run folder of a tiny fit, the test's own."""
    return Path(shutil.copytree(trained_once, tmp_path / "run"))


@pytest.fixture
def tiny_run(shapes_root: Path, tmp_path: Path) -> Run:
    """Run a subcommand of train.py on a few tiny videos; return the run folder."""

    def run(subcommand: str, *arguments: str, run_dir: Path = tmp_path / "run") -> Path:
        main([subcommand, *tiny_arguments(shapes_root, run_dir), *arguments])
        return run_dir

    return run


def tiny_arguments(shapes_root: Path, run_dir: Path) -> list[str]:
    """Name tiny data, a small network, and a short run on the CPU."""
    return [
        *(*TINY_SHAPES, f"--data.root={shapes_root}", *TINY_NETWORK, f"--run_dir={run_dir}"),
        *("--trainer.max_epochs=1", "--trainer.accelerator=cpu"),
        *("--trainer.log_every_n_steps=1", "--trainer.enable_model_summary=false"),
    ]


def packages_imported_by(package: str) -> set[str]:
    """Import a package in a fresh interpreter; return all top-level packages that were imported."""
    program = f"import json, sys, {package}; print(json.dumps(list(sys.modules)))"
    finished = subprocess.run(
        [sys.executable, "-c", program], cwd=REPOSITORY, capture_output=True, text=True, check=True
    )
    imported = {name.partition(".")[0] for name in json.loads(finished.stdout)}
    assert package in imported
    return imported
