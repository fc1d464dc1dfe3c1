"""Writes tiny copies of published data sets as their authors arrange them; reads frame indices.

All pixels of a frame have one grey value, its index times `STEP`: crops and flips keep it.
"""

import json
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from PIL import Image

from datamodules import HMDB51
from datamodules.base import VideoDataModule
from datamodules.decoding.write_video import write_video
from datamodules.lists.annotations import Annotations
from datamodules.lists.splitting import SPLITS, Split
from datamodules.published import PublishedDataset

STEP = 2
SEGMENTS = 4
LENGTHS = (1, 3, 4, 21)
SMALL: dict[str, Any] = {
    "num_segments": SEGMENTS,
    "batch_size": 2,
    "short_side": 16,
    "crop_size": 16,
    "num_workers": 0,
}
LOSSLESS: dict[str, dict[str, Any]] = {
    ".avi": {"codec": "ffv1", "pixel_format": "bgr0"},
    ".mp4": {"codec": "libx264rgb", "pixel_format": "rgb24", "options": {"crf": "0"}},
    ".mkv": {"codec": "libx264rgb", "pixel_format": "rgb24", "options": {"crf": "0"}},
    ".webm": {"codec": "libvpx-vp9", "pixel_format": "gbrp", "options": {"lossless": "1"}},
}
V1_LIST = "something-something-v1-{}.csv"
V2_LIST = "something-something-v2-{}.json"
OFFICIAL_WORD = {"train": "train", "val": "validation", "test": "test"}
CLASSES = ("Holding something", "Bending something until it breaks")
TEMPLATES = ("Holding [something]", "Bending [something] until it breaks")
HMDB_NAME = "#{}_[v&a]_(1)_hug_h_nm_np2_fr_goo_0"
UCF_NAME = "v_HandStandPushups_g{:02d}_c01"


def write_clip(path: Path, num_frames: int) -> None:
    """Write a video without loss; a path without a known ending is a folder of frames from 1."""
    if path.suffix not in LOSSLESS:
        write_images(path, num_frames, "{:05d}.jpg", first=1)
        return
    values = (np.arange(num_frames) * STEP).astype(np.uint8)
    frames = np.broadcast_to(values[:, None, None, None], (num_frames, 16, 24, 3))
    write_video(path, np.ascontiguousarray(frames), **LOSSLESS[path.suffix])


def write_images(folder: Path, num_frames: int, form: str, first: int) -> None:
    """Write a folder of frames."""
    folder.mkdir(parents=True, exist_ok=True)
    for index in range(num_frames):
        image = Image.new("RGB", (24, 16), (index * STEP,) * 3)
        image.save(folder / form.format(first + index), quality=100)


def write_lines(file: Path, *lines: str, newline: str = "\n") -> Path:
    """Write a list."""
    file.parent.mkdir(parents=True, exist_ok=True)
    file.write_bytes("".join(line + newline for line in lines).encode())
    return file


def v2_rows(split: str, ids: Sequence[int]) -> str:
    """Write the json of Something-Something V2; each class in turn, none in the test."""
    if split == "test":
        return json.dumps([{"id": str(number)} for number in ids])
    rows = [
        {
            "id": str(number),
            "label": "holding a cup",
            "template": TEMPLATES[place % 2],
            "placeholders": ["a cup"],
        }
        for place, number in enumerate(ids)
    ]
    return json.dumps(rows)


def something_v1(root: Path, lengths: Sequence[int] = LENGTHS) -> dict[str, Any]:
    """Write Something-Something V1: folders of frames, csv lists."""
    for number, split in enumerate(SPLITS):
        ids = [100 * (number + 1) + place for place in range(len(lengths))]
        for video, length in zip(ids, lengths, strict=True):
            write_clip(root / "20bn-something-something-v1" / str(video), length)
        hidden = split == "test"
        rows = [f"{video}" if hidden else f"{video};{CLASSES[video % 2]}" for video in ids]
        write_lines(root / "annotations" / V1_LIST.format(OFFICIAL_WORD[split]), *rows)
    return {"root": str(root / "20bn-something-something-v1"), "annotations": str(root)}


def something_v2(root: Path, lengths: Sequence[int] = LENGTHS) -> dict[str, Any]:
    """Write Something-Something V2: webm files, json lists."""
    for number, split in enumerate(SPLITS):
        ids = [100 * (number + 1) + place for place in range(len(lengths))]
        for video, length in zip(ids, lengths, strict=True):
            write_clip(root / "20bn-something-something-v2" / f"{video}.webm", length)
        write_lines(root / "labels" / V2_LIST.format(OFFICIAL_WORD[split]), v2_rows(split, ids))
    return {"root": str(root)}


