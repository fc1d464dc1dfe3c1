"""Networks of a few blocks."""

from tests.models.conftest import seeded, tiny_backbones

__all__ = ["seeded", "tiny_backbones"]
