"""The kinds of files: how each is written, and how it is read again to be checked."""

import io
import json
from collections.abc import Callable
from copy import deepcopy
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from torch import Tensor, nn

from experiments.export.deployed import INPUT, OUTPUT, DeployedNetwork
from lightning_modules.checkpoints.atomic_write import write_to_disk
from models.weights import read_source

Metadata = dict[str, Any]
"""Plain values by name; in a file, each one is JSON text."""

Network = Callable[[Tensor], Tensor]
"""Maps clips, uint8 0-255 (B, T, 3, H, W), to logits, (B, K)."""

METADATA_FILE = "metadata.json"
"""The metadata in a file of torch.export."""


@dataclass(frozen=True)
class Target:
    """A kind of file.

    Attributes:
        endings: How its files end; the first one is the default.
        write: Writes a network, given example clips, (B, T, 3, H, W), and metadata.
        read: Reads the file again; the network that was written gives the architecture where the
            file does not hold it.
    """

    endings: tuple[str, ...]
    write: Callable[[DeployedNetwork, Tensor, Metadata, Path], None]
    read: Callable[[Path, DeployedNetwork], Network]


def write_onnx(network: DeployedNetwork, clips: Tensor, metadata: Metadata, file: Path) -> None:
    """Write ONNX with any number of clips in a batch."""
    import onnxscript  # noqa: F401 - torch.onnx needs it, and says so in many lines

    program = torch.onnx.export(
        network,
        (two_of(clips),),
        dynamo=True,  # the older exporter fixes the batch of the temporal modules
        dynamic_shapes={INPUT: {0: "batch"}},
        input_names=[INPUT],
        output_names=[OUTPUT],
        external_data=False,
        verbose=False,
    )
    assert program is not None
    program.model.metadata_props.update(as_texts(metadata))
    program.save(str(file))


def read_onnx(file: Path, network: DeployedNetwork) -> Network:
    """Read it with onnxruntime, on the CPU."""
    import onnxruntime

    session = onnxruntime.InferenceSession(str(file), providers=["CPUExecutionProvider"])
    return lambda clips: torch.from_numpy(session.run([OUTPUT], {INPUT: clips.numpy()})[0])


def write_program(network: DeployedNetwork, clips: Tensor, metadata: Metadata, file: Path) -> None:
    """Write a program of torch.export with any number of clips in a batch."""
    shapes = {INPUT: {0: torch.export.Dim("batch")}}
    program = torch.export.export(network, (two_of(clips),), dynamic_shapes=shapes)
    content = io.BytesIO()
    torch.export.save(program, content, extra_files={METADATA_FILE: json.dumps(metadata)})
    write_to_disk(file, content.getbuffer())


def read_program(file: Path, network: DeployedNetwork) -> Network:
    """Read it with torch."""
    program: Network = torch.export.load(file).module()
    return program


def write_weights(network: DeployedNetwork, clips: Tensor, metadata: Metadata, file: Path) -> None:
    """Write the tensors of the network, as safetensors or as a ``state_dict``."""
    state = {key: value.contiguous() for key, value in network.network.state_dict().items()}
    if file.suffix == ".safetensors":
        from safetensors.torch import save

        write_to_disk(file, save(state, as_texts(metadata)))
    else:
        content = io.BytesIO()
        torch.save({"state_dict": state, "metadata": metadata}, content)
        write_to_disk(file, content.getbuffer())


def read_weights(file: Path, network: DeployedNetwork) -> Network:
    """Load them into a copy of the network, whose own are lost before."""
    restored = deepcopy(network)
    for parameter in restored.network.parameters():
        nn.init.constant_(parameter, torch.nan)
    restored.network.load_state_dict(read_source(str(file), None, "").state)
    return restored


def two_of(clips: Tensor) -> Tensor:
    """Make an example of two clips: torch.export takes a batch of one for a constant."""
    return torch.cat([clips[:1], clips[:1]])


def as_texts(metadata: Metadata) -> dict[str, str]:
    """Write each value as JSON."""
    return {name: json.dumps(value) for name, value in metadata.items()}


TARGETS = {
    "onnx": Target((".onnx",), write_onnx, read_onnx),
    "torch_export": Target((".pt2",), write_program, read_program),
    "weights": Target((".safetensors", ".pth", ".pt"), write_weights, read_weights),
}
