"""A config.yaml that an earlier version wrote still fits and tests: its names have not changed."""

from pathlib import Path

import pytest
import yaml

from experiments.session import read_metrics
from train import main

OLD_CONFIG = Path(__file__).with_name("old_config.yaml")
"""As saved by a demo of the first version, with sizes that are tiny."""


@pytest.mark.parametrize("subcommand", ["fit", "validate", "test", "predict"])
def test_every_key_is_still_accepted(subcommand: str, capsys: pytest.CaptureFixture[str]) -> None:
    with pytest.raises(SystemExit) as error:
        main([subcommand, f"--config={OLD_CONFIG}", "--print_config"])
    assert error.value.code == 0
    printed = yaml.safe_load(capsys.readouterr().out)
    assert printed["model"]["network"]["class_path"] == "models.TEINet"
    assert printed["model"]["optimizer"]["class_path"] == "lightning_modules.AdamW"
    assert printed["model"]["schedule"]["class_path"] == "lightning_modules.CosineDecay"
    assert printed["data"]["class_path"] == "datamodules.MovingShapes"
    assert printed["data"]["init_args"]["crop_scales"] == [1.0, 0.875]


def test_it_trains_and_tests(shapes_root: Path, tmp_path: Path) -> None:
    run_dir = tmp_path / "run"
    places = (f"--data.root={shapes_root}", f"--run_dir={run_dir}")
    main(["fit", f"--config={OLD_CONFIG}", *places])
    main(["test", f"--config={run_dir / 'config.yaml'}"])
    assert read_metrics(run_dir).keys() >= {"train", "val", "test_1x1"}
