"""Counts the files and folders among videos that are ignored, so that they can be reported."""

from collections import Counter
from enum import Enum

SHOWN_EXAMPLES = 3


class Reason(Enum):
    """Why something is ignored, in the singular and in the plural."""

    SYSTEM_FOLDER = ("hidden or system folder", "hidden or system folders")
    SYSTEM_FILE = ("hidden or system file", "hidden or system files")
    ENDING = ("file of unknown ending", "files of unknown endings")
    IMAGES = ("folder of images, for a csv to list", "folders of images, for a csv to list")
    DEEPER = ("video deeper than <class>/<video>", "videos deeper than <class>/<video>")
    LOOSE = ("video outside class folders", "videos outside class folders")
    NO_VIDEO = ("folder without a video", "folders without a video")
    OTHER_NAME = ("video of another data set's name", "videos of another data set's names")
    LINK = ("link to a folder that is read anyway", "links to folders that are read anyway")


class Ignored:
    """Ignored files and folders, counted by reason."""

    def __init__(self) -> None:
        self.counts: dict[Reason, Counter[str]] = {}

    def add(self, reason: Reason, example: str) -> None:
        """Count one file or folder.

        Args:
            reason: Why it is ignored.
            example: The name, ending or folder to count it under.
        """
        self.counts.setdefault(reason, Counter())[example] += 1

    def __bool__(self) -> bool:
        """Whether anything is ignored."""
        return bool(self.counts)

    def as_dict(self) -> dict[str, int]:
        """Return the counts by reason."""
        return {reason.value[1]: self.counts[reason].total() for reason in self._reasons()}

    def __str__(self) -> str:
        """Describe the counts in one line, with the most frequent examples of each reason."""
        parts = [_describe(reason, self.counts[reason]) for reason in self._reasons()]
        return f"ignored: {', '.join(parts)}" if parts else "nothing is ignored"

    def _reasons(self) -> list[Reason]:
        return [reason for reason in Reason if reason in self.counts]


def _describe(reason: Reason, found: Counter[str]) -> str:
    total = found.total()
    ranked = sorted(found.items(), key=lambda item: (-item[1], item[0]))
    shown = [f"{name} {count:,}" if count > 1 else name for name, count in ranked[:SHOWN_EXAMPLES]]
    more = ["..."] if len(ranked) > SHOWN_EXAMPLES else []
    return f"{total:,} {reason.value[total > 1]} ({', '.join(shown + more)})"
