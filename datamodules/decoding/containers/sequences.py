"""Pictures one after the other, without an index: YUV4MPEG2 and Motion JPEG."""

from datamodules.decoding.containers.file_bytes import FileBytes

FRAME = b"FRAME"
JPEG_END = b"\xff\xd9"
SEARCHED = 1 << 16


def find_cut_y4m_frame(file: FileBytes) -> str | None:
    """Check that only whole frames, of the first one's length, follow the header."""
    first = file.read(0, SEARCHED).find(FRAME)
    content = file.read(first + len(FRAME), file.size)
    length = content.find(FRAME) + len(FRAME)
    rest = (file.size - first) % length if FRAME in content else 0
    return f"it ends {rest:,} bytes into a frame" if rest else None


def find_cut_jpeg(file: FileBytes) -> str | None:
    """Check that the last picture has its end mark; zeros after it are ignored."""
    tail = file.read(max(0, file.size - SEARCHED), SEARCHED)
    return None if tail.rstrip(b"\0").endswith(JPEG_END) else "its last picture is incomplete"
