"""Videos whose packets say something else than their frames."""

import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import av
import numpy as np

from datamodules.decoding.write_video import write_video
from tests.datamodules.decoding.encoded import copy_packets, encode, noisy_frames

GROUPS = {"g": "10", "bf": "2"}
NOT_CODED = bytes([0, 0, 1, 0xB6, 0x50, 0x4F])
"""MPEG-4: a picture that is not coded, which repeats the one before."""


def plain(path: Path) -> Path:
    """Write 30 frames."""
    return encode(path, "libx264", options=GROUPS)


def not_coded(path: Path) -> Path:
    """Write 24 frames in 25 packets."""
    source = old_codec(path.with_name(f"source_{path.name}"))
    with av.open(str(source)) as given, av.open(str(path), "w") as made:
        copy = made.add_stream_from_template(given.streams.video[0])
        packets: list[Any] = [packet for packet in given.demux(video=0) if packet.size]
        last: Any = av.Packet(NOT_CODED)
        last.dts = max(packet.dts for packet in packets) + 1
        last.time_base = packets[0].time_base
        for packet in [*packets, last]:
            packet.stream = copy
            made.mux(packet)
    source.unlink()
    return path


def false_keyframes(path: Path) -> Path:
    """Write 30 frames, of which every third claims to be a keyframe."""
    source = plain(path.with_name(f"source_{path.name}"))

    def mark(number: int, packet: Any) -> bool:
        packet.is_keyframe = packet.is_keyframe or number % 3 == 0
        return True

    copy_packets(source, path, mark)
    source.unlink()
    return path


def cut(path: Path) -> Path:
    """Write 30 frames, of which an edit list hides the first 5."""
    source = plain(path.with_name(f"source_{path.name}"))

    def shift(number: int, packet: Any) -> bool:
        packet.pts -= 5 * 512
        packet.dts -= 5 * 512
        return True

    copy_packets(source, path, shift)
    source.unlink()
    return path


def damaged(path: Path) -> Path:
    """Write a file whose packets look sound, but not all of its frames decode."""
    plain(path)
    content = bytearray(path.read_bytes())
    middle = len(content) // 2
    content[middle : middle + 2000] = np.random.default_rng(1).bytes(2000)
    path.write_bytes(content)
    return path


def old_codec(path: Path) -> Path:
    """Write 24 frames of MPEG-4 into an AVI file."""
    write_video(path, noisy_frames(24), codec="mpeg4", options={"bf": "2", "g": "8"})
    return path


def webm(path: Path) -> Path:
    """Write 20 frames of VP9, with hidden ones."""
    options = {"g": "15", "deadline": "realtime", "auto-alt-ref": "1"}
    return encode(path, "libvpx-vp9", options=options, frames=noisy_frames(20))


ODD: dict[str, Callable[[Path], Path]] = {
    "plain.mp4": plain,
    "not_coded.avi": not_coded,
    "false_keyframes.mp4": false_keyframes,
    "cut.mp4": cut,
    "old.avi": old_codec,
    "vp9.webm": webm,
}


def write_odd_list(folder: Path, *, with_damaged: bool = False) -> Path:
    """Write these videos twice, for training and for both other splits, and their list."""
    rows = ["path,label,split"]
    makers = {**ODD, "damaged.mp4": damaged} if with_damaged else ODD
    for number, (name, make) in enumerate(makers.items()):
        for split in ("train", "val", "test"):
            path = folder / f"{split}_{name}"
            if split == "train":
                make(path)
            else:  # another file of the same content
                path.write_bytes((folder / f"train_{name}").read_bytes())
            rows.append(f"{path.name},{number % 2},{split}")
    csv = folder / "list.csv"
    csv.write_text("\n".join(rows) + os.linesep)
    return csv
