"""Something-Something V1 and V2: 174 actions with objects that differ in motion and its order.

V1: Goyal et al., "The 'Something Something' Video Database for Learning and Evaluating Visual
Common Sense", ICCV 2017 (arXiv 1706.04261); 108,499 videos, shipped as folders of JPEG frames.
V2: Mahdisoltani et al., "On the Effectiveness of Task Granularity for Transfer Learning" (arXiv
1804.09235); 220,847 videos, shipped as ``<id>.webm``. Both by 20BN, now
https://www.qualcomm.com/developer/software/something-something-v-2-dataset.
"""

import re
from pathlib import Path
from typing import Any, ClassVar

from datamodules.errors import DataError
from datamodules.lists.annotations import NO_LABEL
from datamodules.lists.class_names import ClassIndices, read_class_names
from datamodules.lists.list_files import find_list
from datamodules.lists.something_lists import read_something_list
from datamodules.lists.splitting import Split
from datamodules.published import ListedVideo, OfficialList, PublishedDataset


class SomethingSomething(PublishedDataset):
    """The base class of both versions: class names, list formats, hidden test labels.

    Labels are the indices of the sorted class names, as in TSM and the papers after it; official
    lists are matched by name. V1's own labels file has another order, which is not used. Training
    clips are not flipped by default, as in both papers; with flips, classes of left and right swap
    labels.

    Args:
        root: Folder of the videos ``<id>.webm``, ``<id>.mp4`` or folders ``<id>`` of frames.
        annotations: Folder of the lists. None for the root, or ``annotations`` or ``labels`` in
            it. The official lists are read where they exist, else TSM's ``*_videofolder.txt``.
        train_list: Path of the training list in any of the formats; None to look for it.
        val_list: Path of the validation list, likewise.
        test_list: Path of the test list, likewise.
        test_answers: Csv ``id;label`` of the test's labels. Without it the test list is only for
            ``predict``: its labels are hidden, and TSM's list has zeros instead.
        check_counts: Whether to refuse lists of another length than the authors' lists.
        test_split: The split that ``test`` reads; papers report the validation split.
        **kwargs: Settings of `VideoDataModule`.

    Raises:
        DataError: If there is no such folder or a setting is out of range.
    """

    class_names = read_class_names("something_something")
    flip_invariant_classes = (
        "Plugging something into something but pulling it right out as you remove your hand",
    )
    name_pattern = re.compile(r"\d+")
    official_counts: ClassVar[dict[Split, int]]
    official_lists: ClassVar[dict[Split, tuple[str, ...]]]
    usual_ending: str

    def __init__(
        self,
        root: str,
        *,
        annotations: str | None = None,
        train_list: str | None = None,
        val_list: str | None = None,
        test_list: str | None = None,
        test_answers: str | None = None,
        check_counts: bool = True,
        test_split: Split = "val",
        **kwargs: Any,
    ) -> None:
        super().__init__(
            root,
            annotations=annotations,
            check_counts=check_counts,
            test_split=test_split,
            **kwargs,
        )
        self.stated_lists: dict[Split, str | None] = {
            "train": train_list,
            "val": val_list,
            "test": test_list,
        }
        self.test_answers = test_answers

    def read_list(self, split: Split) -> OfficialList:
        """Read one split's list; the test list has labels only if its answers are given."""
        names = (*self.official_lists[split], f"{split}_videofolder.txt")
        stated = self.stated_lists[split]
        file = Path(stated) if stated else find_list(self.list_folder, names)
        classes = ClassIndices(self.class_names)
        labels = read_something_list(file, classes)
        if split == "test":
            labels = self._answers(file, labels, classes)
        elif NO_LABEL in labels.values():
            raise DataError(f"{file}: has videos without label; is it the test list?")
        videos = [
            ListedVideo(video, label, f"{video}{self.usual_ending}")
            for video, label in labels.items()
        ]
        return OfficialList(file, videos, (self.official_counts[split],))

    def _answers(self, file: Path, listed: dict[str, int], classes: ClassIndices) -> dict[str, int]:
        """Look up the test's labels by video: the answers have another order than the list."""
        if not self.test_answers:
            return dict.fromkeys(listed, NO_LABEL)
        answers = read_something_list(Path(self.test_answers), classes)
        for video in listed:
            if answers.get(video, NO_LABEL) == NO_LABEL:
                raise DataError(
                    f"{self.test_answers}: has no label for video {video} of {file}; download the "
                    "answers of this version"
                )
        return {video: answers[video] for video in listed}


class SomethingSomethingV1(SomethingSomething):
    """Something-Something V1: ``<root>/<id>/00001.jpg``, official csv lists ``id;label``.

    Official lists are ``something-something-v1-{train,validation,test}.csv``. Frames may be
    numbered from any number, with any number of leading zeros.
    """

    official_counts: ClassVar[dict[Split, int]] = {"train": 86_017, "val": 11_522, "test": 10_960}
    official_lists: ClassVar[dict[Split, tuple[str, ...]]] = {
        "train": ("something-something-v1-train.csv",),
        "val": ("something-something-v1-validation.csv",),
        "test": ("something-something-v1-test.csv",),
    }
    usual_ending = ""

    @property
    def report_name(self) -> str:
        """Return the data set's name in file names."""
        return "something-something-v1"


class SomethingSomethingV2(SomethingSomething):
    """Something-Something V2: ``<root>/<id>.webm``, official json lists.

    Official lists are ``something-something-v2-{train,validation,test}.json`` or, in the later
    release, ``{train,validation,test}.json`` with ``test-answers.csv``. Videos may also be TSM's
    folders of frames, or transcoded.
    """

    official_counts: ClassVar[dict[Split, int]] = {"train": 168_913, "val": 24_777, "test": 27_157}
    official_lists: ClassVar[dict[Split, tuple[str, ...]]] = {
        "train": ("something-something-v2-train.json", "train.json"),
        "val": ("something-something-v2-validation.json", "validation.json", "val.json"),
        "test": ("something-something-v2-test.json", "test.json"),
    }
    usual_ending = ".webm"

    @property
    def report_name(self) -> str:
        """Return the data set's name in file names."""
        return "something-something-v2"
