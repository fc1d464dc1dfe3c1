"""HMDB51: 6,766 clips of 51 actions, three official splits.

Kuehne et al., "HMDB: A Large Video Database for Human Motion Recognition", ICCV 2011,
https://serre-lab.clps.brown.edu/resource/hmdb-a-large-human-motion-database/. The lists of
``testTrainMulti_7030_splits`` are ``<class>_test_split<1|2|3>.txt`` with lines ``<file>.avi <n>``:
1 for training, 2 for the test, 0 for neither. Names contain ``[``, ``#``, ``&`` and the like.
"""

import re
from pathlib import Path

from datamodules.errors import DataError
from datamodules.lists.class_names import read_class_names
from datamodules.lists.list_files import ListedOnce, find_list, read_lines
from datamodules.lists.splitting import Split
from datamodules.published import ListedVideo, OfficialList
from datamodules.three_splits import ThreeSplits

ROW = re.compile(r"(?P<name>.+)\.avi\s+(?P<use>[012])")
TRAINING, TEST = "1", "2"
TRAINING_COUNT, TEST_COUNT = 3_570, 1_530


class HMDB51(ThreeSplits):
    """HMDB51, ``<root>/<class>/<file>.avi``.

    Labels are the indices of the sorted class names. Arguments: see `ThreeSplits`.
    """

    class_names = read_class_names("hmdb51")
    # Names end in codes of visible body parts, camera motion, people, viewpoint, quality, a number.
    name_pattern = re.compile(r".+_[fhlu]_(cm|nm)_np\d+_(fr|ba|le|ri)_(goo|med|bad)_\d+")

    def read_list(self, split: Split) -> OfficialList:
        """Read the official split's 51 files."""
        training = split == "train"
        wanted = TRAINING if training else TEST
        videos = []
        listed_once = ListedOnce()
        for label, class_name in enumerate(self.class_names):
            file = find_list(self.list_folder, [f"{class_name}_test_split{self.split}.txt"])
            videos += [
                ListedVideo(name, label, f"{class_name}/{name}.avi")
                for name, use in _read_uses(file, listed_once)
                if use == wanted
            ]
        return OfficialList(file.parent, videos, (TRAINING_COUNT if training else TEST_COUNT,))


def _read_uses(file: Path, listed_once: ListedOnce) -> list[tuple[str, str]]:
    rows = []
    for number, line in read_lines(file):
        row = ROW.fullmatch(line)
        if row is None:
            raise DataError(
                f"{file}, line {number}: {line!r} is not of the form <file>.avi <0, 1 or 2>"
            )
        listed_once.add(row["name"], file, f"line {number}")
        rows.append((row["name"], row["use"]))
    return rows
