"""Parameter policies: which parameters form a group, and its factors on rate and decay."""

from typing import Any, Literal

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from lightning_modules.errors import RunError

ParameterPolicy = Literal["flat", "tsm"]
CLASSIFIER = "fc"
NORMS = (_NormBase, nn.GroupNorm, nn.LayerNorm)
TSM_FACTORS = {
    "weight": (1.0, 1.0),
    "bias": (2.0, 0.0),
    "norm": (1.0, 0.0),
    "classifier_weight": (5.0, 1.0),
    "classifier_bias": (10.0, 0.0),
}
"""Group -> (factor on the learning rate, factor on the weight decay)."""


def tsm_groups(network: nn.Module, lr: float, weight_decay: float) -> list[dict[str, Any]]:
    """Group parameters as the code line TSN -> TSM -> TEA does; neither paper states groups.

    Weights 1/1 (rate/decay), biases 2/0, weights and biases of normalisations 1/0, the
    classifier's weight 5/1 and bias 10/0. Only ``network.fc`` is the classifier: linear layers
    and convolutions inside temporal modules count as weights and biases. A group without
    parameters is left out.

    Args:
        network: The network; its classifier is a linear layer called ``fc``.
        lr: Of factor 1.
        weight_decay: Of factor 1.

    Returns:
        Parameter groups for torch's optimizers, with a ``name`` each, which cover every
        parameter once.

    Raises:
        RunError: If the network has no classifier of that name.
    """
    classifier = getattr(network, CLASSIFIER, None)
    if not isinstance(classifier, nn.Linear):
        raise RunError(
            f"parameter_policy=tsm: {type(network).__name__} has no linear classifier "
            f"'{CLASSIFIER}'; give parameter_policy=flat"
        )
    members: dict[str, list[nn.Parameter]] = {group: [] for group in TSM_FACTORS}
    seen: set[nn.Parameter] = set()
    for module in network.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if parameter not in seen:  # a shared one belongs where it comes first
                seen.add(parameter)
                members[_group_of(module, name, classifier)].append(parameter)
    return [
        {
            "params": members[group],
            "name": group,
            "lr": lr * lr_factor,
            "weight_decay": weight_decay * decay_factor,
        }
        for group, (lr_factor, decay_factor) in TSM_FACTORS.items()
        if members[group]
    ]


def _group_of(module: nn.Module, name: str, classifier: nn.Module) -> str:
    if isinstance(module, NORMS):
        return "norm"
    kind = "bias" if name == "bias" else "weight"
    return f"classifier_{kind}" if module is classifier else kind
