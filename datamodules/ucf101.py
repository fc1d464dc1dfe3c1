"""UCF101: 13,320 clips of 101 actions, three official splits of groups of clips.

Soomro, Zamir and Shah, "UCF101: A Dataset of 101 Human Actions Classes From Videos in The Wild"
(arXiv 1212.0402), https://www.crcv.ucf.edu/data/UCF101.php. Lists of ``ucfTrainTestlist``:
``trainlist01.txt`` with lines ``ApplyEyeMakeup/v_ApplyEyeMakeup_g08_c01.avi 1``, labels from 1,
``testlist01.txt`` with the file alone.
"""

import re
from pathlib import PurePosixPath

from datamodules.errors import DataError
from datamodules.lists.class_names import ClassIndices, read_class_names
from datamodules.lists.list_files import ListedOnce, find_list, read_lines
from datamodules.lists.splitting import Split
from datamodules.published import ListedVideo, OfficialList
from datamodules.three_splits import ThreeSplits

ROW = re.compile(r"(?P<path>(?P<class_name>[^/\s]+)/[^/\s]+)(?:\s+(?P<label>\d+))?")
OFFICIAL_COUNTS = {1: (9_537, 3_783), 2: (9_586, 3_734), 3: (9_624, 3_696)}
"""Lengths of the training and test lists, by official split."""


class UCF101(ThreeSplits):
    """UCF101, ``<root>/<Class>/v_<Class>_g01_c01.avi``.

    Labels have the order of ``classInd.txt``. Upper and lower case make no difference: files of
    class HandstandPushups are spelt v_HandStandPushups. Arguments: see `ThreeSplits`.
    """

    class_names = read_class_names("ucf101")
    name_pattern = re.compile(r"v_\w+_g\d+_c\d+", re.IGNORECASE)
    ignore_case = True

    def read_list(self, split: Split) -> OfficialList:
        """Read the official split's training or test list."""
        training = split == "train"
        name = f"{'train' if training else 'test'}list{self.split:02d}.txt"
        file = find_list(self.list_folder, [name])
        classes = ClassIndices(self.class_names)
        videos = []
        listed_once = ListedOnce()
        for number, line in read_lines(file):
            place = f"line {number}"
            row = ROW.fullmatch(line)
            if row is None or training != (row["label"] is not None):
                expected = "<Class>/<file>.avi <label>" if training else "<Class>/<file>.avi"
                raise DataError(f"{file}, {place}: {line!r} is not of the form {expected}")
            label = classes.find(row["class_name"], file, place)
            if training and int(row["label"]) != label + 1:
                raise DataError(
                    f"{file}, {place}: label {row['label']} is not that of {row['class_name']}, "
                    f"{label + 1} in classInd.txt; download the official list"
                )
            video = PurePosixPath(row["path"]).stem
            listed_once.add(video.casefold(), file, place)
            videos.append(ListedVideo(video, label, row["path"]))
        train_count, test_count = OFFICIAL_COUNTS[self.split]
        return OfficialList(file, videos, (train_count if training else test_count,))
