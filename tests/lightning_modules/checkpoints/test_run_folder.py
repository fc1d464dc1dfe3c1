"""Specification of `RunFolder`: the names in a run folder, on which programs of others rely."""

from pathlib import Path

import pytest

from lightning_modules.checkpoints.run_folder import CHECKPOINTS, RunFolder

RUN = RunFolder(Path("runs/demo"))


def test_every_file_of_a_run_has_its_documented_name() -> None:
    assert RUN.config == Path("runs/demo/config.yaml")
    assert RUN.resumed_config(12) == Path("runs/demo/config-12.yaml")
    assert RUN.metrics == Path("runs/demo/metrics.json")
    assert RUN.predictions("val", "2x3") == Path("runs/demo/predictions/val_2x3.pt")


@pytest.mark.parametrize("name", ["best", "last", "previous"])
def test_a_checkpoint_is_found_by_name(name: str) -> None:
    assert name in CHECKPOINTS
    assert RUN.checkpoint(name) == Path(f"runs/demo/checkpoints/{name}.ckpt")


def test_a_folder_holds_a_run_once_last_ckpt_is_saved(tmp_path: Path) -> None:
    run = RunFolder(tmp_path)
    run.checkpoint("best").parent.mkdir()
    run.checkpoint("best").touch()
    assert not run.has_checkpoint()
    run.checkpoint("last").touch()
    assert run.has_checkpoint()
