"""Whether a checkpoint's network has the settings of this run's, also those without parameters.

Weights of one setting often load into another, such as those of TSM with another share of shifted
channels, and the scores are then wrong without a word.
"""

from collections.abc import Iterator
from typing import Any

from pytorch_lightning.utilities import rank_zero_info, rank_zero_warn

from lightning_modules.errors import RunError

START_ONLY = ("weights", "dropout")
"""Settings that a trained network may change: where it started, and what only training does."""

START_ENDING = "_start"
"""The end of the names of settings that only choose initial values."""

COMPARED_AS_DATA = ("num_classes", "num_segments")
ALL_STAGES_ONCE = ("stages", "res2-5")
"""How checkpoints from when all backbones were ResNets state all stages."""


def refuse_other_network(there: Any, here: dict[str, Any], *, allow: bool) -> list[str]:
    """Compare the network of a checkpoint's provenance with this run's.

    A setting that only one of them states, because the versions of the code differ, is logged.

    Args:
        there: The checkpoint's provenance; None if it has none.
        here: This run's provenance.
        allow: Whether to warn instead of raising.

    Returns:
        The differences, where they are allowed.

    Raises:
        RunError: If the class or a setting differs.
    """
    its, ours = _network(there), _network(here)
    if its is None or ours is None:
        return []
    differences = list(_differences(its, ours))
    if differences and not allow:
        raise RunError(
            f"the checkpoint's network is another one: {'; '.join(differences)}. Give the run's "
            "own --config <run folder>/config.yaml; --allow_other_data true continues with a "
            "warning; --model.network.weights <checkpoint> starts a new training from it"
        )
    if differences:
        rank_zero_warn(f"allowed by allow_other_data: {'; '.join(differences)}")
    unstated = sorted(_settings(its).keys() ^ _settings(ours).keys())
    if unstated and not differences:
        rank_zero_info(
            f"not compared with the checkpoint, which another version of the code saved: "
            f"{', '.join(unstated)}"
        )
    return differences


def _network(provenance: Any) -> dict[str, Any] | None:
    """Give class and arguments of a network; None if they are not stated."""
    network = (provenance or {}).get("model", {}).get("network")
    return network if isinstance(network, dict) and "class_path" in network else None


def _differences(there: dict[str, Any], here: dict[str, Any]) -> Iterator[str]:
    names = [network["class_path"].rpartition(".")[2] for network in (there, here)]
    if names[0] != names[1]:  # their arguments mean different things
        yield f"it is {names[0]} in the checkpoint and {names[1]} here"
        return
    its, ours = _settings(there), _settings(here)
    for name in its:
        if name in ours and its[name] != ours[name]:
            yield f"{name} is {its[name]} in the checkpoint and {ours[name]} here"


def _settings(network: dict[str, Any]) -> dict[str, Any]:
    return {
        name: "all" if (name, value) == ALL_STAGES_ONCE else value
        for name, value in (network.get("init_args") or {}).items()
        if name not in (*START_ONLY, *COMPARED_AS_DATA) and not name.endswith(START_ENDING)
    }
