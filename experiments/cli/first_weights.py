"""The first weights of a network: loaded when all else is built, because they may be downloaded."""

from typing import Any

from pytorch_lightning.utilities import rank_zero_info

from experiments.cli.trainer_parts import class_of
from models import WeightsError
from models.weights import find_download

OPTION = "--model.network.weights"


def take_weights(network: Any) -> str | None:
    """Take the first weights out of a network's configuration.

    Args:
        network: Its class and arguments, which are changed.

    Returns:
        None if there are none, or the class can load them in its constructor only.
    """
    weights: str | None = network.init_args.get("weights")
    if weights is None or not hasattr(class_of(network), "start_from"):
        return None
    network.init_args.weights = None
    return weights


def load_first_weights(network: Any, weights: str, backbone: str | None) -> None:
    """Load them; print where they are downloaded from, if they are.

    Args:
        network: The network.
        weights: What `take_weights` gave.
        backbone: The network's backbone, as configured; None if it has no such option.

    Raises:
        WeightsError: If they cannot be found, read or fitted; the message names the option.
    """
    try:
        url = find_download(weights, backbone)
        if url is not None:
            rank_zero_info(
                f"{OPTION}={weights}: downloading {url}; to avoid it, give {OPTION} null or the "
                "path of a file"
            )
        network.start_from(weights)
    except WeightsError as error:
        raise WeightsError(f"{OPTION}: {error}") from error.__cause__
