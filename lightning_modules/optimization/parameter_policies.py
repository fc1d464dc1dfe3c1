"""Parameter policies: which parameters share a learning rate and a weight decay."""

from typing import Any, Literal

from torch import nn
from torch.nn.modules.batchnorm import _NormBase

from lightning_modules.errors import RunError

ParameterPolicy = Literal["flat", "tsm"]
CLASSIFIERS = ("classifier", "fc")
"""Attributes of a network that may hold its classifier; the first that exists is used."""
NORMS = (_NormBase, nn.GroupNorm, nn.LayerNorm)
"""Normalisation layers; their subclasses, such as torchvision's LayerNorm2d, are included."""
TSM_FACTORS = {
    "weight": (1.0, 1.0),
    "bias": (2.0, 0.0),
    "norm": (1.0, 0.0),
    "classifier_weight": (5.0, 1.0),
    "classifier_bias": (10.0, 0.0),
}
"""Group -> (factor on the learning rate, factor on the weight decay)."""


def tsm_groups(network: nn.Module, lr: float, weight_decay: float) -> list[dict[str, Any]]:
    """Group parameters as the public TSN, TSM and TEA code does; neither paper states groups.

    ======================================== ==================== =====================
    parameters                               learning rate factor weight decay factor
    ======================================== ==================== =====================
    weights                                  1                    1
    biases                                   2                    0
    weights and biases of normalisations     1                    0
    the classifier's weight                  5                    1
    the classifier's bias                    10                   0
    ======================================== ==================== =====================

    The classifier is ``network.classifier`` if there is such an attribute, else ``network.fc``.
    Other linear layers, such as those inside temporal modules, count as weights and biases.

    The public code handles only convolutions, linear layers and BatchNorm. Here LayerNorm and
    GroupNorm count as normalisations too, and any other parameter that is not called ``bias``,
    such as ConvNeXt's ``layer_scale``, counts as a weight.

    Args:
        network: The network; its classifier is a linear layer.
        lr: The learning rate that the factors multiply.
        weight_decay: The weight decay that the factors multiply.

    Returns:
        Parameter groups for torch's optimizers, each with a ``name``. Every parameter is in
        exactly one group; groups without parameters are left out.

    Raises:
        RunError: If the classifier is missing or not a linear layer.
    """
    classifier = _classifier(network)
    members: dict[str, list[nn.Parameter]] = {group: [] for group in TSM_FACTORS}
    seen: set[nn.Parameter] = set()
    for module in network.modules():
        for name, parameter in module.named_parameters(recurse=False):
            if parameter not in seen:  # a shared parameter is in the group of its first module
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


def _classifier(network: nn.Module) -> nn.Linear:
    held = [getattr(network, name) for name in CLASSIFIERS if hasattr(network, name)]
    if not held or not isinstance(held[0], nn.Linear):
        raise RunError(
            f"parameter_policy=tsm: {type(network).__name__} has no linear classifier: "
            f"its attribute {' or '.join(repr(name) for name in CLASSIFIERS)} must be a "
            "torch.nn.Linear; give parameter_policy=flat"
        )
    return held[0]


def _group_of(module: nn.Module, name: str, classifier: nn.Module) -> str:
    if isinstance(module, NORMS):
        return "norm"
    kind = "bias" if name == "bias" else "weight"
    return f"classifier_{kind}" if module is classifier else kind
