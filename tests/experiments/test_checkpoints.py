"""train.py refuses checkpoints that are damaged, or were trained on other data."""

import os
import subprocess
import sys
from pathlib import Path

import pytest
import torch
import yaml

from lightning_modules.checkpoints.provenance import KEY
from tests.conftest import REPOSITORY, Run, tiny_arguments
from tests.experiments.cli.test_command_line import stopped_with
from tests.experiments.small_lists import list_arguments, write_list
from train import main

SUBCOMMANDS = ("fit", "validate", "test", "predict")
KILLED = -9


def checkpoint(run_dir: Path, name: str = "last") -> Path:
    """Give the file of a checkpoint."""
    return run_dir / "checkpoints" / f"{name}.ckpt"


def refused(tiny_run: Run, run_dir: Path, subcommand: str = "fit", **named: str) -> str:
    """Load a run's checkpoint, which is refused; return the message."""
    arguments = [f"--{key}={value}" for key, value in named.items()]
    with pytest.raises(SystemExit) as error:
        tiny_run(
            subcommand, "--ckpt_path=last", "--trainer.max_epochs=2", *arguments, run_dir=run_dir
        )
    return stopped_with(error)


def test_a_checkpoint_holds_its_provenance(run_dir: Path) -> None:
    said = torch.load(checkpoint(run_dir), weights_only=True)[KEY]
    network = said["model"]["network"]
    assert network["class_path"] == "models.TEINet"
    assert network["init_args"]["backbone"] == "resnet18"
    assert len(said["class_names"]) == 8
    assert said["data"]["identity"] == {"data set": "MovingShapes"}
    assert said["data"]["protocol"] == "1x1"
    assert said["input"].items() >= {"num_segments": 4, "crop_size": 32, "short_side": 32}.items()
    assert said["recipe"] == {"max_epochs": 1, "total_batch_size": 4, "lr": 0.01}
    assert said["seed"] == 0


