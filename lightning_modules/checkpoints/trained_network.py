"""Builds the network of a checkpoint from what the checkpoint states about itself."""

from pathlib import Path
from typing import Any

from jsonargparse import ArgumentParser
from torch import nn

from lightning_modules.checkpoints.checkpoint_file import find_fault, peek
from lightning_modules.checkpoints.provenance import KEY
from lightning_modules.errors import RunError

LONGEST_REASON = 300


def read_checkpoint(file: Path) -> dict[str, Any]:
    """Read a checkpoint from which a recognizer can be made without its configuration.

    Args:
        file: The checkpoint; every byte is checked.

    Raises:
        RunError: If it is missing, damaged or of another project, or does not state the class of
            its network, because it was not trained by ``train.py``.
    """
    if not file.is_file():
        raise RunError(f"{file}: no such checkpoint; give a .ckpt file, or a run folder")
    fault = find_fault(file)
    if fault is not None:
        raise RunError(f"{file}: {fault}")
    content: dict[str, Any] = peek(file)
    if KEY not in content:
        raise RunError(
            f"{file}: does not say its classes and its network, so another project has saved it; "
            "start a fit from it with --model.network.weights"
        )
    there = content[KEY]
    if not isinstance(there["model"].get("network"), dict) or "num_segments" not in there["input"]:
        raise RunError(
            f"{file}: does not say how its network was built, because train.py did not train it; "
            "give the network: VideoRecognizer.load_from_checkpoint(file, network=..., "
            "class_names=...)"
        )
    return content


def recognizer_arguments(checkpoint: dict[str, Any]) -> dict[str, Any]:
    """Make the arguments of a `VideoRecognizer` that fits a checkpoint of `read_checkpoint`.

    Returns:
        ``network``, with random weights, ``class_names`` and ``view_fusion``.

    Raises:
        RunError: If the network's class cannot be found here, or refuses its arguments.
    """
    there = checkpoint[KEY]
    model, class_names = there["model"], there["class_names"]
    arguments = {
        **(model["network"].get("init_args") or {}),
        "num_classes": len(class_names),
        "num_segments": there["input"]["num_segments"],
    }
    if "weights" in arguments:
        arguments["weights"] = None  # the checkpoint has all of them
    network = _build(model["network"]["class_path"], arguments)
    fusion = {key: model[key] for key in ("view_fusion",) if key in model}
    return {"network": network, "class_names": class_names, **fusion}


def _build(class_path: str, arguments: dict[str, Any]) -> nn.Module:
    """Build a network; a class that is no module, such as ``os.system``, is refused."""
    parser = ArgumentParser(exit_on_error=False)
    parser.add_subclass_arguments(nn.Module, "network")
    try:
        parsed = parser.parse_object(
            {"network": {"class_path": class_path, "init_args": arguments}}
        )
        network: nn.Module = parser.instantiate_classes(parsed).network
    except Exception as error:  # whatever importing or building a user's class raises
        reason = " ".join(str(error).split())[:LONGEST_REASON]
        raise RunError(
            f"the checkpoint's network {class_path} cannot be built here ({reason}); run from the "
            "folder that holds its code"
        ) from error
    return network
