"""What leaves this project: normalisation and network in one module, and facts about them."""

from collections.abc import Mapping
from copy import deepcopy
from typing import Any

from torch import Tensor, nn

from lightning_modules import VideoRecognizer
from lightning_modules.checkpoints.provenance import KEY, provenance

INPUT = "clips"
OUTPUT = "logits"


class DeployedNetwork(nn.Module):
    """A copy of a recognizer's normalisation and network, for evaluation only.

    Args:
        normalize: Turns uint8 frames into the network's input.
        network: Maps normalised clips to logits.
    """

    def __init__(self, normalize: nn.Module, network: nn.Module) -> None:
        super().__init__()
        self.normalize = deepcopy(normalize)
        self.network = deepcopy(network)
        for parameter in self.network.parameters():  # other programs expect torch's usual layout
            parameter.data = parameter.data.contiguous()
        self.eval().requires_grad_(False)

    def forward(self, clips: Tensor) -> Tensor:
        """Classify clips, uint8 RGB 0-255 (B, T, 3, H, W) -> logits, float32 (B, K)."""
        logits: Tensor = self.network(self.normalize(clips))
        return logits.float()


def describe(
    recognizer: VideoRecognizer, checkpoint: Mapping[str, Any], clips: Tensor
) -> dict[str, Any]:
    """Collect what a program needs to use the file and to tell what it is, as plain values.

    Args:
        recognizer: The recognizer, which has loaded the checkpoint.
        checkpoint: The checkpoint's content.
        clips: Clips of the run's data, (B, T, 3, H, W).
    """
    about = provenance(recognizer)
    shape = ", ".join(map(str, clips.shape[1:]))
    trained: Mapping[str, Any] = checkpoint.get(KEY) or about
    return {
        "input": f"{INPUT}: uint8 RGB 0-255, (batch, {shape})",
        "output": f"{OUTPUT}: float32, (batch, {len(about['class_names'])})",
        "class_names": about["class_names"],
        **about["input"],
        "protocol": trained["data"].get("protocol", "1x1"),
        "view_fusion": recognizer.view_fusion,
        "network": about["model"].get("network"),
        "checkpoint": recognizer.loaded,
        "versions": about["versions"],
    }
