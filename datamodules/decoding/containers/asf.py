"""ASF and WMV: objects that state their size (Advanced Systems Format specification)."""

from datamodules.decoding.containers.file_bytes import FileBytes

FILE_PROPERTIES = bytes.fromhex("a1dcab8c47a9cf118ee400c00c205365")
HEADER = 24
"""Bytes of an object's GUID and size."""
FILE_SIZE, FLAGS, SMALLEST_PACKET, LARGEST_PACKET = 40, 88, 92, 96
"""Where in the file properties they stand."""
DATA = bytes.fromhex("3626b2758e66cf11a6d900aa0062ce6c")
DATA_HEADER = 50
IS_LIVE = 1


def find_missing_part(file: FileBytes) -> str | None:
    """Compare the sizes of the file and of its objects with the file; a live stream states none."""
    properties = file.read(0, file.number(16, 8, little=True)).find(FILE_PROPERTIES)
    if properties < 0 or file.number(properties + FLAGS, 4, little=True) & IS_LIVE:
        return None
    smallest, packet = (
        file.number(properties + place, 4, little=True)
        for place in (SMALLEST_PACKET, LARGEST_PACKET)
    )
    packet = packet if packet == smallest else 0
    offset = 0
    while offset + HEADER <= file.size:
        size = file.number(offset + 16, 8, little=True)
        if size < HEADER:
            return None
        if missing := file.ends_before(offset + size, f"its object at byte {offset:,}"):
            return missing
        if file.read(offset, len(DATA)) == DATA and packet:
            for start in range(offset + DATA_HEADER, offset + size - packet + 1, packet):
                if not any(file.read(start, HEADER)):
                    return f"its packet at byte {start:,} is empty"
        offset += size
    return file.ends_before(file.number(properties + FILE_SIZE, 8, little=True), "its content")
