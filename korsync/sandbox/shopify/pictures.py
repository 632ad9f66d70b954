"""Pictures by their bytes: how large a PNG, JPEG or GIF is, and what is none of them."""

import struct

_JPEG_FRAMES = frozenset({*range(0xC0, 0xD0)} - {0xC4, 0xC8, 0xCC})


def picture_size(content: bytes) -> tuple[int, int]:
    """Return width and height in pixels; raise ValueError where the bytes are no PNG, JPEG or GIF."""
    if content.startswith(b"\x89PNG\r\n\x1a\n") and content[12:16] == b"IHDR" and len(content) >= 24:
        width, height = struct.unpack(">II", content[16:24])
        return width, height
    if content.startswith((b"GIF87a", b"GIF89a")) and len(content) >= 10:
        width, height = struct.unpack("<HH", content[6:10])
        return width, height
    if content.startswith(b"\xff\xd8\xff"):
        return _jpeg_size(content)
    raise ValueError("the file is no PNG, JPEG or GIF")


def _jpeg_size(content: bytes) -> tuple[int, int]:
    """Walk the segments to the first frame header; (0, 0) where the file ends before it."""
    at = 2
    while at + 9 <= len(content) and content[at] == 0xFF:
        if content[at + 1] in _JPEG_FRAMES:
            height, width = struct.unpack(">HH", content[at + 5 : at + 9])
            return width, height
        at += 2 + int.from_bytes(content[at + 2 : at + 4], "big")
    return 0, 0