def kinetics_name(number: int) -> str:
    """Name a clip of Kinetics without ending."""
    return f"-_abcdef{number:03d}_000010_000020"


def kinetics(root: Path, lengths: Sequence[int] = LENGTHS) -> dict[str, Any]:
    """Write Kinetics-400: split and class folders, csv lists of the ActivityNet release."""
    for number, split in enumerate(SPLITS):
        hidden = split == "test"
        rows = ["youtube_id,time_start,time_end,split"]
        rows = rows if hidden else [f"label,{rows[0]},is_cc"]
        for place, length in enumerate(lengths):
            name = kinetics_name(100 * number + place)
            write_clip(root / split / ("" if hidden else "air drumming") / f"{name}.mp4", length)
            clip = f"{name[:11]},10,20,{split}"
            rows.append(clip if hidden else f'"air drumming",{clip},0')
        write_lines(root / "annotations" / f"kinetics-400_{split}.csv", *rows)
    return {"root": str(root)}


def ucf101(root: Path, lengths: Sequence[int] = LENGTHS) -> dict[str, Any]:
    """Write UCF101's first split: class folders of avi files, lists with CRLF line ends."""
    for number, name in enumerate(("trainlist01.txt", "testlist01.txt")):
        rows = []
        for place, length in enumerate(lengths):
            file = f"HandstandPushups/{UCF_NAME.format(10 * number + place)}.avi"
            write_clip(root / "UCF-101" / file, length)
            rows.append(f"{file} 37" if number == 0 else file)
        write_lines(root / "ucfTrainTestlist" / name, *rows, newline="\r\n")
    return {"root": str(root)}


def hmdb51(root: Path, lengths: Sequence[int] = LENGTHS) -> dict[str, Any]:
    """Write HMDB51's first split: class folders of avi files with odd names, a file per class."""
    for class_name in HMDB51.class_names:
        rows = [f"Unused_{class_name}_f_cm_np1_ba_bad_0.avi 0 "]
        if class_name == "hug":
            for number, use in enumerate((1, 2)):
                for place, length in enumerate(lengths):
                    name = HMDB_NAME.format(10 * number + place)
                    write_clip(root / "hmdb51_org" / "hug" / f"{name}.avi", length)
                    rows.append(f"{name}.avi {use} ")
        folder = root / "testTrainMulti_7030_splits"
        write_lines(folder / f"{class_name}_test_split1.txt", *rows)
    return {"root": str(root)}


LAYOUTS: dict[str, Callable[..., dict[str, Any]]] = {
    "SomethingSomethingV1": something_v1,
    "SomethingSomethingV2": something_v2,
    "Kinetics400": kinetics,
    "UCF101": ucf101,
    "HMDB51": hmdb51,
}


Make = Callable[..., PublishedDataset]


def maker(data_set: type[PublishedDataset], tmp_path: Path) -> Make:
    """Return a function that opens a layout with small settings; its index is temporary."""

    def make(arguments: dict[str, Any], **changes: Any) -> PublishedDataset:
        kept = {"check_counts": False, "index_dir": str(tmp_path / "index")}
        return data_set(**{**SMALL, **kept, **arguments, **changes})

    return make


def places(annotations: Annotations, root: Path) -> list[str]:
    """Return the paths below a folder."""
    return [str(Path(path).relative_to(root)) for path in annotations.paths]


def frames_read(data: VideoDataModule, stage: str) -> dict[int, list[list[int]]]:
    """Read a split through its loader: which frames each view holds, by the video's length.

    ``stage`` is train, validate, test or predict.
    """
    loaders: dict[str, tuple[str, Callable[[], Any], Split]] = {
        "train": ("fit", data.train_dataloader, "train"),
        "validate": ("validate", data.val_dataloader, "val"),
        "test": ("test", data.test_dataloader, data.test_split),
        "predict": ("predict", data.predict_dataloader, data.predict_split),
    }
    set_up, make_loader, split = loaders[stage]
    data.setup(set_up)
    found = {}
    for batch in make_loader():
        for clips, index in zip(batch["clips"], batch["index"].tolist(), strict=True):
            views = clips.reshape(-1, SEGMENTS, *clips.shape[-3:]).float()
            assert float((views - views.mean((2, 3, 4), keepdim=True)).abs().max()) == 0
            frames = (views.mean((2, 3, 4)) / STEP).round().int().tolist()
            found[int(data.records[split].frames[index])] = frames
    return found
