"""Each benchmark trains from its folder as published."""

import warnings
from pathlib import Path

import pytest

from tests.datamodules.layouts import LAYOUTS
from tests.experiments.test_experiment_files import SMALL
from train import main


@pytest.mark.parametrize("data_set", LAYOUTS)
def test_a_benchmark_trains_one_step(data_set: str, tmp_path: Path) -> None:
    arguments = LAYOUTS[data_set](tmp_path / "data", (5, 3))
    main(
        [
            *("fit", f"--data={data_set}", f"--data.index_dir={tmp_path / 'index'}"),
            *(f"--data.{name}={value}" for name, value in arguments.items()),
            *("--data.check_counts=false", "--data.num_segments=4", *SMALL),
            *("--model.network=TSM", "--model.network.backbone=resnet18"),
            f"--run_dir={tmp_path / 'run'}",
        ]
    )
    assert (tmp_path / "run" / "checkpoints" / "last.ckpt").is_file()


@pytest.mark.parametrize("data_set", ["UCF101", "HMDB51"])
def test_a_checkpoint_chosen_on_the_test_list_gives_a_warning(
    data_set: str, tmp_path: Path
) -> None:
    arguments = LAYOUTS[data_set](tmp_path / "data", (5, 3))
    command = [
        *("fit", f"--data={data_set}", f"--data.index_dir={tmp_path / 'index'}"),
        *(f"--data.{name}={value}" for name, value in arguments.items()),
        *("--data.check_counts=false", "--data.num_segments=4", *SMALL),
        *("--model.network=tests.experiments.small_network.SmallNetwork",),
    ]
    with pytest.warns(UserWarning, match="best.ckpt is chosen on the test"):
        main([*command, f"--run_dir={tmp_path / 'a'}"])
    with warnings.catch_warnings():
        warnings.filterwarnings("error", ".*chosen on the test")
        main([*command, f"--run_dir={tmp_path / 'b'}", "--checkpoint.monitor=null"])


def test_a_wrong_root_ends_with_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as caught:
        main(
            [
                *("fit", "--data=UCF101", f"--data.root={tmp_path / 'nowhere'}", *SMALL),
                *("--model.network=TSM", f"--run_dir={tmp_path / 'run'}"),
            ]
        )
    expected = f"error: {tmp_path / 'nowhere'}: no such folder; root must name one"
    assert str(caught.value) == expected
