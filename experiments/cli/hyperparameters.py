"""The hyperparameters of a configuration, flat, for TensorBoard's table of runs."""

from collections.abc import Iterator
from typing import Any

MODEL = ("network", "optimizer", "schedule", "label_smoothing", "mixing", "partial_bn")
TRAINER = (
    *("max_epochs", "precision", "accumulate_grad_batches", "gradient_clip_val"),
    "sync_batchnorm",
)
DATA = (
    *("num_segments", "batch_size", "sampling", "short_side", "crop_size"),
    *("flip_probability", "reversal"),
)
LINKED = ("num_classes", "num_segments")
"""Arguments of the network that are copied from the data module."""

Value = bool | int | float | str


def hyperparameters(config: Any) -> dict[str, Value]:
    """Flatten network, optimizer, schedule and the other settings that affect results.

    Args:
        config: One subcommand's configuration, as parsed.

    Returns:
        Values by name, such as ``network: TEINet``, ``network.enhancement: mem`` and
        ``optimizer.lr: 0.01``. Other values than numbers and strings become strings.
    """
    model = config.model.as_dict()
    data = config.data.as_dict()
    values: dict[str, Any] = {}
    for name in MODEL:
        values |= dict(_flatten(name, model[name]))
    values |= {"seed": config.seed_everything, "ema_decay": config.ema_decay}
    for name in LINKED:
        values.pop(f"network.{name}", None)
    values["data"] = _class_name(data)
    values |= {k: data["init_args"][k] for k in DATA if k in data["init_args"]}
    values |= {k: config.trainer[k] for k in TRAINER if config.trainer[k] is not None}
    plain = (bool, int, float, str)
    return {k: value if isinstance(value, plain) else str(value) for k, value in values.items()}


def _flatten(name: str, part: Any) -> Iterator[tuple[str, Any]]:
    if not (isinstance(part, dict) and "class_path" in part):
        yield name, part
        return
    yield name, _class_name(part)
    for argument, value in (part.get("init_args") or {}).items():
        yield from _flatten(f"{name}.{argument}", value)


def _class_name(part: dict[str, Any]) -> str:
    return str(part["class_path"]).rpartition(".")[2]
