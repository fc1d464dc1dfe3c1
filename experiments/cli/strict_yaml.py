"""YAML that refuses duplicate keys; PyYAML silently keeps the last one."""

from collections.abc import Hashable
from functools import cache
from typing import Any

import yaml
from jsonargparse import get_loader, set_loader


class _DuplicateKeyLoader(yaml.SafeLoader):
    """Builds mappings and refuses repeated keys."""

    def construct_mapping(self, node: yaml.MappingNode, deep: bool = False) -> dict[Hashable, Any]:
        seen = set()
        for key_node, _ in node.value:
            key = (key_node.tag, str(key_node.value))
            if key in seen:
                raise yaml.constructor.ConstructorError(
                    problem=f"key {key_node.value!r} is given twice; keep one",
                    problem_mark=key_node.start_mark,
                )
            seen.add(key)
        return super().construct_mapping(node, deep)


def load_strictly(stream: str) -> Any:
    """Read YAML of plain values.

    Raises:
        yaml.YAMLError: If it is not valid YAML, or a key is given twice.
    """
    return yaml.load(stream, Loader=_DuplicateKeyLoader)


@cache
def refuse_duplicate_keys() -> None:
    """Make jsonargparse refuse duplicate keys, in this process."""
    load = get_loader("yaml")

    def strict_load(stream: str) -> Any:
        if ":" in stream:  # only a mapping has keys
            load_strictly(stream)
        return load(stream)

    set_loader("yaml", strict_load, exceptions=(yaml.YAMLError,))
