"""python -m experiments.benchmark modules: both forms agree, tables and JSON; no time."""

import json
from pathlib import Path

import pytest
import torch

from experiments.benchmark import __main__, modules
from experiments.benchmark.model_device import Device
from experiments.benchmark.module_rows import (
    BOTTLENECKS,
    INPUTS,
    MODULE_ROWS,
    Site,
    share_weights,
)
from experiments.benchmark.modules import ModuleResult, compare, make_both
from models.backbones.sites import BlockSite
from models.video_network import VideoNetwork

every_module = pytest.mark.parametrize("name", MODULE_ROWS)


@every_module
@pytest.mark.parametrize("train", [False, True])
def test_both_forms_have_equal_outputs_and_gradients(name: str, train: bool) -> None:
    torch.manual_seed(0)
    row = MODULE_ROWS[name]
    ours, public = (
        module.double().train(train) for module in make_both(row, Site(64, 4, 1), Device(), 4)
    )
    x = torch.randn(8, 64, 6, 5, dtype=torch.float64)
    grads = []
    for module in (ours, public):
        inputs = x.clone().requires_grad_()
        output = module(inputs)
        output.square().sum().backward()
        grads.append([inputs.grad, *(parameter.grad for parameter in module.parameters())])
        torch.testing.assert_close(output, public(x), rtol=0, atol=1e-10)
    for actual, expected in zip(*grads, strict=True):
        assert actual is not None
        torch.testing.assert_close(actual, expected.reshape(actual.shape), rtol=1e-9, atol=1e-9)


@every_module
def test_kernels_are_away_from_the_shift(name: str) -> None:
    row = MODULE_ROWS[name]
    ours, public = make_both(row, Site(64, 4, 1), Device(), 4)
    with torch.no_grad():
        for kernel in ours.parameters():
            if kernel.ndim == 4 and kernel.shape[2:] == (3, 1):
                assert kernel.abs().min() > 0
                kernel.neg_()
    x = torch.randn(8, 64, 4, 4)
    if name not in ("shift", "mem", "sme"):  # those have no temporal kernels
        assert compare(ours, public, x, Device()) > 0.1
    share_weights(ours, public)
    assert compare(ours, public, x, Device()) < 1e-4


def test_the_places_are_a_resnet_50_s() -> None:
    widths: dict[str, list[tuple[int, int]]] = {"before_conv1": [], "before_last_conv": []}

    def note(place: str, channels: int, site: BlockSite) -> None:
        widths[place].append((channels, site.stage))

    with torch.device("meta"):
        VideoNetwork(
            5,
            modules={
                "before_conv1": lambda channels, site: note("before_conv1", channels, site),
                "before_last_conv": lambda channels, site: note("before_last_conv", channels, site),
            },
        )
    for place, sites in (("before_conv1", INPUTS), ("before_last_conv", BOTTLENECKS)):
        counted = {site.channels: site.blocks for site in sites}
        found = [channels for channels, _ in widths[place]]
        assert counted == {channels: found.count(channels) for channels in found}


def test_the_factor_is_the_usual_form_s_time_over_ours() -> None:
    assert ModuleResult("tim", 1.0, 2.0, 6.0, 0.0).factor == 3.0


@pytest.mark.parametrize("train", [[], ["--train"]])
def test_a_tiny_run_from_end_to_end(
    train: list[str], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    file = tmp_path / "out.json"
    options = ["--modules", "tim", "shift", "--size", "32", "--repeats", "1", "--frames", "2"]
    __main__.main(["modules", *options, "--markdown", f"--json={file}", *train])
    printed = capsys.readouterr().out
    passes = "forward and backward" if train else "forward"
    assert f"**Modules of a ResNet-50, {passes}: 1 x 2 frames of 32 px**" in printed
    assert "| TSM's shift |" in printed
    content = json.loads(file.read_text())
    assert [row["name"] for row in content["rows"]] == ["shift", "tim"]
    assert all(row["difference"] < 1e-4 for row in content["rows"])
    assert content["conditions"]["train"] is bool(train)


def test_outputs_that_differ_are_an_error(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(modules, "compare", lambda *args: 0.5)
    with pytest.raises(SystemExit, match=r"TSM.s shift, 64 channels: outputs differ, 0\.5"):
        __main__.main(["modules", "--modules", "shift", "--size", "32", "--repeats", "1"])


@pytest.mark.parametrize(
    ("arguments", "named"),
    [
        (["--modules", "tem"], "--modules tem: choose of shift, tim"),
        (["--frames", "1"], "--size needs at least 32 pixels, --frames 2"),
        (["--rows", "tsn"], "unknown arguments --rows tsn"),
    ],
)
def test_mistakes_end_in_one_line(arguments: list[str], named: str) -> None:
    with pytest.raises(SystemExit) as exit_:
        __main__.main(["modules", *arguments])
    assert named in str(exit_.value)
    assert "\n" not in str(exit_.value)
