"""A first look at a video that decodes nothing: it counts what the container lists.

Of MP4 and AVI files only the index is read, of others all packets. The result is a guess: packets
without a frame, hidden frames, damage and false keyframes show only when the file is decoded.
"""

from pathlib import Path

from datamodules.decoding.video_facts import UNPROVEN, VideoFacts
from datamodules.decoding.video_scan import CUT_SHORT, is_indexed, refuse_truncated
from datamodules.decoding.video_stream import REMEDY, open_video, read_packets
from datamodules.errors import VideoDecodeError


def look_at_packets(path: Path) -> VideoFacts:
    """Return the facts of a file that its packets suggest, marked as `UNPROVEN`.

    Raises:
        VideoDecodeError: If `datamodules.decoding.video_scan.scan_video` would refuse the file for
            what shows without decoding: it cannot be opened, or is cut short.
    """
    with open_video(path) as (container, stream):
        refuse_truncated(path, container)
        header_frames, fps = stream.frames, float(stream.average_rate or 0)
        size = stream.codec_context.width, stream.codec_context.height
        codec = stream.codec_context.name
        entries = stream.index_entries
        if is_indexed(container) and len(entries) == header_frames:
            shown = [entry.is_keyframe for entry in entries if not entry.is_discard]
        else:
            shown = []
            for number, packet in enumerate(read_packets(container, stream)):
                if packet.is_corrupt:
                    where = f"packet {number} is incomplete"
                    raise VideoDecodeError(f"{path}: {CUT_SHORT}, {where}; {REMEDY}")
                if not packet.is_discard:
                    shown.append(packet.is_keyframe)
    return VideoFacts(len(shown), header_frames, fps, *size, codec, sum(shown), UNPROVEN)
