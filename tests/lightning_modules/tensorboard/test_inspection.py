"""Finding blocks by what they can do, and reading them while they run."""

import torch
from torch import nn

from lightning_modules.tensorboard.inspection import (
    Aligning,
    Gating,
    TemporalConvolution,
    Watch,
    blocks_of,
    by_stage,
    short_name,
)
from tests.lightning_modules.glass import Glass, T


def test_blocks_are_found_by_their_methods() -> None:
    network = Glass()
    for kind, name in ((Gating, "gate"), (TemporalConvolution, "kernels"), (Aligning, "align")):
        assert list(blocks_of(network, kind)) == [f"stage1.{name}", f"stage2.{name}"]
    assert blocks_of(nn.Conv2d(1, 1, 1), Gating) == {}


class StagedGlass(Glass):
    """A network that names its stages."""

    def stage_of(self, module_name: str) -> str:
        return module_name.split(".")[1].replace("layer1", "res2")


def test_the_network_names_the_stages_of_readings() -> None:
    readings = {"frame_network.layer1.0.tim": 1, "frame_network.layer1.1.tim": 2}
    assert by_stage(StagedGlass(), readings) == {"res2": readings}


def test_pictures_name_blocks_without_the_prefix_of_the_frame_network() -> None:
    assert short_name("frame_network.layer1.0.tim") == "layer1.0.tim"
    assert short_name("stage1.align") == "stage1.align"


def test_stages_are_the_children_of_a_network_that_names_none() -> None:
    readings = {"layer1.0.tim": 1, "layer1.1.tim": 2, "layer2.0.tim": 3}
    assert by_stage(nn.Identity(), readings) == {
        "layer1": {"layer1.0.tim": 1, "layer1.1.tim": 2},
        "layer2": {"layer2.0.tim": 3},
    }


def test_a_watch_reads_the_first_pass_only_and_its_hooks_are_removed() -> None:
    network = Glass()
    watch = Watch(blocks_of(network, Gating), lambda block, x: float(x.sum()))
    for factor in (1.0, 2.0):
        network(factor * torch.ones(1, T, 3, 2, 2))
    total = T * 3 * 4
    assert watch.close() == {"stage1.gate": total, "stage2.gate": total}
    assert not any(module._forward_pre_hooks for module in network.modules())
