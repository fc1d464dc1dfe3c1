"""Which files are decoded."""

from pathlib import Path

import pytest

from datamodules.decoding import video_index
from datamodules.decoding.video import scan
from datamodules.decoding.video_facts import VideoFacts


@pytest.fixture
def counted(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """List the names of files that are decoded from here on."""
    names: list[str] = []

    def look(path: Path) -> VideoFacts:
        names.append(path.name)
        return scan(path)

    monkeypatch.setattr(video_index, "scan", look)
    return names