def test_a_flipped_bit_is_found_and_the_previous_checkpoint_is_named(
    run_dir: Path, tiny_run: Run
) -> None:
    tiny_run("fit", "--ckpt_path=last", "--trainer.max_epochs=2")
    file, content = checkpoint(run_dir), bytearray(checkpoint(run_dir).read_bytes())
    content[len(content) // 2] ^= 16
    file.write_bytes(content)
    checkpoint(run_dir, "best").unlink()
    message = refused(tiny_run, run_dir)
    spare = checkpoint(run_dir, "previous")
    assert message.startswith(f"error: {file}: damaged (")
    assert f"{spare} (step 4) is intact: use it with --ckpt_path {spare}" in message
    tiny_run("test", "--ckpt_path=previous")


@pytest.mark.parametrize("left", [0, 0.5, 0.999])
def test_a_truncated_checkpoint_is_never_replaced_silently(
    left: float, run_dir: Path, tiny_run: Run
) -> None:
    file = checkpoint(run_dir)
    os.truncate(file, int(left * file.stat().st_size))
    for subcommand in SUBCOMMANDS:
        message = refused(tiny_run, run_dir, subcommand)
        assert f"{file}: not a checkpoint, or damaged" in message
        assert "best.ckpt (step 4) is intact" in message


@pytest.mark.parametrize("subcommand", SUBCOMMANDS)
@pytest.mark.parametrize("wanted", ["last", "best", "previous", "nowhere.ckpt", ""])
def test_a_missing_checkpoint_never_starts_from_scratch(
    wanted: str, subcommand: str, tiny_run: Run, tmp_path: Path
) -> None:
    with pytest.raises(SystemExit) as error:
        tiny_run(subcommand, f"--ckpt_path={wanted}")
    assert "no such checkpoint" in stopped_with(error)
    assert not (tmp_path / "run").exists()


class Bomb:
    """Makes a folder when it is unpickled without ``weights_only``."""

    def __init__(self, trace: Path) -> None:
        self.trace = trace

    def __reduce__(self) -> tuple[object, ...]:
        return (os.mkdir, (str(self.trace),))


@pytest.mark.parametrize("legacy", [True, False])
@pytest.mark.parametrize("flag", ["ckpt_path", "model.network.weights"])
def test_a_checkpoint_with_code_is_refused(
    flag: str, legacy: bool, run_dir: Path, tiny_run: Run, tmp_path: Path
) -> None:
    content = torch.load(checkpoint(run_dir), weights_only=True)
    bomb, trace = tmp_path / "bomb.ckpt", tmp_path / "trace"
    torch.save({**content, "extra": Bomb(trace)}, bomb, _use_new_zipfile_serialization=not legacy)
    with pytest.raises(SystemExit) as error:
        tiny_run("fit", f"--{flag}={bomb}", run_dir=tmp_path / "other")
    assert "bomb.ckpt: " in stopped_with(error)
    assert not trace.exists()


def test_another_network_is_refused_with_its_first_key(run_dir: Path, tiny_run: Run) -> None:
    named = {"model.network.enhancement": "none", "allow_other_data": "true"}
    assert "mem.conv1.weight" in refused(tiny_run, run_dir, "fit", **named)


def with_provenance(run_dir: Path, part: str, key: str, value: object) -> None:
    """Change a value of the provenance in a run's checkpoint."""
    content = torch.load(checkpoint(run_dir), weights_only=True)
    content[KEY][part] = {**content[KEY][part], key: value}
    torch.save(content, checkpoint(run_dir))


@pytest.mark.parametrize("subcommand", SUBCOMMANDS)
def test_another_data_set_of_the_same_classes_is_refused_unless_allowed(
    subcommand: str, run_dir: Path, tiny_run: Run
) -> None:
    with_provenance(run_dir, "data", "identity", {"data set": "MovingShapesV2"})
    message = refused(tiny_run, run_dir, subcommand)
    assert "data set is MovingShapesV2 in the checkpoint and MovingShapes here" in message
    allowed = ("--ckpt_path=last", "--allow_other_data=true", "--trainer.max_epochs=2")
    with pytest.warns(UserWarning, match="allowed by allow_other_data: data set is MovingShapesV2"):
        tiny_run(subcommand, *allowed)


def test_another_number_of_frames_is_refused_and_another_size_gives_a_warning(
    run_dir: Path, tiny_run: Run
) -> None:
    message = refused(tiny_run, run_dir, "test", **{"data.num_segments": "8"})
    assert "num_segments is 4 in the checkpoint and 8 here" in message
    with pytest.warns(UserWarning, match="crop_size is 32 in the checkpoint and 24 here"):
        tiny_run("test", "--ckpt_path=last", "--data.crop_size=24", "--data.protocol=2x3")


@pytest.fixture(scope="module")
def kick_and_hug(tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Path]:
    """A list of two classes, and a run trained on it."""
    folder = tmp_path_factory.mktemp("lists")
    source = write_list(folder, {"kick": 0, "hug": 1})
    main(["fit", *list_arguments(source, folder / "run")])
    return source, folder / "run"


def test_another_order_of_labels_is_refused_with_the_first_different_class(
    kick_and_hug: tuple[Path, Path], tmp_path: Path
) -> None:
    _, run_dir = kick_and_hug
    source = write_list(tmp_path, {"hug": 0, "kick": 1})
    test = ["test", *list_arguments(source, run_dir), "--ckpt_path=last"]
    with pytest.raises(SystemExit) as error:
        main(test)
    assert "class 0 is 'kick' in the checkpoint and 'hug' here" in stopped_with(error)


def test_another_random_split_is_refused_and_a_moved_list_is_not(
    kick_and_hug: tuple[Path, Path], tmp_path: Path
) -> None:
    source, run_dir = kick_and_hug
    moved = write_list(tmp_path, {"kick": 0, "hug": 1})
    main(["test", *list_arguments(moved, run_dir), "--ckpt_path=last"])
    other_draw = source.read_text().replace("kick1.mp4,0,train", "kick1.mp4,0,test")
    moved.write_text(other_draw)  # the test list would hold a training video
    with pytest.raises(SystemExit) as error:
        main(["test", *list_arguments(moved, run_dir), "--ckpt_path=last"])
    message = stopped_with(error)
    assert "(6 train, 0 val, 2 test videos) in the checkpoint" in message
    assert "(5 train, 0 val, 3 test videos) here" in message


def test_a_new_training_may_start_from_a_checkpoint_of_other_data(
    kick_and_hug: tuple[Path, Path], tiny_run: Run
) -> None:
    weights = checkpoint(kick_and_hug[1])
    run_dir = tiny_run("fit", f"--model.network.weights={weights}")
    assert torch.load(checkpoint(run_dir), weights_only=True)["global_step"] == 4


KILL = """
import os, signal, sys
import torch
from pathlib import Path
from train import main

def killed(*args, **kwargs):
    os.kill(os.getpid(), signal.SIGKILL)

def half(content, stream):
    stream.write(bytes(1000))
    killed()

if sys.argv[1] == "torch.save":
    torch.save = half
else:
    os.fsync = killed
main(sys.argv[2:])
"""


@pytest.mark.slow
@pytest.mark.parametrize("where", ["torch.save", "os.fsync"])
def test_a_kill_while_saving_leaves_the_old_checkpoint_byte_for_byte(
    where: str, run_dir: Path, shapes_root: Path, tmp_path: Path
) -> None:
    before = {name: checkpoint(run_dir, name).read_bytes() for name in ("best", "last")}
    program = tmp_path / "program.py"
    program.write_text(KILL)
    resume = ["--ckpt_path=last", "--trainer.max_epochs=2"]
    finished = subprocess.run(
        [sys.executable, program, where, "fit", *tiny_arguments(shapes_root, run_dir), *resume],
        cwd=REPOSITORY,
        env={**os.environ, "PYTHONPATH": str(REPOSITORY)},
        capture_output=True,
        timeout=300,
    )
    assert finished.returncode == KILLED
    assert {name: checkpoint(run_dir, name).read_bytes() for name in before} == before
    main(["fit", *tiny_arguments(shapes_root, run_dir), *resume])
    assert torch.load(checkpoint(run_dir), weights_only=True)["global_step"] == 8
    assert not list(checkpoint(run_dir).parent.glob("*.part"))


def test_a_full_disk_is_one_line_and_the_old_checkpoint_stays(
    run_dir: Path, tiny_run: Run, monkeypatch: pytest.MonkeyPatch
) -> None:
    before = checkpoint(run_dir).read_bytes()

    def no_room(*args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(torch, "save", no_room)
    assert "could not be saved (No space left on device)" in refused(tiny_run, run_dir)
    assert checkpoint(run_dir).read_bytes() == before


def test_the_config_holds_allow_other_data(run_dir: Path) -> None:
    config = yaml.safe_load((run_dir / "config.yaml").read_text())
    assert config["allow_other_data"] is False
