"""Kinetics-400: ten-second clips of 400 actions from YouTube, some of which disappear every year.

Kay et al., "The Kinetics Human Action Video Dataset" (arXiv 1705.06950),
https://github.com/cvdfoundation/kinetics-dataset. Csv lists with the columns ``youtube_id``,
``time_start``, ``time_end`` and, in most releases, ``label``, ``split`` and ``is_cc``. A clip is
``<youtube_id>_<start>_<end>``, seconds in six digits.
"""

import csv
import os
import re
from collections.abc import Callable, Sequence
from pathlib import Path, PurePath
from typing import Any

from pytorch_lightning.utilities import rank_zero_warn

from datamodules.clips.frame_sampling import SamplingKind
from datamodules.errors import DataError
from datamodules.lists.annotations import NO_LABEL
from datamodules.lists.class_names import ClassIndices, read_class_names
from datamodules.lists.list_files import ListedOnce, find_list, read_text
from datamodules.lists.splitting import Split
from datamodules.published import ListedVideo, OfficialList, PublishedDataset

COLUMNS = ("youtube_id", "time_start", "time_end")
LIST_NAMES = ("{}.csv", "kinetics-400_{}.csv", "kinetics400_{}.csv", "kinetics_{}.csv")
SPLIT_NAMES: dict[Split, tuple[str, ...]] = {
    "train": ("train",),
    "val": ("val", "validate", "validation", "valid"),
    "test": ("test",),
}
SPLIT_OF_NAME = {name: split for split, names in SPLIT_NAMES.items() for name in names}
# The test list has 38,685 clips by ActivityNet and 39,805 by CVDF.
OFFICIAL_COUNTS: dict[Split, tuple[int, ...]] = {
    "train": (246_534,),
    "val": (19_906,),
    "test": (38_685, 39_805),
}


class Kinetics400(PublishedDataset):
    """Kinetics-400 in any tree: in class folders or flat, by split or not, any ending.

    Missing clips are left out, counted, and listed in a file in ``index_dir``: nobody has all of
    them, so a result is logged with the number of videos that it covers. A clip that exists but
    cannot be read is an error. Of several files of one clip, one in a folder of replacements (which
    CVDF offers for its damaged files) is preferred, then one in a folder named after the split.

    Args:
        root: Folder of the clips.
        annotations: Folder of the csv lists. None for the root, or ``annotations`` in it.
        train_list: Path of the training csv; None to look for it.
        val_list: Path of the validation csv, likewise.
        test_list: Path of the test csv, likewise. ActivityNet's has no labels and is only for
            ``predict``.
        check_counts: Whether to warn of lists of another length than the authors' lists.
        sampling: ``segment`` (TSN) or ``dense`` (64 consecutive frames).
        flip_probability: Probability of a horizontal flip of a training clip.
        protocol: Test views, ``<clips>x<crops>``; papers report 30.
        test_split: The split that ``test`` reads; papers report the validation split.
        **kwargs: Settings of `VideoDataModule`.

    Raises:
        DataError: If there is no such folder or a setting is out of range.
    """

    class_names = read_class_names("kinetics400")
    name_pattern = re.compile(r"[\w-]{11}_\d{6}_\d{6}")

    def __init__(
        self,
        root: str,
        *,
        annotations: str | None = None,
        train_list: str | None = None,
        val_list: str | None = None,
        test_list: str | None = None,
        check_counts: bool = True,
        sampling: SamplingKind = "dense",
        flip_probability: float = 0.5,
        protocol: str = "10x3",
        test_split: Split = "val",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            root,
            annotations=annotations,
            check_counts=check_counts,
            sampling=sampling,
            flip_probability=flip_probability,
            protocol=protocol,
            test_split=test_split,
            **kwargs,
        )
        self.stated_lists: dict[Split, str | None] = {
            "train": train_list,
            "val": val_list,
            "test": test_list,
        }

    def read_list(self, split: Split) -> OfficialList:
        """Read one split's csv."""
        names = [form.format(word) for form in LIST_NAMES for word in SPLIT_NAMES[split]]
        stated = self.stated_lists[split]
        file = Path(stated) if stated else find_list(self.list_folder, names)
        videos = _read_csv(file, split, ClassIndices(self.class_names))
        if split != "test" and any(video.label == NO_LABEL for video in videos):
            raise DataError(f"{file}: has no column label; is it the test list?")
        return OfficialList(file, videos, OFFICIAL_COUNTS[split])

    def preferred(self, paths: Sequence[str], split: Split) -> Sequence[str]:
        """Prefer replacements, then files in a folder that names the split."""
        words = {path: self._folder_words(path) for path in paths}
        choices: tuple[Callable[[str], bool], ...] = (
            lambda path: "replacement" in words[path],
            lambda path: not words[path].isdisjoint(SPLIT_NAMES[split]),
        )
        for is_better in choices:
            if better := [path for path in paths if is_better(path)]:
                return better
        return paths

    def on_other_length(self, message: str) -> None:
        """Warn: copies of the lists differ in length."""
        rank_zero_warn(f"{message}; results on other lists are not exactly comparable")

    def _folder_words(self, path: str) -> set[str]:
        folders = PurePath(os.path.relpath(path, self.root)).parent
        return set(re.split("[^a-z0-9]+", str(folders).lower()))

    def missing_list(self, split: Split) -> Path | None:
        """Return the file that lists the missing clips."""
        return self.index.file.parent / f"{self.report_name}.{split}.missing.txt"


def _read_csv(file: Path, split: Split, classes: ClassIndices) -> list[ListedVideo]:
    # Without strict, an open quotation mark swallows the rows after it.
    lines = read_text(file).split("\n")
    reader = csv.DictReader(lines, skipinitialspace=True, strict=True)
    absent = [column for column in COLUMNS if column not in (reader.fieldnames or [])]
    if absent:
        raise DataError(
            f"{file}: has no column {absent[0]}; its first line must name {', '.join(COLUMNS)}"
        )
    videos = []
    listed_once = ListedOnce()
    try:
        for row in reader:
            place = f"line {reader.line_num}"
            video = _read_row(row, file, place, split, classes)
            listed_once.add(video.name, file, place)
            videos.append(video)
    except csv.Error as error:
        raise DataError(f"{file}, line {reader.line_num}: is not csv ({error})") from None
    if not videos:
        raise DataError(f"{file}: lists no video; download the list again")
    return videos


def _read_row(
    row: dict[str, str | None], file: Path, place: str, split: Split, classes: ClassIndices
) -> ListedVideo:
    stated = (row.get("split") or "").strip()
    if SPLIT_OF_NAME.get(stated, split) != split:
        raise DataError(f"{file}, {place}: is of split {stated}, but this is the list of {split}")
    try:
        start, end = (int(float(row[column] or "")) for column in ("time_start", "time_end"))
    except (ValueError, OverflowError):
        raise DataError(
            f"{file}, {place}: time_start {row['time_start']!r} and time_end {row['time_end']!r} "
            "must be seconds; download the list again"
        ) from None
    name = f"{(row['youtube_id'] or '').strip()}_{start:06d}_{end:06d}"
    class_name = row.get("label")
    if class_name is None:
        return ListedVideo(name, NO_LABEL, f"{split}/{name}.mp4")
    label = classes.find(class_name, file, place)
    return ListedVideo(name, label, f"{split}/{class_name}/{name}.mp4")
